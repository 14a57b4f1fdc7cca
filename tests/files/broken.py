"""An `os` whose Nth call fails, for stepping through every call of a write."""

import errno
import os
from typing import Any

WATCHED = ("open", "write", "fsync", "close", "link", "replace", "stat", "unlink", "mkdir")


class FailingOs:
    """Stands in for the module `os`: counts the calls that touch the disk, and fails at one.

    Args:
        fail_at: The call that fails, from 1; 0 for none.
        code: The `errno` it fails with.
        always: Names of functions that fail each time, as `link` does on FAT.
    """

    def __init__(self, fail_at: int, code: int, *, always: dict[str, int] | None = None) -> None:
        self.fail_at, self.code, self.always = fail_at, code, always or {}
        self.calls = 0
        self.failed = ""

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._watch(name, real) if name in WATCHED else real

    def _watch(self, name: str, real: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            if name in self.always:
                raise OSError(self.always[name], os.strerror(self.always[name]))
            self.calls += 1
            if self.calls != self.fail_at:
                return real(*args, **options)
            self.failed = name
            if name == "close":  # a failed close closes all the same
                real(*args, **options)
            if name == "write" and self.code == errno.ENOSPC:  # a full disk takes a part first
                real(args[0], bytes(args[1][: len(args[1]) // 2]))
            raise OSError(self.code, os.strerror(self.code))

        return call
