"""The ledger: which jobs are done, one JSON object a line, only ever appended.

A line is written whole, in one call, and is on the disk before the next picture begins. A kill can
tear the last line at most; such a line is passed over, and the next one starts behind it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import Any

from sdgen.errors import InputError
from sdgen.files.folders import OpenFolder, writing

SCHEMA = "sdgen.ledger/1"

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

    def __init__(self, home: OpenFolder, name: str, noted: Noted, base_seed: int) -> None:
        """Open the ledger `name` in `home` for appending.

        Args:
            home: The state folder.
            name: Of the file; made if missing.
            noted: What it says already, and the ledgers of other shards.
            base_seed: Written at the head of a new ledger, for people.

        Raises:
            OutputError: It cannot be written.
        """
        self.path = home.path / name
        self.noted = noted
        with writing(self.path):
            self._handle = home.append_to(name)
        try:
            if not os.fstat(self._handle).st_size:
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

    def add_failure(self, id: str, source: str, reason: str, code: str) -> None:
        """Note a job that could not be drawn: for people, the next run tries it again.

        `code` is the error's, such as `generation`, or `safety` for what a checker blanked.

        Raises:
            OutputError: The line cannot be written.
        """
        self._append({"id": id, "failed": reason, "code": code, "source": PurePath(source).name})

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

    def _ends_whole(self) -> bool:
        """Whether the last line has its end; asked of the open file, whatever its name is now."""
        size = os.lseek(self._handle, 0, os.SEEK_END)
        os.lseek(self._handle, max(0, size - 1), os.SEEK_SET)
        return os.read(self._handle, 1) in (b"", b"\n")


def read_ledgers(home: OpenFolder, names: Iterable[str]) -> Noted:
    """What the ledgers called `names` in `home` say together.

    Raises:
        InputError: One was written by another version, or cannot be read.
    """
    return {(entry.id, entry.suffix): entry for name in names for entry in _entries(home, name)}


def _entries(home: OpenFolder, name: str) -> Iterator[Entry]:
    """The finished jobs in a ledger; lines that are torn or say something else are passed over."""
    path = home.path / name
    try:
        with home.reading(name) as file:
            while line := file.readline(MAX_LINE_BYTES):
                said = _object(line)
                if said.get("schema", SCHEMA) != SCHEMA:
                    raise InputError(f"{path} was written by another version of sdgen")
                entry = _entry(said)
                if entry is not None:
                    yield entry
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read: {reason}") from error


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
