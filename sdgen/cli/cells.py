"""A cell of a grid's sheet as the picture that is drawn again: `--cell 2,3`."""

import re
from pathlib import Path, PurePosixPath

from PIL import Image

from sdgen.errors import InputError
from sdgen.files.folders import is_file
from sdgen.files.reading import open_pixels
from sdgen.files.sheets import sheet_note
from sdgen.metadata.grid import cell_of
from sdgen.verdict import Original


def place_of(text: str | None) -> tuple[int, ...]:
    """Row, column and perhaps block of `2,3`; nothing where nothing was said.

    Raises:
        InputError: It is none.
    """
    if text is None:
        return ()
    if not re.fullmatch(r"\s*\d{1,4}\s*(,\s*\d{1,4}\s*){1,2}", text):
        raise InputError(f"--cell must be such as 2,3, not {text!r}", hint="row and column, from 1")
    return tuple(int(number) for number in text.split(","))


def original_in(sheet: Path, place: tuple[int, ...]) -> Original:
    """The recorded picture of one cell, and its pixels if it lies where the sheet says.

    Raises:
        InputError: The file is no grid's sheet, or has no such cell.
    """
    note = sheet_note(sheet)
    if note is None:
        raise InputError(f"{sheet}: is no sheet of a grid", hint="sdgen grid makes them, as PNG")
    try:
        record, file = cell_of(note, place)
    except InputError as error:
        raise InputError(f"{sheet}: {error}", hint=error.hint) from None
    return Original(record, _pixels(sheet.parent, file))


def _pixels(folder: Path, file: str) -> Image.Image | None:
    """The picture beside its sheet; a name that leads elsewhere, by `..` or a link, is none."""
    inside = PurePosixPath(file)
    path = folder / inside
    if not file or inside.is_absolute() or ".." in inside.parts or "\\" in file:
        return None
    if not is_file(path) or not path.resolve().is_relative_to(folder.resolve()):
        return None
    return open_pixels(path)
