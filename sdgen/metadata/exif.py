"""EXIF from the outside: the few text tags in which programs keep their recipes.

Source: TIFF 6.0, section 2; EXIF 2.32, 4.6 (tags 0x9286 UserComment, 0x927C MakerNote).
"""

import struct
from collections.abc import Iterator

MOST_ENTRIES = 500
MOST_BYTES = 2**20

_TAGS = {
    0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software",
    0x9286: "UserComment", 0x927C: "MakerNote",
}  # fmt: skip
_EXIF_DIRECTORY = 0x8769
_ORIENTATION = 0x0112
_SHORT, _LONG = 3, 4
_TEXTS = (1, 2, 7)
"""BYTE, ASCII, UNDEFINED: programs write a UserComment as any of them, standard or not."""


def exif_texts(block: bytes) -> dict[str, str]:
    """Tag name → text of an EXIF block, `Exif` in front or not; what is broken is absent."""
    data = block.removeprefix(b"Exif\0\0")[:MOST_BYTES]
    order = {b"MM\0\x2a": ">", b"II\x2a\0": "<"}.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    found: dict[str, str] = {}
    directories = [struct.unpack_from(f"{order}I", data, 4)[0]]
    for at in directories:
        for tag, kind, value in _entries(data, order, at):
            if tag == _EXIF_DIRECTORY and kind == _LONG and len(directories) < 2:
                directories.append(struct.unpack(f"{order}I", value)[0])
            elif kind in _TEXTS and _TAGS.get(tag, "") not in ("", *found):
                found[_TAGS[tag]] = _text(tag, value)
    return found


def orientation(block: bytes) -> int | None:
    """How the picture of an EXIF block is turned, 1 (not) to 8; None where it does not say."""
    data = block.removeprefix(b"Exif\0\0")[:MOST_BYTES]
    order = {b"MM\0\x2a": ">", b"II\x2a\0": "<"}.get(data[:4])
    if order is None or len(data) < 8:
        return None
    [at] = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        return None
    count = min(struct.unpack_from(f"{order}H", data, at)[0], MOST_ENTRIES)
    for place in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, _, way = struct.unpack_from(f"{order}HHIH", data, place)
        if (tag, kind) == (_ORIENTATION, _SHORT) and 1 <= way <= 8:
            return int(way)
    return None


def _entries(data: bytes, order: str, at: int) -> Iterator[tuple[int, int, bytes]]:
    """Tag, type and bytes of each entry of the directory at `at`, as far as it is whole."""
    if at + 2 > len(data):
        return
    count = min(struct.unpack_from(f"{order}H", data, at)[0], MOST_ENTRIES)
    for place in range(at + 2, at + 2 + 12 * count, 12):
        if place + 12 > len(data):
            return
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, place)
        size = 4 * length if kind == _LONG else length
        start = place + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, place + 8)[0]
        if size and start + size <= len(data):
            yield tag, kind, data[start : start + size][: MOST_BYTES if kind != _LONG else 4]


def _text(tag: int, value: bytes) -> str:
    if _TAGS[tag] != "UserComment":
        return _utf8(value)
    mark, body = value[:8], value[8:]
    if mark == b"UNICODE\0":
        return _wide(body)
    is_marked = mark in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", b"\0" * 8)
    return _utf8(body if is_marked else value)


def _utf8(value: bytes) -> str:
    return value.decode("utf-8", errors="replace").strip("\0")


def _wide(body: bytes) -> str:
    """UTF-16 as the standard asks, or what programs write instead: whatever has the most ASCII.

    Every recipe has ASCII in it, and read by the wrong order or width it has almost none.
    """
    readings = [body.decode("utf-16-be", "replace"), body.decode("utf-16-le", "replace")]
    if b"\0" not in body.strip(b"\0"):
        readings.append(_utf8(body))
    return max(readings, key=_ascii_letters).strip("\0\ufeff")


def _ascii_letters(text: str) -> int:
    return sum(" " <= character <= "~" for character in text)
