"""Small pictures for a page: WebP, made once and known again while their picture is untouched."""

import base64
import hashlib
import io
import os
from pathlib import Path

from PIL import Image

from sdgen.files.reading import open_pixels
from sdgen.files.write import publish
from sdgen.gallery.entries import Entry
from sdgen.gallery.sheet import fitted
from sdgen.metadata.record import Record

SIZE = 320
"""Longest side in pixels: sharp at the size of a card on a screen of two pixels a point."""


def small(image: Image.Image, size: int = SIZE, quality: int = 82) -> bytes:
    """`image` as WebP no larger than `size`."""
    file = io.BytesIO()
    fitted(image, size).save(file, "WEBP", quality=quality, method=3)
    return file.getvalue()


def data_uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def thumbnail_name(entry: Entry) -> str:
    """The same for an untouched file, wherever it lies if a record tells of its pixels.

    What the record tells is not believed alone: an editor may have kept it and changed the pixels.

    Raises:
        OSError: The file cannot be looked at.
    """
    recipe = entry.recipe
    which = recipe.image.sha256 if isinstance(recipe, Record) else entry.path.resolve()
    state = entry.path.stat()
    told = f"{which}\x1f{state.st_size}\x1f{state.st_mtime_ns}"
    return f"{hashlib.sha256(os.fsencode(told)).hexdigest()[:24]}.webp"


def kept_thumbnail(entry: Entry, folder: Path) -> str:
    """The name in `folder` of the thumbnail, made now if it is not there.

    Raises:
        InputError: The picture cannot be read.
        OutputError: The thumbnail cannot be written.
        OSError: The picture cannot be looked at.
    """
    name = thumbnail_name(entry)
    target = folder / name
    if not target.exists():
        publish(small(open_pixels(entry.path)), target, overwrite=True)
    return name
