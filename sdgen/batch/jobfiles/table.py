"""Tables: CSV and TSV as spreadsheets write them; the header names the settings.

Python's `csv` tells the line of a record but not the column of a cell, and reads a broken quote as
something else instead of refusing it; hence the cells are cut here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sdgen.batch.keys import is_key, unknown_key
from sdgen.batch.rows import (
    LINE_END,
    MAX_ROW_BYTES,
    Fault,
    Part,
    Place,
    Row,
    check_row_size,
    split_lines,
)

_OPENING_QUOTE = re.compile(r' *"')
_QUOTED = re.compile(r' *"([^"]*(?:""[^"]*)*)" *')


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    place: Place


def looks_like(lines: list[str]) -> bool:
    """The first line is a header: several single words, one of them `prompt`."""
    cells = [cell.strip().strip('"') for cell in lines[0].split(_delimiter_of(lines[0]))]
    is_header = all(re.fullmatch(r"\w+", cell) for cell in cells)
    return len(cells) > 1 and is_header and "prompt" in map(str.lower, cells)


def _delimiter_of(header: str) -> str:
    """Comma, or what spreadsheets take where the comma is the decimal point."""
    return next((mark for mark in ("\t", ",", ";") if mark in header), ",")


def read_csv(text: str, source: str) -> Iterator[Row | Fault]:
    """Rows of a table whose header shows by which mark the cells are parted."""
    header = next((line for line in split_lines(text) if line.strip()), "")
    return _read(text, _delimiter_of(header))


def read_tsv(text: str, source: str) -> Iterator[Row | Fault]:
    """Rows of a table whose cells are parted by tabs."""
    return _read(text, "\t")


def _read(text: str, delimiter: str) -> Iterator[Row | Fault]:
    records = _spoken(_Cutter(text, delimiter).records())
    try:
        header = next(records, [])
        faults = list(_header_faults(header))
        yield from faults
        if not faults:
            yield from (_row(record, header) for record in records)
    except Fault as fault:  # where the quotes are wrong, nothing behind them can be told apart
        yield fault


def _spoken(records: Iterator[list[_Cell]]) -> Iterator[list[_Cell]]:
    return (record for record in records if any(cell.text.strip() for cell in record))


def _header_faults(header: list[_Cell]) -> Iterator[Fault]:
    seen: set[str] = set()
    for cell in header:
        key = cell.text.strip()
        if not key:
            yield Fault(cell.place, "this column has no name")
        elif not is_key(key):
            yield unknown_key(key, cell.place)
        elif key in seen:
            yield Fault(cell.place, f"there are two columns {key!r}")
        seen.add(key)


def _row(record: list[_Cell], header: list[_Cell]) -> Row | Fault:
    """An empty cell says nothing; a row may stop before its last columns."""
    try:
        check_row_size("".join(cell.text for cell in record), record[0].place)
    except Fault as fault:
        return fault
    if len(record) > len(header):
        reason = f"the row has {len(record)} cells, the header {len(header)}"
        hint = "quote a cell that contains a comma"
        return Fault(record[len(header)].place, reason, hint=hint)
    pairs = zip(header, record, strict=False)
    spoken = {name.text.strip(): cell for name, cell in pairs if cell.text.strip()}
    said = {key: cell.text for key, cell in spoken.items()}
    where = {key: cell.place for key, cell in spoken.items()}
    return Row(record[0].place, (Part(said, where),))


class _Cutter:
    """Cuts a text into records of cells; a quoted cell may hold delimiters and line ends."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._bare = re.compile(rf"[^{delimiter}\r\n]*")
        self._at = 0
        self._line = 1
        self._line_start = 0

    def records(self) -> Iterator[list[_Cell]]:
        """Record after record.

        Raises:
            Fault: A quote is not closed, something follows a closed one, or the row has no end.
        """
        while self._at < len(self._text):
            start, place = self._at, self._place()
            record = [self._cell()]
            while self._text.startswith(self._delimiter, self._at):
                self._at += 1
                record.append(self._cell())
                if self._at - start > MAX_ROW_BYTES:
                    raise Fault(place, f"the row is longer than {MAX_ROW_BYTES} bytes")
            self._end_record()
            yield record

    def _cell(self) -> _Cell:
        place = self._place()
        if not _OPENING_QUOTE.match(self._text, self._at):
            bare = self._bare.match(self._text, self._at)
            assert bare is not None  # it matches the empty text too
            self._at = bare.end()
            return _Cell(bare[0], place)
        quoted = _QUOTED.match(self._text, self._at)
        if quoted is None:
            raise Fault(place, "this quote is never closed")
        self._count_lines(quoted)
        self._at = quoted.end()
        return _Cell(quoted[1].replace('""', '"'), place)

    def _end_record(self) -> None:
        end = LINE_END.match(self._text, self._at)
        if end is not None:
            self._at = self._line_start = end.end()
            self._line += 1
        elif self._at < len(self._text):
            hint = 'a quote inside quotes is written twice: ""'
            raise Fault(self._place(), "something follows the closing quote", hint=hint)

    def _count_lines(self, cell: re.Match[str]) -> None:
        for end in LINE_END.finditer(cell[0]):
            self._line += 1
            self._line_start = cell.start() + end.end()

    def _place(self) -> Place:
        return self._line, self._at - self._line_start + 1
