"""A gallery as files: one page, with small pictures in it, or beside it where they are many."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sdgen.errors import InputError
from sdgen.files.reading import open_pixels
from sdgen.files.write import publish
from sdgen.gallery.cards import card_of
from sdgen.gallery.entries import Entry, entries_of
from sdgen.gallery.page import page
from sdgen.gallery.thumbnails import data_uri, kept_thumbnail, small
from sdgen.metadata.record import Record

MOST_EMBEDDED = 500
"""So many thumbnails are put into the page; more are put beside it."""

Pictures = Literal["auto", "embed", "beside", "whole"]
"""Thumbnails in the page, or beside it, or whole pictures in the page, which then stands alone."""

WHOLE_SIZE = 1536
"""Longest side of a whole picture that is put into the page."""

OnPicture = Callable[[int, int], None]


@dataclass(slots=True)
class Gallery:
    """What was built: `cards` of the pictures, and a line for each that could not be read."""

    cards: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def build_gallery(
    paths: Sequence[Path],
    target: Path,
    title: str,
    *,
    pictures: Pictures = "auto",
    overwrite: bool = False,
    on_picture: OnPicture = lambda done, total: None,
) -> Gallery:
    """Write the page at `target`, and thumbnails into the folder `<stem>-thumbnails` beside it.

    Args:
        paths: The pictures, in order.
        target: An .html file.
        title: Shown at the top of the page.
        pictures: Where small pictures go.
        overwrite: Replace a file that is there.
        on_picture: Hears how many of how many pictures are looked at; may raise to stop.

    Raises:
        OutputError: Something cannot be written.
        InputError: There is no picture.
    """
    if pictures == "auto":
        pictures = "embed" if len(paths) <= MOST_EMBEDDED else "beside"
    maker = _Maker(target, pictures)
    found = Gallery()
    for number, entry in enumerate(entries_of(paths), 1):
        try:
            if isinstance(entry, InputError):
                raise entry
            found.cards.append(maker.card(entry))
        except (InputError, OSError) as error:
            found.faults.append(str(error))
        on_picture(number, len(paths))
    if not found.cards:
        raise InputError("there is no picture to show", details=found.faults)
    publish(page(title, found.cards).encode(), target, overwrite=overwrite)
    return found


@dataclass(frozen=True, slots=True)
class _Maker:
    target: Path
    pictures: Pictures

    def card(self, entry: Entry) -> Any:
        name = relative(entry.path, self.target.parent)
        if self.pictures == "beside":
            size = _size_of(entry)
            folder = self.target.with_name(f"{self.target.stem}-thumbnails")
            thumb = address(f"{folder.name}/{kept_thumbnail(entry, folder)}")
            return card_of(entry, name=name, source=address(name), thumb=thumb, size=size)
        image = open_pixels(entry.path)
        thumb = data_uri(small(image))
        source = address(name)
        if self.pictures == "whole":  # to be sent on: it does not tell where the pictures lie
            name, source = entry.path.name, data_uri(small(image, WHOLE_SIZE, quality=90))
        return card_of(entry, name=name, source=source, thumb=thumb, size=image.size)


def _size_of(entry: Entry) -> tuple[int, int]:
    if isinstance(entry.recipe, Record):
        return entry.recipe.image.width, entry.recipe.image.height
    return open_pixels(entry.path).size


def address(name: str) -> str:
    """`name` as a browser asks for it: its bytes, also those that are no UTF-8."""
    return quote(os.fsencode(name))


def relative(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, with `/` between its parts."""
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
