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
        self.add_all([(entry, source)])

    def add_all(self, finished: Iterable[tuple[Entry, str]]) -> None:
        """Note finished jobs, each with its place in the job file, all at once.

        Raises:
            OutputError: The lines cannot be written.
        """
        lines = []
        for entry, source in finished:
            said = {"id": entry.id, "file": entry.file, "bytes": entry.bytes}
            lines.append({**said, "source": PurePath(source).name})
            self.noted[entry.id, entry.suffix] = entry
        if lines:
            self._append(*lines)

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

    def _append(self, *said: Mapping[str, Any]) -> None:
        """Write a line for each, in one call, and wait until they are on the disk."""
        from sdgen.metadata.record import now  # loads here, not for a dry run

        time = now().isoformat()
        text = "".join(json.dumps({**one, "time": time}, ensure_ascii=False) + "\n" for one in said)
        data = text.encode("utf-8", "backslashreplace")
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


def read_failed(home: OpenFolder, names: Iterable[str]) -> dict[str, str]:
    """Job id → why it could not be drawn, where the last word on it in its ledger is that.

    Raises:
        InputError: One was written by another version, or cannot be read.
    """
    failed: dict[str, str] = {}
    for name in names:
        for said in _lines(home, name):
            id = said.get("id")
            if isinstance(id, str):
                failed.pop(id, None)
                if "failed" in said:
                    failed[id] = str(said["failed"])
    return failed


def _entries(home: OpenFolder, name: str) -> Iterator[Entry]:
    """The finished jobs in a ledger; lines that say something else are passed over."""
    return filter(None, map(_entry, _lines(home, name)))


def _lines(home: OpenFolder, name: str) -> Iterator[dict[str, Any]]:
    """What the lines of a ledger say; those that are torn say nothing."""
    path = home.path / name
    try:
        with home.reading(name) as file:
            while line := file.readline(MAX_LINE_BYTES):
                said = _object(line)
                if said.get("schema", SCHEMA) != SCHEMA:
                    raise InputError(f"{path} was written by another version of sdgen")
                yield said
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
