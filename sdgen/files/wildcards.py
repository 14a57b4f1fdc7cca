"""Wildcards: a folder of text files, whose lines `__name__` in a prompt stands for."""

import re
from collections.abc import Sequence
from pathlib import Path

from sdgen.errors import InputError, did_you_mean
from sdgen.files.folders import is_folder
from sdgen.files.text import read_text

MAX_BYTES = 4 * 2**20

_NAME = re.compile(r"[\w-]+(/[\w-]+)*")


class Wildcards:
    """The files of one folder, each read once.

    Args:
        folder: Where they lie; `__animal/cat__` is its `animal/cat.txt`.

    Raises:
        InputError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not is_folder(folder):
            raise InputError(f"there is no folder of wildcards {str(folder)!r}")
        self._folder = folder
        self._read: dict[str, Sequence[str]] = {}

    def __call__(self, name: str) -> Sequence[str]:
        """The lines of the file called `name`, less blank ones and comments; at least one.

        Raises:
            InputError: There is no such file in the folder, it cannot be read, or it is empty.
        """
        if name not in self._read:
            self._read[name] = self._lines(name)
        return self._read[name]

    def _lines(self, name: str) -> Sequence[str]:
        path = self._folder / f"{name}.txt"
        if not _NAME.fullmatch(name) or not self._is_inside(path):
            raise InputError(
                f"there is no wildcard {name!r}", hint=did_you_mean(name, self._names())
            )
        text = read_text(path, f"the wildcard {name!r}", most=MAX_BYTES)
        lines = [line.strip() for line in text.splitlines()]
        said = [line for line in lines if line and not line.startswith("#")]
        if not said:
            raise InputError(f"the wildcard {name!r} has no lines", hint="write one choice a line")
        return said

    def _is_inside(self, path: Path) -> bool:
        """Whether the file is there and, links followed, in the folder."""
        try:
            return path.is_file() and path.resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError):  # a name too long, links in a ring
            return False

    def _names(self) -> list[str]:
        found = sorted(self._folder.rglob("*.txt"))[:1000]
        return [path.relative_to(self._folder).with_suffix("").as_posix() for path in found]
