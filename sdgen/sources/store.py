"""The pictures that were found, by their content: settings name one as `cat.png#SHA-256`.

What a name means is the same on every machine; where the file lies is known to this process only.
What reads pictures and records loads with the first one: commands that draw nothing start without.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sdgen.errors import InputError
from sdgen.recipe.settings import Settings

if TYPE_CHECKING:
    from PIL import Image

    from sdgen.metadata.record import SourceRecord
    from sdgen.sources.reading import Seen

Role = Literal["image", "mask", "control_image", "ip_adapter_image"]
"""What a picture is for. What is transparent is white in a picture and black in a mask."""

ROLES: tuple[Role, ...] = get_args(Role)

MAX_NAME = 80
_REFERENCE = re.compile(r"(?P<name>[^/\\#]+)#(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Source:
    """A picture that was read and may be drawn from; width and height are those that are seen."""

    name: str
    path: Path
    role: Role
    file_sha256: str
    pixels_sha256: str
    size: tuple[int, int]
    notices: tuple[str, ...] = ()
    lineage: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def reference(self) -> str:
        """How settings name it: `cat.png#` and the SHA-256 of its pixels."""
        return f"{self.name}#{self.pixels_sha256}"

    @property
    def record(self) -> "SourceRecord":
        """What the record of a picture that was drawn from it says."""
        from sdgen.metadata.record import SourceRecord

        return SourceRecord(
            role=self.role,
            name=self.name,
            file_sha256=self.file_sha256,
            pixels_sha256=self.pixels_sha256,
            width=self.size[0],
            height=self.size[1],
            record=dict(self.lineage) if self.lineage else None,
        )


_found: dict[str, Source] = {}
"""SHA-256 of the pixels → where they lie."""


def find_source(path: Path, role: Role) -> Source:
    """The picture at `path`, from now on known by its content.

    Raises:
        InputError: It cannot be read, or is none.
    """
    whole = path.absolute()
    try:
        source = _found_at(whole, role, _identity(path))
    except InputError as error:  # told as it was said
        raise InputError(str(error).replace(str(whole), str(path)), hint=error.hint) from error
    _found[source.pixels_sha256] = source
    return source


def is_reference(text: str) -> bool:
    """Whether `text` names a picture by its content; a path that does is not to be had."""
    return _REFERENCE.fullmatch(text) is not None


def named_in(reference: str) -> tuple[str, str]:
    """File name and SHA-256 of the pixels in a reference.

    Raises:
        InputError: It is none; a record with a path in it is not followed.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise InputError(f"the record names {reference!r}, which is not a picture's name")
    return match["name"], match["sha256"]


def is_at_hand(sha256: str) -> bool:
    """Whether the picture of these pixels was found before."""
    return sha256 in _found


def accept(source: Source, reference: str) -> None:
    """Take `source` for the picture that `reference` names."""
    _found[named_in(reference)[1]] = source


def source_named(reference: str) -> Source:
    """The picture that settings name, if it was found before.

    Raises:
        InputError: It was not.
    """
    name, sha256 = named_in(reference)
    if sha256 not in _found:
        raise InputError(
            f"the picture {name} is not at hand", hint=f"say where it is: --image {name}"
        )
    return _found[sha256]


@lru_cache(maxsize=4)
def _read_again(path: Path, role: Role, sha256: str, _: object) -> "Image.Image":
    from sdgen.metadata.record import pixels_sha256

    image = _seen(path, role).image
    if pixels_sha256(image) != sha256:
        raise InputError(f"{path}: was changed while sdgen was at work")
    return image


def sources_of(settings: Settings) -> list[Source]:
    """The pictures that `settings` draw from.

    Raises:
        InputError: One was not found before.
    """
    named = dict.fromkeys(references_in(settings))
    return [replace(source_named(reference), role=role) for role, reference in named]


def references_in(settings: Settings) -> Iterator[tuple[Role, str]]:
    """The pictures that `settings` name, each with what it is for; some roles have several."""
    for role in ROLES:
        said = getattr(settings, role)
        several = said if isinstance(said, tuple) else () if said is None else (said,)
        yield from ((role, reference) for reference in several)


def pixels_named(reference: str) -> "Image.Image":
    """The pixels that settings name, read again from where they lie.

    Raises:
        InputError: They were not found before, or are others by now.
    """
    source = source_named(reference)
    return _read_again(source.path, source.role, source.pixels_sha256, _identity(source.path))


def _identity(path: Path) -> tuple[int, ...]:
    """What changes when a file does; nothing for one that is not there, which reading it tells."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=256)
def _found_at(path: Path, role: Role, _: object) -> Source:
    from sdgen.metadata.record import pixels_sha256
    from sdgen.sources.lineage import lineage_in

    seen = _seen(path, role)
    return Source(
        name=_plain_name(path.name),
        path=path,
        role=role,
        file_sha256=seen.file_sha256,
        pixels_sha256=pixels_sha256(seen.image),
        size=seen.image.size,
        notices=seen.notices,
        lineage=lineage_in(seen.info) if role != "mask" else None,
    )


def _seen(path: Path, role: Role) -> "Seen":
    from sdgen.sources.reading import BLACK, WHITE, as_seen

    return as_seen(path, BLACK if role == "mask" else WHITE)


def _plain_name(name: str) -> str:
    """`name` as text that every record, terminal and setting can hold."""
    sound = (
        c if unicodedata.category(c) not in ("Cc", "Cs") and c not in "/\\#" else "_" for c in name
    )
    return "".join(sound)[-MAX_NAME:]
