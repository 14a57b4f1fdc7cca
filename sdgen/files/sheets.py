"""Sheets: pictures made of pictures. A PNG of one says so, and what it shows, in a text of its own.

A sheet has no record, since nothing draws it as a whole; what can be drawn again are the pictures
on it. So that it is not taken for one of them, readers ask `sheet_note`.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from sdgen.errors import InputError
from sdgen.files.formats import Format, check_side, format_in
from sdgen.files.png import MAX_TEXT_BYTES, encode_png, png_texts
from sdgen.files.reading import SHEET, head_of, readable
from sdgen.metadata.json_text import parse_json_object

SCHEMA = "sdgen.sheet/1"


def encode_sheet(image: Image.Image, kind: str, note: Mapping[str, Any], format: Format) -> bytes:
    """`image` as a file; a PNG carries `note`, and that it is a sheet of this `kind`.

    Raises:
        InputError: The note is larger than readers take, or the sheet than the format holds.
    """
    check_side(image.size, format)
    if format != "png":
        file = io.BytesIO()
        options = (
            {"quality": 90} if format in ("webp", "avif") else {"quality": 92, "subsampling": 0}
        )
        image.save(file, format.upper(), **options)
        return file.getvalue()
    text = json.dumps({"schema": SCHEMA, "kind": kind, **note}, ensure_ascii=False)
    if len(text.encode()) > MAX_TEXT_BYTES - 64:
        raise InputError("what the sheet has to tell is more than a PNG can hold")
    return encode_png(image.convert("RGB"), {SHEET: text})


def sheet_note(path: Path) -> dict[str, Any] | None:
    """What the sheet at `path` tells of itself; None where it is no sheet of sdgen's.

    Raises:
        InputError: There is no such file, or it is damaged.
    """
    with readable(path) as file:
        if format_in(head_of(file)) != "png":
            return None
        text = png_texts(file).get(SHEET)
        if text is None:
            return None
        note = parse_json_object(text.encode())
        if note.get("schema") != SCHEMA:
            raise InputError("is a sheet of another version of sdgen")
        return note


def is_sheet(path: Path) -> bool:
    """Whether the file at `path` says that it is a sheet, sound or not; else somebody reads it."""
    try:
        return sheet_note(path) is not None
    except InputError:
        return False
