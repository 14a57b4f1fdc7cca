"""Pictures with their record inside: made in one go, and read back without trusting the file.

PNG and WebP hold the exact pixels, so a record in them can be verified against its own file. JPEG
and AVIF cannot: the record says so (`image.lossy`) and keeps the fingerprint of the pixels as
drawn, which a picture drawn again is compared with.
"""

import io
from typing import Any

from PIL import Image

from sdgen.errors import GenerationError
from sdgen.files.formats import LARGEST, Format, Inside, unfit
from sdgen.files.png import encode_png
from sdgen.files.segments import exif_with_comment
from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.record import Record
from sdgen.metadata.xmp import xmp_packet

JPEG_QUALITY = 95
AVIF_QUALITY = 95
LOSSY: tuple[Format, ...] = ("jpeg", "avif")
"""Formats of which another decoder may show other pixels than were drawn."""

_XMP = "XML:com.adobe.xmp"
MAX_PARAMETERS_BYTES = 2**16 - 128
"""A1111 text above this is left out: JPEG cannot hold it, and the record says the same and more."""

MAX_RECORD_BYTES: dict[Format, int] = {
    "png": 2**18, "webp": 2**18, "avif": 2**18, "jpeg": 65_504
}  # fmt: skip
"""The largest record, with its packet, that each format gets. JPEG's is the format's own limit; the
others hold every prompt that the settings allow (10,000 characters, twice, of 4 bytes)."""


def encode(
    image: Image.Image,
    record: Record,
    format: Format = "png",
    inside: Inside = "record",
    quality: int | None = None,
) -> bytes:
    """`image` as a file of `format` with everything in it that makes it again, or with less.

    An image in another mode is converted to RGB; the record is written as `record_in` gives it.
    `quality`, 1 to 100, is of a lossy file; None is as `options_of` has it.

    Raises:
        GenerationError: Record or picture is larger than `format` can hold, or cannot be encoded.
    """
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    kept = record_in(record, format, quality)
    if format == "png":
        return _as_png(rgb, kept, inside)
    if reason := unfit(rgb.size, format):
        raise GenerationError(reason, hint=LARGEST)
    file = io.BytesIO()
    exif, xmp = _blocks(kept, format, inside)
    options = options_of(format, quality)
    try:
        rgb.save(file, format.upper(), exif=exif, xmp=xmp, **options)
    except (OSError, ValueError, RuntimeError) as error:  # whatever else the library refuses
        reason = " ".join(str(error).split())
        raise GenerationError(
            f"{format} cannot hold the picture: {reason}", hint=LARGEST
        ) from error
    return file.getvalue()


def record_in(record: Record, format: Format, quality: int | None = None) -> Record:
    """The record for a file of `format` and its sidecar, which says if the pixels are exact.

    Those of a lossy file are not, whatever it is converted to. Where the format has no room for the
    records of what the picture was drawn from, they are left out, not the picture.
    """
    is_lossy = format in LOSSY or quality is not None or record.image.lossy
    kept = {"lossy": is_lossy, "quality": quality or record.image.quality}
    whole = record.model_copy(update={"image": record.image.model_copy(update=kept)})
    if not any(source.record for source in record.sources):
        return whole
    packet = xmp_packet(whole, with_record=True)  # the longest form, with XML's own escapes
    if len(packet.encode()) <= MAX_RECORD_BYTES[format]:
        return whole
    bare = [source.model_copy(update={"record": None}) for source in record.sources]
    return whole.model_copy(update={"sources": bare})


def options_of(format: Format, quality: int | None = None) -> dict[str, Any]:
    """What Pillow gets to write a file of `format`.

    JPEG and AVIF have full colour resolution, since halved colours smear red and blue outlines; at
    quality 95 AVIF takes a quarter of PNG's bytes and is at most a dozen levels off. WebP is
    lossless unless it has a quality, at the method that takes a third of the default's time for 1
    to 15 % more bytes.
    """
    if format == "jpeg":
        return {"quality": quality or JPEG_QUALITY, "subsampling": 0}
    if format == "avif":
        return {"quality": quality or AVIF_QUALITY, "subsampling": "4:4:4", "speed": 6}
    if format == "webp":
        return {"quality": quality} if quality else {"lossless": True, "method": 1, "quality": 20}
    return {}


def _as_png(image: Image.Image, record: Record, inside: Inside) -> bytes:
    if inside != "record":
        return encode_png(image, {_XMP: _mark(record, inside)})
    texts = {"sdgen": record.to_json()}
    _check_length(texts["sdgen"].encode(), "png")
    parameters = parameters_text(record)
    if len(parameters.encode()) <= MAX_PARAMETERS_BYTES:
        texts["parameters"] = parameters
    texts[_XMP] = xmp_packet(record, with_record=False)
    return encode_png(image, texts)


def _mark(record: Record, inside: Inside) -> str:
    return xmp_packet(record, with_record=False, with_origin=inside == "origin")


def seen_as(format: Format, image: Image.Image, quality: int | None = None) -> Image.Image:
    """The pixels that a file of a lossy format, as `encode` makes it of `image`, shows."""
    file = io.BytesIO()
    image.convert("RGB").save(file, format.upper(), **options_of(format, quality))
    with Image.open(file) as shown:
        return shown.convert("RGB")


def _blocks(record: Record, format: Format, inside: Inside) -> tuple[bytes, bytes]:
    """EXIF with the A1111 text, and XMP with the record."""
    if inside != "record":
        return b"", _mark(record, inside).encode()
    xmp = xmp_packet(record, with_record=True).encode()
    _check_length(xmp, format)
    text = parameters_text(record)
    fits = len(text.encode("utf-16-be")) <= MAX_PARAMETERS_BYTES
    return exif_with_comment(text) if fits else b"", xmp


def _check_length(text: bytes, format: Format) -> None:
    most = MAX_RECORD_BYTES[format]
    if len(text) > most:
        raise GenerationError(
            f"the record of this picture takes {len(text):,} bytes; {format} holds {most:,}",
            hint="shorten the prompt" if format != "jpeg" else "write PNG, or shorten the prompt",
        )
