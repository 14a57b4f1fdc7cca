"""Job files become rows; a dialect of theirs is one file and one line in `DIALECTS`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sdgen.batch.jobfiles import a1111, jsonl, kohya, plain, table, yaml_list
from sdgen.batch.rows import (
    Fault,
    ReadLine,
    Row,
    is_spoken,
    rows_of_lines,
    split_lines,
)
from sdgen.errors import InputError, did_you_mean
from sdgen.files.text import read_text

MAX_ROWS = 1_000_000
MAX_LINES = MAX_ROWS
MAX_FILE_BYTES = 64 * 2**20

Read = Callable[[str, str], Iterator[Row | Fault]]
"""Text and its name → rows and faults, in the order of the file."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to write jobs: known by the file's ending, else by how its lines look."""

    name: str
    endings: tuple[str, ...]
    read: Read
    looks_like: Callable[[list[str]], bool]


def _by_line(read_line: ReadLine) -> Read:
    return lambda text, source: rows_of_lines(text, read_line)


DIALECTS = (
    Dialect("jsonl", (".jsonl", ".ndjson"), _by_line(jsonl.read_line), jsonl.looks_like),
    Dialect("yaml", (".yaml", ".yml", ".json"), yaml_list.read, yaml_list.looks_like),
    Dialect("csv", (".csv",), table.read_csv, table.looks_like),
    Dialect("tsv", (".tsv", ".tab"), table.read_tsv, lambda lines: False),
    Dialect("a1111", (), _by_line(a1111.read_line), a1111.looks_like),
    Dialect("kohya", (), _by_line(kohya.read_line), kohya.looks_like),
    Dialect("plain", (), _by_line(plain.read_line), lambda lines: True),
)
"""Asked in this order; a dialect of lines takes plain lines too, so one odd line decides."""


@dataclass(frozen=True, slots=True)
class JobFile:
    """The text of a job file and how it is read; `name` stands in messages.

    `folder` is where it lies, from which its paths are meant.
    """

    name: str
    text: str
    dialect: Dialect
    folder: Path = Path()

    def rows(self) -> Iterator[Row | Fault]:
        """Rows and faults in the order of the file.

        Raises:
            InputError: There are more than `MAX_ROWS`, or the YAML cannot be read at all.
        """
        for count, row in enumerate(self.dialect.read(self.text, self.name), 1):
            if count > MAX_ROWS:
                raise InputError(
                    f"{self.name} has more than {MAX_ROWS} jobs", hint="split the file"
                )
            yield row


def read_job_file(source: Path | BinaryIO, *, dialect: str | None = None) -> JobFile:
    """Read a job file, or the bytes of an open stream (stdin).

    Args:
        source: The file; a stream is called `stdin` in messages.
        dialect: Name of the dialect; None looks at the ending and the lines.

    Raises:
        InputError: It cannot be read, is not UTF-8 text, is too large or long, or there is no such
            dialect.
    """
    chosen = None if dialect is None else find_dialect(dialect)
    name = str(source) if isinstance(source, Path) else "stdin"
    text = read_text(source, name, most=MAX_FILE_BYTES)
    if text.count("\n") + text.count("\r") - text.count("\r\n") > MAX_LINES:
        raise InputError(f"{name} has more than {MAX_LINES} lines", hint="split the file")
    folder = source.parent if isinstance(source, Path) else Path()
    return JobFile(name, text, chosen or sniff(text, Path(name).suffix), folder)


def find_dialect(name: str) -> Dialect:
    """The dialect called `name`.

    Raises:
        InputError: There is none.
    """
    known = {dialect.name: dialect for dialect in DIALECTS}
    if name.lower() in known:
        return known[name.lower()]
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    raise InputError(f"unknown dialect {name!r}", hint=hint)


def sniff(text: str, ending: str) -> Dialect:
    """The dialect of `text`: by the file's ending (`.csv`), else by its lines."""
    for dialect in DIALECTS:
        if ending.lower() in dialect.endings:
            return dialect
    lines = [line for line in split_lines(text) if is_spoken(line)]
    if not lines:
        return DIALECTS[-1]
    return next(dialect for dialect in DIALECTS if dialect.looks_like(lines))
