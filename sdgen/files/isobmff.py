"""AVIF from the outside: where its EXIF and XMP lie, without decoding pixels.

AVIF is a HEIF file: boxes of a length and a kind, one of which, `meta`, lists items and where their
bytes are. Source: ISO/IEC 14496-12 (boxes, `iinf`, `iloc`, `idat`), 23008-12 (HEIF), AV1 Image File
Format. Everything is bounded: boxes, items, bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sdgen.errors import InputError
from sdgen.files.segments import MAX_BLOCK_BYTES, MAX_BLOCKS, Blocks

MAX_META_BYTES = 2**22
MAX_ITEMS, MAX_EXTENTS = 1000, 100
XMP_TYPE = b"application/rdf+xml"
_TOO_EARLY = "an AVIF file that ends too early"
_DAMAGED = "a damaged AVIF file"
_TOO_MUCH = "an AVIF file with too much to tell"

PICTURE_BOXES = frozenset((b"ftyp", b"meta", b"moov", b"mdat"))
"""What a picture is made of; any other box at the top decides no pixel."""


@dataclass(frozen=True, slots=True)
class Item:
    """What `meta` says of one item: its kind, where that word stands, and where its bytes are.

    `extents` are (place in the file, length); none where the bytes are kept in another way.
    """

    kind: bytes
    said_at: int
    extents: tuple[tuple[int, int], ...]


def avif_blocks(file: BinaryIO) -> Blocks:
    """EXIF and XMP of an AVIF file.

    Raises:
        InputError: It is no AVIF file, damaged, or ends too early.
    """
    found: dict[bytes, bytes] = {}
    for item in avif_items(file):
        if item.extents and item.kind not in found:
            found[item.kind] = _bytes_of(file, item)
    exif = found.get(b"Exif", b"")
    skipped = int.from_bytes(exif[:4], "big") + 4  # the offset of the TIFF header, then the header
    return Blocks(exif[skipped:] if skipped < len(exif) else b"", found.get(XMP_TYPE, b""))


def avif_items(file: BinaryIO) -> list[Item]:
    """The EXIF and XMP items of an AVIF file, in their order.

    Raises:
        InputError: As `avif_blocks`.
    """
    for kind, _, start, end in top_boxes(file):
        if kind == b"meta":
            if end - start > MAX_META_BYTES:
                raise InputError(_TOO_MUCH)
            file.seek(start)
            data = file.read(end - start)
            if len(data) < end - start:
                raise InputError(_TOO_EARLY)
            try:
                return list(_items(data, start))
            except (struct.error, IndexError) as error:
                raise InputError(_DAMAGED) from error
    return []


def top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, where it begins, and where its content begins and ends, of each box of the file.

    Bytes that are no box end it where the picture is whole: they hang behind it.

    Raises:
        InputError: It is no AVIF file, ends too early, or has too many boxes.
    """
    size = file.seek(0, 2)
    at = 0
    seen: set[bytes] = set()
    for number in range(MAX_BLOCKS):
        file.seek(at)
        head = file.read(16)
        if not head:
            return
        kind, start, end = _bounds(head, at, size)
        if number == 0 and kind != b"ftyp":
            raise InputError("not an AVIF file")
        if end < start or end > size:
            if _is_whole(seen) and kind not in PICTURE_BOXES:
                return
            raise InputError(_TOO_EARLY)
        yield kind, at, start, end
        seen.add(kind)
        at = end
    raise InputError("an AVIF file in too many pieces")


def _bounds(head: bytes, at: int, size: int) -> tuple[bytes, int, int]:
    """Kind, and where its content begins and ends, of the box at `at`; it may say nonsense."""
    if len(head) < 8:
        return b"", at + 8, at + 8
    length, kind = struct.unpack(">I4s", head[:8])
    start = at + 8
    if length == 1 and len(head) == 16:
        length, start = int.from_bytes(head[8:], "big"), at + 16
    return kind, start, size if length == 0 else at + length


def _is_whole(seen: set[bytes]) -> bool:
    return b"mdat" in seen and not seen.isdisjoint((b"meta", b"moov"))


def _items(meta: bytes, offset: int) -> Iterator[Item]:
    """The items that tell of the picture; `offset` is where `meta` begins in the file."""
    boxes = {kind: (start, end) for kind, start, end in _boxes(meta, 4, len(meta))}
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return
    data_at = offset + boxes[b"idat"][0] if b"idat" in boxes else None
    places = dict(_places(meta, *boxes[b"iloc"], data_at))
    for number, kind, said_at in _kinds(meta, *boxes[b"iinf"]):
        if number in places:
            yield Item(kind, offset + said_at, places[number])


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8 or at + length > end:
            raise InputError(_DAMAGED)
        yield kind, at + 8, at + length
        at += length


def _kinds(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, int]]:
    """Number, kind and where that stands, of EXIF and XMP among the items of `iinf`."""
    first = start + (6 if data[start] == 0 else 8)
    for number, (kind, at, box_end) in enumerate(_boxes(data, first, end)):
        version = data[at]
        if number >= MAX_ITEMS:
            raise InputError(_TOO_MUCH)
        if kind != b"infe" or version < 2:
            continue
        wide = 2 if version == 2 else 4
        item = int.from_bytes(data[at + 4 : at + 4 + wide], "big")
        said_at = at + 4 + wide + 2
        said = data[said_at : said_at + 4]
        _, _, rest = data[said_at + 4 : box_end].partition(b"\0")
        if said == b"Exif":
            yield item, said, said_at
        elif said == b"mime" and rest.partition(b"\0")[0] == XMP_TYPE:
            yield item, XMP_TYPE, said_at


def _places(
    data: bytes, start: int, end: int, data_at: int | None
) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Item number → extents in the file; none where they are neither in it nor in `idat`."""
    version, sizes = data[start], data[start + 4 : start + 6]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in (1, 2) else 0
    reader = _Reader(data[:end], start + 6)
    wide = 4 if version == 2 else 2
    for _ in range(_bounded(reader.number(wide), MAX_ITEMS)):
        item = reader.number(wide)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(_bounded(reader.number(2), MAX_EXTENTS)):
            reader.number(index_size)
            extents.append((base + reader.number(offset_size), reader.number(length_size)))
        if method == 0:
            yield item, tuple(extents)
        elif method == 1 and data_at is not None:
            yield item, tuple((data_at + at, length) for at, length in extents)
        else:
            yield item, ()


def _bounded(count: int, most: int) -> int:
    if count > most:
        raise InputError(_TOO_MUCH)
    return count


class _Reader:
    """Numbers one after the other, big-endian."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def number(self, size: int) -> int:
        found = self._data[self._at : self._at + size]
        if len(found) < size:
            raise InputError(_DAMAGED)
        self._at += size
        return int.from_bytes(found, "big")


def _bytes_of(file: BinaryIO, item: Item) -> bytes:
    """The bytes of an item; none where it is too large to be a recipe."""
    if sum(length for _, length in item.extents) > MAX_BLOCK_BYTES:
        return b""
    parts, size = [], file.seek(0, 2)
    for at, length in item.extents:
        if at + length > size:
            raise InputError(_TOO_EARLY)
        file.seek(at)
        parts.append(file.read(length))
    return b"".join(parts)
