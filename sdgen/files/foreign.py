"""Recipes of other programs: out of pictures, files beside them, and text from a pipe."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sdgen.errors import InputError
from sdgen.files.folders import is_file
from sdgen.files.formats import format_in
from sdgen.files.png import png_texts_and_exif
from sdgen.files.reading import (
    BLOCKS,
    NoRecordError,
    alpha_columns,
    head_of,
    read_record_of,
    readable,
)
from sdgen.files.segments import Blocks
from sdgen.metadata.exif import exif_texts
from sdgen.metadata.formats.detect import our_text, read_foreign
from sdgen.metadata.formats.foreign import Carried, Foreign
from sdgen.metadata.formats.stealth import hidden_in
from sdgen.metadata.json_text import MAX_JSON_BYTES
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import Record
from sdgen.metadata.xmp import AI_MADE

MAX_TEXT_BYTES = 2**20
_MADE_BY_MODEL = AI_MADE.rpartition("/")[2].encode()
SIDECARS = (".json", ".metadata.json", ".txt")
"""Files beside a picture in which programs keep its recipe, by what stands for its suffix."""


def read_recipe_of(path: Path) -> Record | Foreign:
    """Our record of the picture at `path`, as `read_record_of`, or another program's recipe.

    `path` may also be a text file or JSON.

    Raises:
        InputError: There is no such file, it is damaged, or neither is in it or beside it.
    """
    try:
        return read_record_of(path)
    except InputError as error:
        refused = error
    found = read_foreign_of(path)
    if found is None and isinstance(refused, NoRecordError) and _is_marked(path):
        raise NoRecordError(
            f"{path}: a model made it, as a mark in it says, but how is not in it",
            hint="a site or program may have dropped the recipe",
            details=refused.details,
        ) from refused
    if found is None:
        raise refused
    return found


def _is_marked(path: Path) -> bool:
    """Whether XMP or a C2PA manifest near the start says that a model made the picture."""
    with readable(path) as file:
        return _MADE_BY_MODEL in file.read(MAX_TEXT_BYTES)


def read_foreign_of(path: Path) -> Foreign | None:
    """The recipe of another program in the file at `path` or beside it; None if there is none.

    Raises:
        InputError: The file cannot be read or is damaged.
    """
    with readable(path) as file:
        carried = carried_by(file)
        if our_text(carried) is not None:
            return None
        found = read_foreign(carried) or _hidden(file)
    if found or path.suffix.lower() in (".json", ".txt"):
        return found
    beside = [path.with_suffix(suffix) for suffix in SIDECARS]
    return next(filter(None, (_sidecar(each) for each in beside if is_file(each))), None)


def read_recipe_in(data: bytes) -> Record | Foreign:
    """The record or recipe in `data`: a picture, JSON or text, as it may come through a pipe.

    Raises:
        InputError: It is damaged, or has neither.
    """
    file = BytesIO(data)
    carried = carried_by(file)
    if ours := our_text(carried):
        return read_record(ours)
    if found := read_foreign(carried) or _hidden(file):
        return found
    if format_in(data) == "json":
        return read_record(data[: MAX_JSON_BYTES + 1])
    raise InputError("no record and no recipe of a program that sdgen knows")


def _hidden(file: BinaryIO) -> Foreign | None:
    """The recipe hidden in the alpha channel of a PNG; None if there is none, or it is damaged."""
    file.seek(0)
    if format_in(head_of(file)) != "png":
        return None
    alpha = alpha_columns(file)
    carried = hidden_in(alpha) if alpha else None
    return read_foreign(carried) if carried else None


def _sidecar(path: Path) -> Foreign | None:
    with readable(path) as file:
        return read_foreign(carried_by(file))


def carried_by(file: BinaryIO) -> Carried:
    """What the picture, JSON or text in `file` carries; pixels are not decoded.

    Raises:
        InputError: It is empty or damaged.
    """
    kind = format_in(head_of(file))
    if kind == "png":
        texts, exif = png_texts_and_exif(file)
        return _carried(Blocks(exif, texts.get("XML:com.adobe.xmp", "").encode()), texts)
    if kind is not None and kind != "json":
        return _carried(BLOCKS[kind](file))
    return Carried(plain=_text(file.read(MAX_TEXT_BYTES + 1)))


def _carried(blocks: Blocks, texts: dict[str, str] | None = None) -> Carried:
    exif = exif_texts(blocks.exif)
    return Carried(
        texts=texts or {},
        comment=exif.pop("UserComment", ""),
        exif=exif,
        xmp=blocks.xmp.decode("utf-8", errors="replace"),
        plain=_text(blocks.comment),
    )


def _text(data: bytes) -> str:
    """The text of `data`; nothing where it is none, or too large for a recipe."""
    try:
        return data.decode("utf-8-sig").strip("\0") if len(data) <= MAX_TEXT_BYTES else ""
    except UnicodeDecodeError:
        return ""
