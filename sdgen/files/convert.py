"""A picture in another format, with what it tells: our record, or another program's texts.

The pixels are those of the file, transparency and colour profile too. What a format has no place
for is named; whether the recipe can still be read, reading the new file tells.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from sdgen.errors import InputError
from sdgen.files.encoding import encode, options_of
from sdgen.files.foreign import carried_by
from sdgen.files.formats import Format, check_side, format_in
from sdgen.files.reading import MAX_PIXELS_READ, head_of, pixels_in, readable
from sdgen.files.segments import exif_with_comment
from sdgen.files.signing import MOST_BYTES_READ, is_signed
from sdgen.metadata.formats.detect import our_text, read_foreign
from sdgen.metadata.formats.foreign import Carried, Foreign
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import Record, pixels_sha256
from sdgen.sources.reading import in_srgb

_XMP = "XML:com.adobe.xmp"
_MAKE, _MODEL, _SOFTWARE, _EXIF, _COMMENT, _NOTE = 0x010F, 0x0110, 0x0131, 0x8769, 0x9286, 0x927C
_OF_RGB = ("RGB", "RGBA", "P", "PA")
"""Modes whose profile is one of RGB."""

MAX_JPEG_BLOCK = 65_500
"""Bytes of EXIF, and of XMP, that a JPEG holds."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The new file, and what of the old one's texts is not in it or not true of it."""

    data: bytes
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enlarger:
    """What enlarges a picture: RGB → larger RGB; so many times, and its name for texts."""

    enlarge: Callable[[Image.Image], Image.Image]
    scale: float
    name: str


def converted(path: Path, format: Format, quality: int | None = None) -> Converted:
    """The picture at `path` as a file of `format`.

    Args:
        path: PNG, JPEG, WebP or AVIF, known by its content.
        format: The wanted one.
        quality: 1 to 100, of a lossy file; None is 95 for JPEG and AVIF, and exact for WebP.

    Raises:
        InputError: It cannot be read, its record is damaged, or the format cannot hold its pixels.
        GenerationError: Its record is larger than the format can hold.
    """
    with readable(path) as file:
        kind = format_in(head_of(file))
        if kind in (None, "json"):
            raise InputError("is no PNG, JPEG, WebP or AVIF")
        carried = carried_by(file)
        signed = _signed(file)
        if text := our_text(carried):
            return _ours(pixels_in(file), read_record(text), format, quality, signed)
        image, told = _in_colour(_whole(file, format))
        found = _anybodys(image, carried, format, quality)
        return Converted(found.data, told + signed + found.notices)


def _signed(file: Any) -> tuple[str, ...]:
    """What is lost where a picture is signed; `file` is at its beginning afterwards."""
    file.seek(0)
    is_lost = is_signed(file.read(MOST_BYTES_READ))
    file.seek(0)
    return ("it is signed (C2PA), and the new file is not",) if is_lost else ()


def enlarged_file(path: Path, format: Format, enlarger: Enlarger) -> Converted:
    """Anybody's picture at `path`, larger, as a file of `format`; its texts go along.

    As A1111 does it, a text `postprocessing` in a PNG says what was done, and its own stay as they
    are. Transparency is enlarged by Lanczos.

    Raises:
        InputError: It cannot be read, or the format cannot hold its pixels.
        SdgenError: It cannot be enlarged.
    """
    with readable(path) as file:
        if format_in(head_of(file)) in (None, "json"):
            raise InputError("is no PNG, JPEG, WebP or AVIF")
        carried = carried_by(file)
        file.seek(0)
        image, told = _in_colour(_whole(file, format))
        told += _signed(file)
    larger = enlarger.enlarge(image.convert("RGB"))
    if image.mode == "RGBA":
        larger.putalpha(image.getchannel("A").resize(larger.size, Image.Resampling.LANCZOS))
    larger.info = {key: image.info[key] for key in ("icc_profile",) if key in image.info}
    done = f"Postprocess upscale by: {enlarger.scale:g}, Postprocess upscaler: {enlarger.name}"
    noted = replace(carried, texts={**carried.texts, "postprocessing": done})
    found = _anybodys(larger, noted, format, None)
    return Converted(found.data, told + found.notices)


def _ours(
    image: Image.Image,
    record: Record,
    format: Format,
    quality: int | None,
    notices: tuple[str, ...],
) -> Converted:
    is_other = not record.image.lossy and record.image.sha256 != pixels_sha256(image)
    told = ("its pixels are not those that its record tells of",) if is_other else ()
    return Converted(encode(image, record, format, quality=quality), told + notices)


def _whole(file: Any, format: Format) -> Image.Image:
    """The pixels, turned as EXIF says, in their own mode, which `format` can hold.

    Raises:
        InputError: They cannot be read, or the format cannot hold them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(file, formats=("PNG", "JPEG", "WEBP", "AVIF"))
            count, pixels = getattr(image, "n_frames", 1), image.width * image.height
            whole = ImageOps.exif_transpose(image) if pixels <= MAX_PIXELS_READ else None
        except Exception as error:  # decoders of hostile bytes raise anything
            raise InputError(f"cannot be read as a picture ({error})") from error
    if whole is None:
        raise InputError(f"{pixels} pixels are more than are read")
    if count > 1:
        raise InputError("is an animation, which is not converted")
    if _has_alpha(whole) and format == "jpeg":
        raise InputError("has transparency, which JPEG cannot hold", hint="--format webp, or png")
    if whole.mode.startswith(("I", "F")):
        raise InputError("has more than 8 bits a colour, which would be lost")
    return whole


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _in_colour(whole: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """As RGB or RGBA, and what is lost: the profile of grey or CMYK explains no RGB.

    Such colours are brought to sRGB, which is what a file without a profile means.
    """
    found = whole.convert("RGBA" if _has_alpha(whole) else "RGB")
    profile = whole.info.get("icc_profile")
    if not profile or whole.mode in _OF_RGB:
        return found, ()
    del found.info["icc_profile"]
    bare = whole if whole.mode == "CMYK" else whole.convert("L")
    srgb = in_srgb(bare, profile)
    if srgb is None:
        return found, (
            f"its colour profile does not fit its pixels ({whole.mode}), and is left out",
        )
    srgb.info.pop("icc_profile", None)  # copied along with the rest
    if found.mode == "RGBA":
        srgb.putalpha(found.getchannel("A"))
    return srgb, ()


def _anybodys(
    image: Image.Image, carried: Carried, format: Format, quality: int | None
) -> Converted:
    """Another program's picture, or nobody's: its texts go where the new format has them."""
    check_side(image.size, format)
    options = options_of(format, quality)
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if format == "png":
        options["pnginfo"] = _png_texts(carried)
    else:
        blocks = {"exif": _exif(carried), "xmp": carried.xmp.encode()}
        most = MAX_JPEG_BLOCK if format == "jpeg" else 2**20
        options |= {name: block for name, block in blocks.items() if 0 < len(block) <= most}
    file = io.BytesIO()
    image.save(file, format.upper(), **options)
    return Converted(file.getvalue(), _lost(carried, file, format))


def _png_texts(carried: Carried) -> PngInfo:
    """In PNG each text has a name of its own."""
    texts = dict(_named_in_png(carried)) | dict(carried.texts)
    info = PngInfo()
    for name, text in texts.items():
        if text.isascii() and name != _XMP:
            info.add_text(name, text)
        else:
            info.add_itxt(name, text)
    return info


def _named_in_png(carried: Carried) -> Iterator[tuple[str, str]]:
    """What other containers keep elsewhere; ComfyUI and Fooocus hide theirs in tags of EXIF."""
    for tag in ("Make", "Model"):
        name, _, text = carried.exif.get(tag, "").partition(":")
        if name.lower() in ("prompt", "workflow"):
            yield name.lower(), text
    own = {
        "parameters": carried.parameters, "fooocus_scheme": carried.exif.get("MakerNote", ""),
        "Software": carried.software, _XMP: carried.xmp,
    }  # fmt: skip
    yield from ((name, text) for name, text in own.items() if text)


def _exif(carried: Carried) -> bytes:
    """EXIF with the texts that have a tag in it, big-endian; nothing where there are none."""
    texts = carried.texts
    tags = {_MAKE: texts.get("workflow") and f"workflow:{texts['workflow']}",
            _MODEL: texts.get("prompt") and f"prompt:{texts['prompt']}",
            _SOFTWARE: carried.software}  # fmt: skip
    tags = {tag: text or carried.exif.get(_NAMES[tag], "") for tag, text in tags.items()}
    note = texts.get("fooocus_scheme") or carried.exif.get("MakerNote", "")
    if not any(tags.values()) and not note:
        return exif_with_comment(carried.parameters) if carried.parameters else b""
    block = Image.Exif()
    block.endian = ">"
    for tag, text in tags.items():
        if text:
            block[tag] = text
    inner = block.get_ifd(_EXIF)
    if carried.parameters:
        inner[_COMMENT] = b"UNICODE\0" + carried.parameters.encode("utf-16-be")
    if note:
        inner[_NOTE] = note.encode()
    return block.tobytes()


_NAMES = {_MAKE: "Make", _MODEL: "Model", _SOFTWARE: "Software"}


def _lost(carried: Carried, file: io.BytesIO, format: Format) -> tuple[str, ...]:
    """What the new file does not say as the old one did."""
    before = read_foreign(carried)
    if before is None:
        return ()
    file.seek(0)
    after = read_foreign(carried_by(file))
    if after == before:
        return ()
    return (f"its recipe ({before.tool}) has no place in {format.upper()}{_rest(after)}",)


def _rest(after: Foreign | None) -> str:
    return ", or not all of it" if after else ""
