"""The ledger: which jobs are done, one JSON object a line, only ever appended.

A line is written whole, in one call, and is on the disk before the next picture begins. A kill can
tear the last line at most; such a line is passed over, and the next one starts behind it.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from sdgen.errors import InputError, OutputError
from sdgen.files.folders import writing

SCHEMA = "sdgen.ledger/1"

_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
"""Open no link, let no child have it, and do not wait for the other end of a pipe."""

MAX_LINE_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished job: its picture, relative to the output folder, and the size of that file."""

    id: str
    file: str
    bytes: int

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.file).suffix


Noted = dict[tuple[str, str], Entry]
"""The last word of ledgers on each job and format: (id, suffix) → its picture."""


class Ledger:
    """What is done in one folder, and the file to which this run adds."""

    def __init__(self, path: Path, noted: Noted, base_seed: int) -> None:
        """Open the ledger at `path` for appending.

        Args:
            path: Made if missing.
            noted: What it says already, and the ledgers of other shards.
            base_seed: Written at the head of a new ledger, for people.

        Raises:
            OutputError: It cannot be written.
        """
        self.path = path
        self.noted = noted
        with writing(path):
            self._handle = os.open(path, _APPEND | SAFELY, 0o666)
        try:
            if self._is_new():
                self._append({"schema": SCHEMA, "base_seed": base_seed})
        except BaseException:
            self.close()
            raise

    def add(self, entry: Entry, source: str) -> None:
        """Note a finished job.

        Raises:
            OutputError: The line cannot be written.
        """
        said = {"id": entry.id, "file": entry.file, "bytes": entry.bytes}
        self._append({**said, "source": PurePath(source).name})
        self.noted[entry.id, entry.suffix] = entry

    def add_failure(self, id: str, source: str, reason: str) -> None:
        """Note a job that could not be drawn: for people, the next run tries it again.

        Raises:
            OutputError: The line cannot be written.
        """
        self._append({"id": id, "failed": reason, "source": PurePath(source).name})

    def close(self) -> None:
        with suppress(OSError):  # every line is on the disk already
            os.close(self._handle)

    def _append(self, said: Mapping[str, Any]) -> None:
        from sdgen.metadata.record import now  # loads here, not for a dry run

        line = json.dumps({**said, "time": now().isoformat()}, ensure_ascii=False)
        data = (line + "\n").encode("utf-8", "backslashreplace")
        with writing(self.path):
            if not self._ends_whole():
                data = b"\n" + data
            written = os.write(self._handle, data)
            if written < len(data):  # the disk is full; the next try says so
                os.write(self._handle, data[written:])
            os.fsync(self._handle)

    def _is_new(self) -> bool:
        with writing(self.path):
            status = os.fstat(self._handle)
        if not stat.S_ISREG(status.st_mode):
            raise OutputError(f"cannot write {self.path}: it is no regular file")
        return not status.st_size

    def _ends_whole(self) -> bool:
        """Whether the last line has its end; asked of the open file, whatever its name is now."""
        size = os.lseek(self._handle, 0, os.SEEK_END)
        os.lseek(self._handle, max(0, size - 1), os.SEEK_SET)
        return os.read(self._handle, 1) in (b"", b"\n")


def read_ledgers(paths: Iterable[Path]) -> Noted:
    """What the ledgers say together.

    Raises:
        InputError: One was written by another version, or cannot be read.
    """
    return {(entry.id, entry.suffix): entry for path in paths for entry in _entries(path)}


def _entries(path: Path) -> Iterator[Entry]:
    """The finished jobs in a ledger; lines that are torn or say something else are passed over."""
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                said = _object(line)
                if said.get("schema", SCHEMA) != SCHEMA:
                    raise InputError(f"{path} was written by another version of sdgen")
                entry = _entry(said)
                if entry is not None:
                    yield entry
    except OSError as error:
        raise InputError(f"{path} cannot be read: {(error.strerror or '').lower()}") from error


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _entry(said: Mapping[str, Any]) -> Entry | None:
    """The entry, unless it is none or names a file outside the folder."""
    id, file, size = said.get("id"), said.get("file"), said.get("bytes")
    if not (isinstance(id, str) and isinstance(file, str) and type(size) is int):
        return None
    parts = file.split("/")
    is_inside = not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
    return Entry(id, file, size) if is_inside else None
