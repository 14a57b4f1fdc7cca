"""JPEG and WebP from the outside: EXIF, XMP and comments, without decoding pixels."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sdgen.errors import InputError

MAX_BLOCK_BYTES = 2**20
MAX_BLOCKS = 10_000

JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
JPEG_EXIF = b"Exif\0\0"
_START_OF_SCAN, _END_OF_IMAGE, _APP1, _COMMENT = 0xDA, 0xD9, 0xE1, 0xFE
_WITHOUT_BODY = (0x01, *range(0xD0, 0xD9))


@dataclass(frozen=True, slots=True)
class Blocks:
    """What stands beside the pixels; empty where there is none."""

    exif: bytes = b""
    xmp: bytes = b""
    comment: bytes = b""


def exif_with_comment(text: str) -> bytes:
    """An EXIF block, from `Exif`, whose only entry is the UserComment `text`, in UTF-16BE.

    Big-endian throughout: many readers of `UNICODE` comments assume it.

    Source: EXIF 2.32, 4.6.5 (tag 0x9286); TIFF 6.0, section 2, for the directories.
    """
    comment = b"UNICODE\0" + text.encode("utf-16-be")
    pointer = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)  # directory 0: one LONG, at byte 26
    entry = struct.pack(">HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    return JPEG_EXIF + b"MM\0\x2a\0\0\0\x08" + pointer + entry + comment


def jpeg_blocks(file: BinaryIO) -> Blocks:
    """EXIF, XMP and comment of a JPEG file, read up to its pixels.

    Raises:
        InputError: The file is no JPEG or ends before its pixels.
    """
    exif = xmp = comment = b""
    for marker, body in _jpeg_segments(file):
        if marker == _APP1 and body.startswith(JPEG_EXIF):
            exif = exif or body
        if marker == _APP1 and body.startswith(JPEG_XMP):
            xmp = xmp or body.removeprefix(JPEG_XMP)
        if marker == _COMMENT:
            comment = comment or body
    return Blocks(exif, xmp, comment)


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    if file.read(2) != b"\xff\xd8":
        raise InputError("not a JPEG file")
    for _ in range(MAX_BLOCKS):
        head = file.read(2)
        if len(head) < 2:
            raise InputError("a JPEG file that ends too early")
        if head[0] != 0xFF:
            raise InputError("a damaged JPEG file")
        if head[1] in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        if head[1] == 0xFF:  # padding before a marker
            file.seek(-1, 1)
        elif head[1] not in _WITHOUT_BODY:
            yield head[1], _jpeg_body(file)
    raise InputError("a JPEG file in too many pieces")


def _jpeg_body(file: BinaryIO) -> bytes:
    size = file.read(2)
    length = int.from_bytes(size, "big") - 2
    body = file.read(max(length, 0))
    if len(size) < 2 or len(body) < length:
        raise InputError("a JPEG file that ends too early")
    return body


def webp_blocks(file: BinaryIO) -> Blocks:
    """EXIF and XMP of a WebP file, wherever they stand.

    Raises:
        InputError: The file is no WebP or ends too early.
    """
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise InputError("not a WebP file")
    found: dict[bytes, bytes] = {}
    for _ in range(MAX_BLOCKS):
        header = file.read(8)
        if len(header) < 8:
            return Blocks(found.get(b"EXIF", b""), found.get(b"XMP ", b""))
        kind, length = struct.unpack("<4sI", header)
        if kind in (b"EXIF", b"XMP ") and length <= MAX_BLOCK_BYTES:
            found.setdefault(kind, _webp_body(file, length))
            length = 0
        file.seek(length + length % 2, 1)
    raise InputError("a WebP file in too many pieces")


def _webp_body(file: BinaryIO, length: int) -> bytes:
    body = file.read(length + length % 2)
    if len(body) < length:
        raise InputError("a WebP file that ends too early")
    return body[:length]
