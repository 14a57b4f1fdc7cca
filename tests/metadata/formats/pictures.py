"""Pictures as other programs write them: by Pillow, which nothing of sdgen has a part in."""

import io
from collections.abc import Mapping

from PIL import Image
from PIL.PngImagePlugin import PngInfo

EXIF_IFD = 0x8769
USER_COMMENT = 0x9286
TAGS = {"ImageDescription": 0x010E, "Make": 0x010F, "Model": 0x0110, "Software": 0x0131}
MAKER_NOTE = 0x927C


def utf16(text: str) -> bytes:
    """A UserComment as A1111 writes it."""
    return b"UNICODE\0" + text.encode("utf-16-be")


def exif(comment: bytes = b"", **tags: str) -> bytes:
    """An EXIF block with a UserComment of these very bytes, and text tags by name."""
    found = Image.Exif()
    for name, text in tags.items():
        if name == "MakerNote":
            found.get_ifd(EXIF_IFD)[MAKER_NOTE] = text
        else:
            found[TAGS[name]] = text
    if comment:
        found.get_ifd(EXIF_IFD)[USER_COMMENT] = comment
    return found.tobytes()


def png(texts: Mapping[str, str] | None = None, exif: bytes = b"") -> bytes:
    """A grey pixel in a PNG with texts, as tEXt where Latin-1 can hold them."""
    info = PngInfo()
    for keyword, text in (texts or {}).items():
        info.add_text(keyword, text)
    file = io.BytesIO()
    Image.new("L", (1, 1), 128).save(file, "PNG", pnginfo=info, exif=exif)
    return file.getvalue()


def jpeg(**blocks: bytes) -> bytes:
    """A grey pixel in a JPEG with `exif`, `xmp` or `comment`."""
    file = io.BytesIO()
    Image.new("L", (1, 1), 128).save(file, "JPEG", **blocks)
    return file.getvalue()


def webp(**blocks: bytes) -> bytes:
    """A grey pixel in a WebP with `exif` or `xmp`."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1), "grey").save(file, "WEBP", **blocks)
    return file.getvalue()


def avif(**blocks: bytes) -> bytes:
    """A grey pixel in an AVIF with `exif` or `xmp`."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1), "grey").save(file, "AVIF", **blocks)
    return file.getvalue()
