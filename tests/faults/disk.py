"""A disk that fails, dies or loses its power at the Nth call: SQLite's method.

Every call that this process makes in one folder is counted: those of `os`, by path or by an open
file, the opening of files by `pathlib`, and the kernel's locks. At the chosen one a fault happens.
"""

import errno
import fcntl
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import (  # the real ones, whatever is watched
    close,
    dup,
    fstat,
    ftruncate,
    readlink,
    unlink,
    write,
)
from pathlib import Path
from typing import Any, Self

BY_PATH = ("open", "link", "replace", "unlink", "mkdir", "stat", "scandir", "statvfs")
BY_HANDLE = ("read", "write", "fsync", "close", "fstat", "lseek", "ftruncate")
CHANGES = ("write", "fsync", "link", "replace", "unlink", "mkdir", "create")
WATCHED = (
    *((os, name) for name in (*BY_PATH, *BY_HANDLE)), (io, "open"), (fcntl, "flock")
)  # fmt: skip

Call = Callable[[], Any]
Fault = Callable[["Disk", str, Call, tuple[Any, ...]], Any]
"""What happens instead of a call: gets the disk, the call's name, the call and its arguments."""


class Disk:
    """Counts the calls under `root` while it is entered; `fault` happens at number `at`, from 1.

    Args:
        root: Calls on other places pass uncounted.
        at: The call at which the fault happens; 0 for none.
        fault: What happens there.
        for_good: Whether it happens at every later call too.
    """

    def __init__(
        self, root: Path, at: int = 0, fault: Fault | None = None, *, for_good: bool = False
    ) -> None:
        self.calls = 0
        self.hit = ""
        self.words: list[str] = []
        self._root, self._at, self._fault, self._for_good = str(root), at, fault, for_good
        self._handles: set[int] = set()
        self._real: list[tuple[Any, str, Any]] = []
        self.unsafe = Unsafe()
        self._is_looking = True
        self._one_at_a_time = threading.RLock()

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """What is called meanwhile is done by somebody else."""
        self._is_looking = False
        try:
            yield
        finally:
            self._is_looking = True

    def __enter__(self) -> Self:
        for module, name in WATCHED:
            real = getattr(module, name)
            self._real.append((module, name, real))
            setattr(module, name, self._watched(name, real))
        return self

    def __exit__(self, *_: object) -> None:
        for module, name, real in reversed(self._real):
            setattr(module, name, real)
        self.unsafe.forget()

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            with self._one_at_a_time:  # who writes in another thread sees no half of a fault
                if self._is_looking and self._is_here(args, options):
                    return here(args, options)
            return real(*args, **options)

        def here(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
            self.calls += 1
            self.words.append(name)
            word = self._word(name, args)
            outcome = self._outcome(word, lambda: real(*args, **options), args)
            self._note(name, outcome, args, options)
            return outcome

        return call

    def _outcome(self, word: str, call: Call, args: tuple[Any, ...]) -> Any:
        is_hit = self.calls == self._at or (self._for_good and 0 < self._at < self.calls)
        if not is_hit or self._fault is None:
            return call()
        self.hit = self.hit or word
        return self._fault(self, word, call, args)

    def _is_here(self, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        if isinstance(args[0], int):
            return args[0] in self._handles
        folder = options.get("dir_fd", options.get("src_dir_fd"))
        if folder in self._handles:
            return True
        path = os.fsdecode(args[0])
        if folder is not None:  # from a folder outside one may step in here
            home = readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115  # the real one
            path = os.path.normpath(f"{home}/{path}")
        return path == self._root or path.startswith(self._root + os.sep)

    def _word(self, name: str, args: tuple[Any, ...]) -> str:
        is_new = name == "open" and len(args) > 1 and _creates(args[1])
        return "create" if is_new else name

    def _note(
        self, name: str, outcome: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        """Remember open files, and what a power cut would take."""
        if name == "open" and isinstance(outcome, int):
            self._handles.add(outcome)
            self.unsafe.opened(outcome, args, options)
        elif name == "close":
            self._handles.discard(args[0])
        elif name in ("write", "fsync"):
            getattr(self.unsafe, name)(args[0])
        elif name == "link":
            self.unsafe.link(args, options)


class Unsafe:
    """What is written but not on the disk for good: the ends of files, and new names."""

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], tuple[int, int]] = {}  # file → own handle, safe size
        self._names: list[tuple[tuple[int, int], int, str]] = []  # folder, own handle, name

    def opened(self, handle: int, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """A file may be written through `handle` from now on."""
        if len(args) > 1 and args[1] & (os.O_WRONLY | os.O_RDWR):
            status = fstat(handle)
            key = (status.st_dev, status.st_ino)
            if key not in self._files:
                self._files[key] = (dup(handle), status.st_size)

    def write(self, handle: int) -> None:
        """What is written is not safe; the size of before is."""

    def fsync(self, handle: int) -> None:
        """All of the file is safe now; of a folder, its names."""
        status = fstat(handle)
        key = (status.st_dev, status.st_ino)
        if key in self._files:
            self._files[key] = (self._files[key][0], status.st_size)
        self._names = [one for one in self._names if one[0] != key]

    def link(self, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        """A new name, which stands in the memory only until its folder is made safe."""
        folder = options.get("dst_dir_fd")
        if folder is not None:
            status = fstat(folder)
            self._names.append(((status.st_dev, status.st_ino), dup(folder), args[1]))

    def lose(self) -> None:
        """Cut the power: the unsafe ends and names are gone."""
        for handle, size in self._files.values():
            ftruncate(handle, min(size, fstat(handle).st_size))
        for _, folder, name in self._names:
            with suppress(FileNotFoundError):
                unlink(name, dir_fd=folder)

    def forget(self) -> None:
        for handle, _ in self._files.values():
            close(handle)
        for _, folder, _ in self._names:
            close(folder)


def _creates(flags: Any) -> bool:
    return flags & os.O_CREAT != 0 if isinstance(flags, int) else "w" in flags or "x" in flags


def fails(code: int) -> Fault:
    """The call fails with `code`; a full disk takes half of what is written, as real ones do."""

    def fault(disk: Disk, name: str, call: Call, args: tuple[Any, ...]) -> Any:
        if name == "close":  # a failed close closes all the same
            call()
        if name == "write" and code == errno.ENOSPC:
            _half(args)
        raise OSError(code, os.strerror(code))

    return fault


def fails_to_change(code: int) -> Fault:
    """As `fails`, but what only looks, or makes room, goes on: a disk that stays full."""

    def fault(disk: Disk, name: str, call: Call, args: tuple[Any, ...]) -> Any:
        makes_room = code == errno.ENOSPC and name in ("unlink", "fsync")
        if name not in CHANGES or makes_room:
            return call()
        raise OSError(code, os.strerror(code))

    return fault


def kills(disk: Disk, name: str, call: Call, args: tuple[Any, ...]) -> Any:
    """The process is killed before the call, or in the middle of what it writes."""
    if name == "write":
        _half(args)
    os.kill(os.getpid(), signal.SIGKILL)


def cuts_power(disk: Disk, name: str, call: Call, args: tuple[Any, ...]) -> Any:
    """As `kills`, and what was not made safe before is gone too."""
    disk.unsafe.lose()
    os.kill(os.getpid(), signal.SIGKILL)


def _half(args: tuple[Any, ...]) -> None:
    write(args[0], bytes(args[1][: len(args[1]) // 2]))
