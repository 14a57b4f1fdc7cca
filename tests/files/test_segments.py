import io
import struct

import pytest

from sdgen.errors import InputError
from sdgen.files.segments import Blocks, exif_with_comment, jpeg_blocks, webp_blocks

XMP = b"http://ns.adobe.com/xap/1.0/\0"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(*segments: bytes) -> io.BytesIO:
    return io.BytesIO(b"\xff\xd8" + b"".join(segments) + b"\xff\xda")


def webp(*chunks: tuple[bytes, bytes]) -> io.BytesIO:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for kind, data in chunks
    )
    return io.BytesIO(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)


def test_blocks_of_a_jpeg_are_found_among_others():
    file = jpeg(
        segment(0xE0, b"JFIF\0"), b"\xff\xff", b"\xff\xd0",
        segment(0xE1, XMP + b"one"), segment(0xE1, b"Exif\0\0two"), segment(0xE1, XMP + b"more"),
    )  # fmt: skip
    assert jpeg_blocks(file) == Blocks(exif=b"Exif\0\0two", xmp=b"one")


def test_comment_of_a_jpeg_is_read():
    file = jpeg(segment(0xFE, b"one"), segment(0xFE, b"two"))
    assert jpeg_blocks(file) == Blocks(comment=b"one")


def test_what_follows_the_pixels_is_not_read():
    file = io.BytesIO(jpeg().getvalue() + segment(0xE1, XMP + b"late"))
    assert jpeg_blocks(file) == Blocks()


def test_odd_chunks_of_a_webp_are_padded():
    file = webp((b"VP8L", b"abc"), (b"XMP ", b"one"), (b"JUNK", b"x"), (b"EXIF", b"two"))
    assert webp_blocks(file) == Blocks(exif=b"two", xmp=b"one")


def test_oversized_chunk_of_a_webp_is_skipped():
    assert webp_blocks(webp((b"XMP ", b"x" * (2**20 + 1)), (b"EXIF", b"two"))).exif == b"two"


@pytest.mark.parametrize(
    ("read", "file"),
    [(jpeg_blocks, jpeg(b"\xff\x01" * 10_001)), (webp_blocks, webp(*[(b"JUNK", b"")] * 10_001))],
)
def test_endless_pieces_end(read, file):
    with pytest.raises(InputError, match="too many pieces"):
        read(file)


@pytest.mark.parametrize("read", [jpeg_blocks, webp_blocks])
def test_other_files_are_refused(read):
    with pytest.raises(InputError, match="not a"):
        read(io.BytesIO(b"a red fox in fresh snow"))


def test_comment_is_big_endian_all_through():
    data = exif_with_comment("狐")
    assert data.startswith(b"Exif\0\0MM\0*\0\0\0\x08")
    assert data.endswith(b"UNICODE\0\x72\xd0")
