"""Reading pictures and sidecars that anybody may have made: by content, bounded, never on faith."""

import stat
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from sdgen.errors import InputError
from sdgen.files.folders import is_file
from sdgen.files.formats import HEAD_BYTES, SUFFIXES, Format, format_in
from sdgen.files.isobmff import avif_blocks
from sdgen.files.png import png_texts
from sdgen.files.segments import Blocks, jpeg_blocks, webp_blocks
from sdgen.metadata.json_text import MAX_JSON_BYTES
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import Record
from sdgen.metadata.xmp import record_text

MAX_PIXELS_READ = 89_478_485
"""Pillow's own border between a large picture and an attack (a quarter GiB of pixels)."""

BLOCKS: Mapping[Format, Callable[[BinaryIO], Blocks]] = {
    "jpeg": jpeg_blocks, "webp": webp_blocks, "avif": avif_blocks
}  # fmt: skip
"""What reads EXIF and XMP of a format; PNG has texts as well."""

_FOREIGN_KEYWORDS = (
    "parameters",
    "prompt",
    "workflow",
    "invokeai_metadata",
    "sd-metadata",
    "Dream",
    "DgenerateConfig",
    "generation_data",
)

SHEET = "sdgen.sheet"
"""The keyword of a text that says: this is a sheet of several pictures, and has no record."""


class NoRecordError(InputError):
    """A sound picture without a record of ours in it or beside it."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a picture carries: our record's text, if any, and the sign of another program."""

    record: str | None
    foreign: str = ""


def read_record_of(path: Path) -> Record:
    """The record in the picture at `path`, or, where it has none, in the sidecar beside it.

    Pixels are not decoded. `path` may also be a sidecar; what it is, its first bytes decide.

    Raises:
        InputError: There is no such file, or it is damaged.
        NoRecordError: It is sound and has no record.
    """
    with readable(path) as file:
        kind = format_in(head_of(file))
        if kind == "json":
            return read_record(file.read(MAX_JSON_BYTES + 1))
        if kind is None:
            raise InputError("neither a picture (PNG, JPEG, WebP, AVIF) nor a record")
        found = _embedded(file, kind)
        if found.record is not None:
            return read_record(found.record)
    sidecar = path.with_suffix(".json")
    if sidecar == path or not is_file(sidecar):
        raise _without_record(path, found)
    try:
        return read_record_of(sidecar)
    except InputError as error:
        raise _without_record(path, found, beside=str(error)) from error


def open_pixels(path: Path) -> Image.Image:
    """The pixels of the PNG, JPEG or WebP at `path`, as RGB.

    Raises:
        InputError: There is no such file, it is damaged or cut short, or is implausibly large.
    """
    with readable(path) as file:
        return pixels_in(file)


def pixels_in(file: BinaryIO) -> Image.Image:
    """The pixels of the PNG, JPEG or WebP in `file`, as RGB.

    Raises:
        InputError: It is damaged or cut short, or is implausibly large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a bomb is an error below; odd EXIF does not matter
        try:
            image = Image.open(file, formats=("PNG", "JPEG", "WEBP", "AVIF"))
            if image.width * image.height <= MAX_PIXELS_READ:
                return image.convert("RGB")
        except Exception as error:  # decoders of hostile bytes raise anything
            reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
            raise InputError(f"cannot be read as a picture{reason}") from error
        raise InputError(f"{image.width}x{image.height} pixels are more than are read")


def alpha_columns(file: BinaryIO) -> bytes:
    """The alpha channel of a PNG, column by column from the left; nothing where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(file, formats=("PNG",))
            if image.mode not in ("RGBA", "LA") or image.width * image.height > MAX_PIXELS_READ:
                return b""
            alpha = image.getchannel("A")
        except Exception:  # noqa: BLE001  # decoders of hostile bytes raise anything
            return b""
    return alpha.transpose(Image.Transpose.TRANSPOSE).tobytes()


def records_disagree(path: Path) -> list[str]:
    """Fields in which a picture and its sidecar differ, such as `settings.seed`.

    Args:
        path: The picture or its sidecar; the other one is found by its name.

    Returns:
        Nothing where they agree, or where one of them is missing or has no record to compare.

    Raises:
        InputError: One of the two is damaged.
    """
    sidecar = path.with_suffix(".json")
    picture = path if path != sidecar else _picture_beside(sidecar)
    if picture is None or not is_file(sidecar):
        return []
    with readable(picture) as file:
        kind = format_in(head_of(file))
        text = _embedded(file, kind).record if kind and kind != "json" else None
        inside = read_record(text) if text is not None else None
    return _differences(inside, read_record_of(sidecar)) if inside else []


def _picture_beside(sidecar: Path) -> Path | None:
    beside = (sidecar.with_suffix(suffix) for suffix in SUFFIXES)
    return next((path for path in beside if is_file(path)), None)


def _differences(one: Record, other: Record) -> list[str]:
    left, right = (_flat(record.model_dump(mode="json", by_alias=True)) for record in (one, other))
    names = [*left, *(name for name in right if name not in left)]
    of_file = ("image.lossy", "image.quality")  # not the picture's: fox.jpg beside fox.png
    return [name for name in names if left.get(name) != right.get(name) and name not in of_file]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


@contextmanager
def readable(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, open; whatever is wrong with it becomes an error that names it."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("is a folder, not a file")
        if not stat.S_ISREG(mode):  # a pipe or a device could keep us waiting for ever
            raise InputError("is not a regular file")
        with path.open("rb") as file:
            yield file
    except InputError as error:
        message = f"{path}: {error}"
        raise InputError(message, hint=error.hint, details=error.details) from error.__cause__
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read ({reason})") from error


def head_of(file: BinaryIO) -> bytes:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise InputError("is empty")
    return head


def _embedded(file: BinaryIO, kind: Format) -> _Found:
    if kind == "png":
        texts = png_texts(file)
        foreign = next((word for word in (SHEET, *_FOREIGN_KEYWORDS) if word in texts), "")
        return _Found(texts.get("sdgen"), foreign)
    blocks = BLOCKS[kind](file)
    return _Found(record_text(blocks.xmp), _foreign_sign(blocks))


def _foreign_sign(blocks: Blocks) -> str:
    """`parameters` where EXIF holds A1111's text in one of the encodings that programs use."""
    encodings = ("utf-16-be", "utf-16-le", "ascii")
    found = any("Steps: ".encode(encoding) in blocks.exif for encoding in encodings)
    return "parameters" if found else ""


def _without_record(path: Path, found: _Found, *, beside: str = "") -> NoRecordError:
    if found.foreign == SHEET:
        hint = "if it is a grid, --cell 2,3 draws one of them again"
        return NoRecordError(f"{path}: is a sheet of several pictures", hint=hint)
    message = f"{path}: has no record of sdgen"
    if found.foreign:
        message += f", only {found.foreign!r} of another program"
    hint = "a program that saved it again may have dropped it" if not found.foreign else ""
    return NoRecordError(message, hint=hint, details=filter(None, [beside]))
