"""The picture formats that sdgen writes and reads: names, suffixes, first bytes."""

from pathlib import Path
from typing import Literal, get_args

from sdgen.errors import InputError, did_you_mean

Format = Literal["png", "jpeg", "webp", "avif"]
FORMATS: tuple[Format, ...] = get_args(Format)

Inside = Literal["record", "origin", "mark"]
"""What is told inside a picture, beside the record that lies with it:

- record: all of it, A1111's text, and the mark that a model made the picture
- origin: the mark, the program, the model's name and the hash of the pixels
- mark: the mark and the program
"""

SUFFIXES: dict[str, Format] = {
    ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".avif": "avif"
}  # fmt: skip
"""The only suffixes a picture can get. A name's suffix decides what programs do with the file."""

MAX_SIDE: dict[Format, int] = {"jpeg": 65_500, "webp": 16_383, "avif": 32_768}
"""Pixels of the longest side: libjpeg's and WebP's own limits, and what libavif reads again."""

LARGEST = "png holds every size: --format png, or a name that ends with .png"
"""The way out."""

FOREIGN_SUFFIXES = (
    ".bmp", ".gif", ".heic", ".ico", ".jp2", ".json", ".jxl", ".pdf", ".ppm", ".psd",
    ".svg", ".tga", ".tif", ".tiff", ".txt",
)  # fmt: skip
"""Endings of files that nobody would give to a folder."""

HEAD_BYTES = 16
"""So many bytes from the start of a file tell its format."""


def suffix_of(format: Format) -> str:
    """`.png`, `.jpg`, `.webp` or `.avif`."""
    return next(suffix for suffix, found in SUFFIXES.items() if found == format)


def unfit(size: tuple[int, int], format: Format) -> str:
    """Why a file of `format` cannot hold a picture of `size`; empty where it can."""
    most = MAX_SIDE.get(format)
    if most is None or max(size) <= most:
        return ""
    return f"{format} holds {most:,} pixels a side, and the picture is {size[0]}x{size[1]}"


def check_side(size: tuple[int, int], format: Format) -> None:
    """Refuse a picture that a file of `format` cannot hold.

    Raises:
        InputError: So it is.
    """
    if reason := unfit(size, format):
        raise InputError(reason, hint=LARGEST)


def format_named(wanted: str | None) -> Format | None:
    """The format that a person calls `wanted`.

    Raises:
        InputError: We write none of that name, or not with this Pillow.
    """
    names: dict[str, Format] = {name: name for name in FORMATS} | {"jpg": "jpeg"}
    if wanted is None:
        return None
    if wanted.lower() not in names:
        raise InputError(f"unknown format {wanted!r}", hint=f"one of {', '.join(FORMATS)}")
    return _buildable(names[wanted.lower()])


def is_foreign(suffix: str) -> bool:
    """Whether `suffix` is of a file that sdgen does not write, or a slip for one that it does."""
    folded = suffix.lower()
    is_slip = folded not in SUFFIXES and bool(did_you_mean(folded, SUFFIXES))
    return folded in FOREIGN_SUFFIXES or is_slip


def format_of(path: Path) -> Format:
    """The format that the suffix of `path` asks for, whatever its case.

    Raises:
        InputError: It has no suffix of a format that sdgen writes, with this Pillow.
    """
    found = SUFFIXES.get(path.suffix.lower())
    if not found:
        hint = did_you_mean(path.suffix, SUFFIXES) or f"the suffixes are {', '.join(SUFFIXES)}"
        raise InputError(f"{path} has no suffix of a picture", hint=hint)
    return _buildable(found)


def can_write(format: Format) -> bool:
    """Whether this Pillow can write `format`: AVIF is a part that it may be built without."""
    if format != "avif":
        return True
    from PIL import features

    return bool(features.check("avif"))


def _buildable(format: Format) -> Format:
    if not can_write(format):
        raise InputError(
            "this Pillow was built without AVIF", hint="pip install -U pillow, or another format"
        )
    return format


def format_in(head: bytes) -> Format | Literal["json"] | None:
    """What a file that starts with `head` holds, whatever it is called."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "avif"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1] == b"{":
        return "json"
    return None
