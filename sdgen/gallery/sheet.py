"""Pictures side by side with words under them, as one picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from sdgen.errors import InputError
from sdgen.gallery.lettering import letter, wrapped

PAPER, INK, FAINT = "#fbfaf7", "#24221f", "#e7e4dc"
GAP = 10
"""Pixels between pictures and around the sheet."""

MOST_PIXELS = 64_000_000
MOST_SIDE = 16_000
"""WebP and JPEG end at 16,383 and 65,535 pixels a side; viewers earlier."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture and the words under it; without a picture an empty frame that says why."""

    image: Image.Image | None
    label: str = ""


def check_measures(width: int, height: int) -> None:
    """Refuse a sheet of so many pixels that no program would open it.

    Raises:
        InputError: So it is; whoever asks adds as hint which flag makes it smaller.
    """
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise InputError(f"the sheet would have {width}x{height} pixels")


def fitted(image: Image.Image, size: int) -> Image.Image:
    """`image` no larger than `size` x `size` pixels; a smaller one is left as it is."""
    if max(image.size) <= size:
        return image.convert("RGB")
    shown = image.convert("RGB")
    shown.thumbnail((size, size), Image.Resampling.LANCZOS)
    return shown


def text_size(size: int) -> int:
    """Height of the letters, in pixels, under pictures of `size`."""
    return max(10, min(18, size // 16))


@dataclass(frozen=True, slots=True)
class Frame:
    """The measures of a sheet: a box of `width` x `height` for each picture, and room for words."""

    width: int
    height: int
    lines: int = 2

    @property
    def letters(self) -> int:
        """Height of the letters."""
        return text_size(self.width)

    @property
    def words(self) -> int:
        """Pixels for the words under a picture."""
        return self.lines * (self.letters + 4) + (4 if self.lines else 0)

    def size_of(self, columns: int, rows: int) -> tuple[int, int]:
        """Pixels of a sheet.

        Raises:
            InputError: No program would open it.
        """
        width = GAP + columns * (self.width + GAP)
        height = GAP + rows * (self.height + self.words + GAP)
        check_measures(width, height)
        return width, height


def contact_sheet(tiles: Sequence[Tile], size: int, columns: int | None = None) -> Image.Image:
    """All of `tiles`, row by row, each no larger than `size`.

    Args:
        tiles: At least one.
        size: Longest side of a picture, in pixels.
        columns: In a row; None makes the sheet a little wider than high.

    Raises:
        InputError: The sheet would be larger than any program opens.
    """
    columns = min(columns or math.ceil(math.sqrt(1.5 * len(tiles))), len(tiles))
    shown = [tile.image and fitted(tile.image, size) for tile in tiles]
    sizes = [image.size for image in shown if image] or [(size, size)]
    lines = 2 if any(tile.label for tile in tiles) else 0
    frame = Frame(max(w for w, _ in sizes), max(h for _, h in sizes), lines)
    sheet = Image.new("RGB", frame.size_of(columns, -(-len(tiles) // columns)), PAPER)
    for index, (tile, image) in enumerate(zip(tiles, shown, strict=True)):
        row, column = divmod(index, columns)
        x = GAP + column * (frame.width + GAP)
        y = GAP + row * (frame.height + frame.words + GAP)
        place(sheet, frame, (x, y), Tile(image, tile.label))
    return sheet


def place(sheet: Image.Image, frame: Frame, at: tuple[int, int], tile: Tile) -> None:
    """Put `tile` into the box whose upper left corner is `at`, its words below."""
    x, y = at
    middle = x + frame.width / 2
    if tile.image is None:
        ImageDraw.Draw(sheet).rectangle((x, y, x + frame.width - 1, y + frame.height - 1), FAINT)
        _write(sheet, (middle, y + frame.height / 2 - frame.letters), tile.label, frame)
        return
    left = x + (frame.width - tile.image.width) // 2
    sheet.paste(tile.image, (left, y + (frame.height - tile.image.height) // 2))
    _write(sheet, (middle, y + frame.height + 4), tile.label, frame)


def _write(sheet: Image.Image, at: tuple[float, float], text: str, frame: Frame) -> None:
    lines = wrapped(text, frame.letters, frame.width, max(frame.lines, 1)) if text else []
    for number, line in enumerate(lines):
        letter(sheet, (at[0], at[1] + number * (frame.letters + 4)), line, frame.letters, INK)
