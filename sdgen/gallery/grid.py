"""A labelled sheet of pictures in columns, rows and blocks, one axis each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from sdgen.gallery.lettering import font_for, letter, wrapped
from sdgen.gallery.sheet import GAP, INK, PAPER, Frame, Tile, check_measures, place

HEAD_LINES = 3
MOST_SIDE = 8000
"""Of a sheet whose cells may be made smaller, in pixels."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The words at the columns, rows and blocks; one empty text where there is no such axis."""

    columns: Sequence[str]
    rows: Sequence[str] = ("",)
    blocks: Sequence[str] = ("",)


def cell_size(heads: Heads, shown: tuple[int, int], asked: int | None) -> tuple[int, int]:
    """Width and height that each picture gets on the sheet.

    Args:
        heads: The shape of the grid.
        shown: Of the largest picture.
        asked: The longest side that somebody asked for; None takes pictures as they are, smaller
            where the sheet would be too large to look at.
    """
    longest = max(shown)
    across, down = _arranged(heads)
    most = MOST_SIDE // max(across * len(heads.columns), down * len(heads.rows))
    size = min(asked or longest, longest) if asked else min(longest, max(most, 24))
    return max(1, shown[0] * size // longest), max(1, shown[1] * size // longest)


def _arranged(heads: Heads) -> tuple[int, int]:
    """How many blocks stand side by side and below each other: about as high as wide."""
    blocks, wide, high = len(heads.blocks), len(heads.columns), len(heads.rows)
    across = min(blocks, max(1, round(math.sqrt(blocks * high / wide))))
    return across, -(-blocks // across)


@dataclass(frozen=True, slots=True)
class _Block:
    """The measures of one block, in pixels."""

    frame: Frame
    left: int
    top: int
    title: int
    width: int
    height: int


def grid_sheet(heads: Heads, pictures: Callable[[int], Tile], size: tuple[int, int]) -> Image.Image:
    """Put all cells on one sheet.

    Args:
        heads: Their words.
        pictures: Index of a cell (block by block, row by row) → what is shown, at most `size`.
        size: Width and height of a cell's picture.

    Raises:
        InputError: No program would open the sheet.
    """
    sheet = Image.new("RGB", grid_measures(heads, size), PAPER)
    block = _measured(heads, size)
    across, _ = _arranged(heads)
    per_block = len(heads.columns) * len(heads.rows)
    for number, title in enumerate(heads.blocks):
        at = (number % across * block.width, number // across * block.height)
        _heads(sheet, block, at, heads, title)
        for index in range(per_block):
            row, column = divmod(index, len(heads.columns))
            x = at[0] + block.left + column * (size[0] + GAP)
            y = at[1] + block.title + block.top + row * (size[1] + GAP)
            place(sheet, block.frame, (x, y), pictures(number * per_block + index))
    return sheet


def grid_measures(heads: Heads, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the sheet with these words and cells of `size`.

    Raises:
        InputError: No program would open it.
    """
    block = _measured(heads, size)
    across, down = _arranged(heads)
    width, height = GAP + across * block.width, GAP + down * block.height
    check_measures(width, height)
    return width, height


def _measured(heads: Heads, size: tuple[int, int]) -> _Block:
    frame = Frame(*size, lines=0)
    line = frame.letters + 4
    lines = [len(wrapped(word, frame.letters, size[0], HEAD_LINES)) for word in heads.columns]
    most = max(60, size[0] // 2)
    wide = [min(most, _width(word, frame.letters)) for word in heads.rows]
    left = GAP + (max(wide) + GAP if any(heads.rows) else 0)
    top = GAP + (max(lines) * line + 4 if any(heads.columns) else 0)
    title = line + GAP if any(heads.blocks) else 0
    width = left + len(heads.columns) * (size[0] + GAP)
    height = title + top + len(heads.rows) * (size[1] + GAP)
    return _Block(frame, left, top, title, width, height)


def _width(word: str, size: int) -> int:
    return math.ceil(font_for(word, size).getlength(word))


def _heads(
    sheet: Image.Image, block: _Block, at: tuple[int, int], heads: Heads, title: str
) -> None:
    size, line = block.frame.letters, block.frame.letters + 4
    width, height = block.frame.width, block.frame.height
    if title:
        letter(sheet, (at[0] + (block.left + block.width) / 2, at[1] + GAP), title, size + 2, INK)
    for column, word in enumerate(heads.columns):
        lines = wrapped(word, size, width, HEAD_LINES)
        middle = at[0] + block.left + column * (width + GAP) + width / 2
        first = at[1] + block.title + block.top - 4 - len(lines) * line
        _lines(sheet, (middle, first), lines, size)
    room = block.left - 2 * GAP
    for row, word in enumerate(heads.rows):
        lines = wrapped(word, size, room, 6) if word else []
        centre = at[1] + block.title + block.top + row * (height + GAP) + height / 2
        _lines(sheet, (at[0] + GAP + room / 2, centre - len(lines) * line / 2), lines, size)


def _lines(sheet: Image.Image, at: tuple[float, float], lines: Sequence[str], size: int) -> None:
    for number, text in enumerate(lines):
        letter(sheet, (at[0], at[1] + number * (size + 4)), text, size, INK)
