"""Taking everything out of a picture's file but its pixels, which are not so much as decoded.

Chunks and segments that are kept are copied byte by byte. What stays is what decides how pixels
look: palettes, transparency, colour profiles, frames of an animation, how a photograph is turned.
"""

import io
import struct
from collections.abc import Iterator

from sdgen.errors import InputError
from sdgen.files.formats import format_in
from sdgen.files.isobmff import PICTURE_BOXES, XMP_TYPE, avif_items, top_boxes
from sdgen.files.png import SIGNATURE, text_chunk
from sdgen.files.segments import JPEG_EXIF, JPEG_XMP
from sdgen.metadata.exif import orientation
from sdgen.metadata.xmp import AI_MADE, bare_mark

PNG_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
     b"sBIT", b"acTL", b"fcTL", b"fdAT")
)  # fmt: skip
WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
WEBP_FLAGS = 0x08 | 0x04
"""Of VP8X: there is EXIF, there is XMP."""

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_JFIF, _APP1, _APP2, _APP14, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_PROFILE = b"ICC_PROFILE\0"

_DAMAGED = "a damaged picture: its pieces do not fit"


def stripped(data: bytes, *, keep_mark: bool = True) -> bytes:
    """The file `data` (PNG, JPEG, WebP or AVIF) without anything but its pixels.

    Args:
        data: The whole file.
        keep_mark: Leave the mark that a model made the picture (IPTC's digital source type), if
            the file has it, and nothing else.

    Raises:
        InputError: It is none of these, or damaged.
    """
    is_marked = keep_mark and AI_MADE.encode() in data
    kind = format_in(data[:16])
    if kind == "png":
        return _png(data, is_marked=is_marked)
    if kind == "jpeg":
        return _jpeg(data, is_marked=is_marked)
    if kind == "webp":
        return _webp(data, is_marked=is_marked)
    if kind == "avif":
        return _avif(data, is_marked=is_marked)
    raise InputError("is no PNG, JPEG, WebP or AVIF")


def _png(data: bytes, *, is_marked: bool) -> bytes:
    kept = [SIGNATURE]
    for kind, chunk in _png_chunks(data):
        if kind == b"IDAT" and is_marked:
            kept.append(text_chunk("XML:com.adobe.xmp", bare_mark()))
            is_marked = False
        if kind in PNG_KEPT:
            kept.append(chunk)
    return b"".join(kept)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and all bytes of each chunk up to the end of the picture, whatever follows it."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end
    raise InputError(_DAMAGED)


def _jpeg(data: bytes, *, is_marked: bool) -> bytes:
    kept, own = [data[:2]], b""
    for marker, segment in _jpeg_segments(data):
        if marker == _APP1 and segment[4:].startswith(JPEG_EXIF):
            own = own or _turned(segment[4:])
        elif not _is_told(marker, segment):
            kept.append(segment)
    mark = _segment(_APP1, JPEG_XMP + bare_mark().encode()) if is_marked else b""
    after_jfif = 2 if kept[1:] and kept[1][1] == _JFIF else 1
    return b"".join([*kept[:after_jfif], own, mark, *kept[after_jfif:]])


def _is_told(marker: int, segment: bytes) -> bool:
    """Whether a segment tells something and decides no pixel."""
    if marker == _COMMENT:
        return True
    is_pixels = marker in (_JFIF, _APP14) or (marker == _APP2 and segment[4:].startswith(_PROFILE))
    return marker in _APPLICATION and not is_pixels


def _turned(block: bytes) -> bytes:
    """An EXIF segment that says how the picture is turned, and nothing else; empty if it is not."""
    way = orientation(block)
    if way in (None, 1):
        return b""
    entry = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, way, 0, 0)
    return _segment(_APP1, JPEG_EXIF + b"MM\0\x2a\0\0\0\x08" + entry)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and all bytes of each segment; a scan comes with its pixels; the end ends it."""
    at = 2
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
            continue
        if marker == _END_OF_IMAGE:
            yield marker, data[at : at + 2]
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _START_OF_SCAN:
            end = _end_of_scan(data, end)
        if not at + 4 <= end <= len(data):
            break
        yield marker, data[at:end]
        at = end
    raise InputError(_DAMAGED)


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands that is neither a stuffed byte nor a restart."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] not in (0, *range(0xD0, 0xD8)):
            return at
        at += 2
    return len(data) + 1


def _webp(data: bytes, *, is_marked: bool) -> bytes:
    kept = []
    for kind, chunk in _webp_chunks(data):
        if kind not in WEBP_KEPT:
            continue
        if kind == b"VP8X":
            flags = chunk[8] & ~WEBP_FLAGS | (0x04 if is_marked else 0)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]  # noqa: PLW2901  # the same chunk
        kept.append(chunk)
    if is_marked:
        body = bare_mark().encode()
        kept.append(struct.pack("<4sI", b"XMP ", len(body)) + body + b"\0" * (len(body) % 2))
    whole = b"WEBP" + b"".join(kept)
    return struct.pack("<4sI", b"RIFF", len(whole)) + whole


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and all bytes, its filling too, of each chunk inside the length that the file says."""
    most = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    if most > len(data):
        raise InputError(_DAMAGED)
    while at + 8 <= most:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if end > most:
            raise InputError(_DAMAGED)
        yield kind, data[at:end]
        at = end


def _avif(data: bytes, *, is_marked: bool) -> bytes:
    """Nothing is moved, since places in the file are counted: the bytes of EXIF and XMP become 0.

    And their kind one that no reader looks for. The mark stays as XMP if there is room for it.
    """
    kept, end = _picture_boxes(data)
    mark = bare_mark().encode() if is_marked else b""
    for item in avif_items(io.BytesIO(data)):
        if not item.extents:
            raise InputError("keeps its EXIF or XMP where it cannot be removed")
        room = item.extents[0][1] if item.kind == XMP_TYPE else 0
        for at, length in item.extents:
            if at + length > end:
                raise InputError(_DAMAGED)
            kept[at : at + length] = bytes(length)
        if mark and len(mark) <= room and len(item.extents) == 1:
            at = item.extents[0][0]
            kept[at : at + room] = mark.ljust(room)
            mark = b""
        else:
            kept[item.said_at : item.said_at + 4] = b"skip"
    return bytes(kept[:end])


def _picture_boxes(data: bytes) -> tuple[bytearray, int]:
    """The file with its other boxes empty and called free, and where its last one of pixels ends.

    Raises:
        InputError: It is damaged, or its boxes are not those that are known.
    """
    kept, seen, end = bytearray(data), [], 0
    for kind, begin, start, box_end in top_boxes(io.BytesIO(data)):
        if kind in PICTURE_BOXES:
            end = box_end
            seen.append(kind)
        else:
            kept[begin + 4 : begin + 8] = b"free"
            kept[start:box_end] = bytes(box_end - start)
    if seen.count(b"meta") + seen.count(b"moov") == 0 or seen.count(b"meta") > 1:
        raise InputError("is an AVIF file of a build that is not known")
    return kept, end
