"""AVIF's boxes, made by hand in the shapes that other writers choose, and broken ones."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.files.formats import can_write, format_named
from sdgen.files.isobmff import XMP_TYPE, avif_blocks
from sdgen.files.segments import MAX_BLOCK_BYTES, Blocks
from tests.metadata.records import refusal

EXIF = b"\0\0\0\6Exif\0\0MM\0*"
XMP = b"<x>a fox</x>"


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


FTYP = box(b"ftyp", b"avif", b"\0\0\0\0", b"avifmif1")


def infe(number: int, kind: bytes, *, version: int = 2, rest: bytes = b"\0") -> bytes:
    wide = ">HH" if version == 2 else ">IH"
    return box(b"infe", bytes([version, 0, 0, 0]), struct.pack(wide, number, 0), kind, rest)


def iinf(*entries: bytes, version: int = 0) -> bytes:
    count = struct.pack(">H" if version == 0 else ">I", len(entries))
    return box(b"iinf", bytes([version, 0, 0, 0]), count, *entries)


def iloc(*items: tuple[int, int, list[tuple[int, int]]], version: int = 1) -> bytes:
    """(number, method, extents); offsets and lengths of four bytes, no base."""
    wide = ">I" if version == 2 else ">H"
    body = b""
    for number, method, extents in items:
        body += struct.pack(wide, number)
        body += struct.pack(">H", method) if version else b""
        body += struct.pack(">HH", 0, len(extents))
        body += b"".join(struct.pack(">II", *extent) for extent in extents)
    count = struct.pack(wide, len(items))
    return box(b"iloc", bytes([version, 0, 0, 0]), b"\x44\0", count, body)


def meta(*boxes: bytes) -> bytes:
    return box(b"meta", b"\0\0\0\0", *boxes)


NAMES = (infe(1, b"av01"), infe(2, b"Exif"), infe(3, b"mime", rest=b"\0" + XMP_TYPE + b"\0"))


@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_are_found_where_they_lie(version):
    at = len(FTYP) + 8
    places = iloc((2, 0, [(at, len(EXIF))]), (3, 0, [(at + len(EXIF), 4), (at + len(EXIF) + 4, 8)]),
                  version=version)  # fmt: skip
    names = iinf(*NAMES, version=1 if version == 2 else 0)
    file = FTYP + box(b"mdat", EXIF, XMP) + meta(box(b"hdlr"), names, places)
    assert avif_blocks(io.BytesIO(file)) == Blocks(exif=b"MM\0*", xmp=XMP)


def test_items_may_lie_in_the_list_itself():
    names = iinf(*(infe(n, kind, version=3) for n, kind in ((2, b"Exif"), (9, b"hvc1"))))
    whole = meta(names, iloc((2, 1, [(3, len(EXIF))])), box(b"idat", b"...", EXIF))
    assert avif_blocks(io.BytesIO(FTYP + whole)).exif == b"MM\0*"


def test_a_box_may_have_a_long_length_or_reach_to_the_end():
    whole = meta(iinf(*NAMES), iloc((3, 1, [(0, len(XMP))])), box(b"idat", XMP))
    long = struct.pack(">I4sQ", 1, b"free", 20) + b"abcd"
    assert avif_blocks(io.BytesIO(FTYP + long + whole)).xmp == XMP
    open_ended = struct.pack(">I4s", 0, b"meta") + whole[8:]
    assert avif_blocks(io.BytesIO(FTYP + open_ended)).xmp == XMP


def test_other_files_of_the_family_have_nothing():
    assert avif_blocks(io.BytesIO(FTYP)) == Blocks()
    assert avif_blocks(io.BytesIO(FTYP + meta(iinf(*NAMES)))) == Blocks()
    other = infe(3, b"mime", rest=b"\0text/plain\0")
    found = meta(iinf(other), iloc((3, 1, [(0, 4)])), box(b"idat", b"text"))
    assert avif_blocks(io.BytesIO(FTYP + found)) == Blocks()


def test_items_too_large_for_a_recipe_are_left_out():
    whole = meta(iinf(*NAMES), iloc((3, 0, [(0, MAX_BLOCK_BYTES + 1)])))
    assert avif_blocks(io.BytesIO(FTYP + whole)) == Blocks()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (box(b"moov"), "not an AVIF file"), (FTYP + b"abc", "ends too early"),
        (FTYP + struct.pack(">I4s", 99, b"meta"), "ends too early"),
        (FTYP + struct.pack(">I4s", 4, b"meta"), "ends too early"),
        (FTYP + meta(iinf(*NAMES), iloc((3, 0, [(900, 4)]))), "ends too early"),
        (FTYP + meta(b"\0\0\0\3abcd"), "damaged"),
        (FTYP + meta(iinf(*NAMES), box(b"iloc", b"\1\0\0\0\x44\0\0\7")), "damaged"),
        (FTYP + box(b"free") * 10_001, "too many pieces"),
        (FTYP + box(b"meta", b"\0" * 2**22, b"12345"), "too much to tell"),
    ],
)  # fmt: skip
def test_broken_files_are_one_line(data, reason):
    with pytest.raises(InputError, match=reason):
        avif_blocks(io.BytesIO(data))


@given(st.data())
def test_any_damage_is_read_or_refused(data):
    whole = FTYP + meta(iinf(*NAMES), iloc((2, 1, [(0, 14)]), (3, 0, [(9, 9)])), box(b"idat", EXIF))
    at = data.draw(st.integers(0, len(whole)))
    noise = data.draw(st.binary(max_size=6))
    refusal(avif_blocks, io.BytesIO(whole[:at] + noise + whole[at + len(noise) :]))


def test_a_pillow_without_avif_is_told(monkeypatch):
    monkeypatch.setattr("PIL.features.check", lambda name: False)
    assert can_write("png")
    with pytest.raises(InputError, match="built without AVIF") as refused:
        format_named("avif")
    assert "pip install" in refused.value.hint
