"""What every dialect turns a job file into: rows and faults, each with its line and column."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Place = tuple[int, int]
"""Line and column in the job file, both from 1."""

MAX_ROW_BYTES = 64 * 1024

LINE_END = re.compile(r"\r\n|\n|\r")


class Fault(Exception):  # what is wrong with one row; the run may go on without it
    """What is wrong, and where; `hint` is the next step."""

    def __init__(self, place: Place, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.hint = hint

    def shown(self, source: str) -> str:
        """`prompts.jsonl:3:15: what is wrong (hint)`."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{source}:{self.place[0]}:{self.place[1]}: {self}{hint}"


@dataclass(frozen=True, slots=True)
class Part:
    """What one stretch of the file says: keys as written → values, and where each stands.

    `text` says that the values are text still to be read (cells, words), not typed (JSON, YAML).
    """

    said: Mapping[str, Any]
    where: Mapping[str, Place]
    text: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row; a later part has the last word (`defaults`, then the job, then the matrix)."""

    place: Place
    parts: tuple[Part, ...]


ReadLine = Callable[[str, int], list[Row]]
"""Reads one line, given its number; raises `Fault`. Blank lines and comments do not come here."""


def rows_of_lines(text: str, read_line: ReadLine) -> Iterator[Row | Fault]:
    """Read `text` line by line; blank lines and lines that start with `#` say nothing."""
    for number, line in enumerate(split_lines(text), 1):
        try:
            if is_spoken(line):
                check_row_size(line, (number, 1))
                yield from read_line(line, number)
        except Fault as fault:
            yield fault


def split_lines(text: str) -> Iterator[str]:
    r"""The lines of `text`, ended by \n, \r\n or \r; unlike `splitlines`, by nothing else."""
    start = 0
    for end in LINE_END.finditer(text):
        yield text[start : end.start()]
        start = end.end()
    if start < len(text):
        yield text[start:]


def is_spoken(line: str) -> bool:
    """Whether the line says something: it is neither blank nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def check_row_size(text: str, place: Place) -> None:
    """Refuse a row that no person wrote.

    Raises:
        Fault: It is longer than `MAX_ROW_BYTES`.
    """
    size = len(text.encode("utf-8", "surrogatepass")) if len(text) * 4 > MAX_ROW_BYTES else 0
    if size > MAX_ROW_BYTES:
        raise Fault(place, f"the row is {size} bytes long; at most {MAX_ROW_BYTES} are read")
