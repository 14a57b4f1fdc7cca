"""What a grid's sheet tells: its axes, and a record for each cell, so that one can be drawn again.

The records of a grid are almost alike. The first is written whole, of the others what differs: a
path into the record and the value there, or the path alone where it has none.
"""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from sdgen.errors import InputError
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import Record
from sdgen.recipe.axes import Sweep

KIND = "grid"
Change = list[Any]


def grid_note(
    sweep: Sweep, records: Sequence[Record | str], files: Sequence[str]
) -> dict[str, Any]:
    """The note of a sheet.

    Args:
        sweep: What varies.
        records: Of each cell, in the order of `Sweep.cells`; text says why there is no picture.
        files: Where each picture lies, seen from the sheet.
    """
    plain = [one if isinstance(one, str) else _plain(one) for one in records]
    base = next((one for one in plain if not isinstance(one, str)), None)
    return {
        "axes": [{"name": axis.title, "values": list(axis.values)} for axis in sweep.axes],
        "base": base,
        "cells": [
            {"error": one} if isinstance(one, str) else
            {"file": file, "changes": list(_changes(base, one))}
            for one, file in zip(plain, files, strict=True)
        ],
    }  # fmt: skip


def _plain(record: Record) -> Any:
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


def _changes(base: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """What has to be said of `other` where `base` is known."""
    for name in {**base, **other}:
        here = (*path, name)
        if name not in other:
            yield [list(here)]
        elif isinstance(base.get(name), dict) and isinstance(other[name], dict):
            yield from _changes(base[name], other[name], here)
        elif name not in base or base[name] != other[name]:
            yield [list(here), other[name]]


def cell_of(note: dict[str, Any], place: tuple[int, ...]) -> tuple[Record, str]:
    """The record of one cell, and where its picture lay.

    Args:
        note: From `sheet_note`.
        place: Row, column and block, from 1; blocks may be left out.

    Raises:
        InputError: It is no grid, has no such cell, or is damaged.
    """
    if note.get("kind") != KIND:
        raise InputError("is no grid, and has no cells")
    try:
        return _cell(note, place)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise InputError("is a grid whose note is damaged") from None


def _cell(note: dict[str, Any], place: tuple[int, ...]) -> tuple[Record, str]:
    counts = [len(axis["values"]) for axis in note["axes"]] + [1] * 3
    columns, rows, blocks = counts[:3]
    row, column, block = (*place, 1)[:3]
    if not (1 <= row <= rows and 1 <= column <= columns and 1 <= block <= blocks):
        more = f", {blocks} blocks" if blocks > 1 else ""
        raise InputError(
            f"has no cell {','.join(map(str, place))}: {rows} rows, {columns} columns{more}"
        )
    cell = note["cells"][((block - 1) * rows + row - 1) * columns + column - 1]
    if "error" in cell:
        raise InputError(f"has no picture in this cell: {cell['error']}")
    whole = deepcopy(note["base"])
    for path, *value in cell["changes"]:
        home = whole
        for name in path[:-1]:
            home = home.setdefault(name, {})
        if value:
            home[path[-1]] = value[0]
        else:
            del home[path[-1]]
    return read_record(json.dumps(whole)), str(cell["file"])
