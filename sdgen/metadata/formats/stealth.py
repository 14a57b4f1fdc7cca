"""Recipes hidden in a picture's alpha channel, as Forge and NovelAI hide them.

The lowest bits of alpha, column by column from the left: a mark, the number of bits in 32 bits, and
the text, packed or not. Read, and never written: it changes pixels.
"""

import zlib

from sdgen.metadata.formats.facts import lenient_object
from sdgen.metadata.formats.foreign import Carried

MAX_HIDDEN_BYTES = 2**20

_PLAIN, _PACKED = b"stealth_pnginfo", b"stealth_pngcomp"
_MARK_BITS, _LENGTH_BITS = 8 * len(_PLAIN), 32
_LOWEST = bytes(ord("0") + (value & 1) for value in range(256))
_GZIP = 31
"""zlib's word for a stream with gzip's header."""


def hidden_in(alpha: bytes) -> Carried | None:
    """What is hidden in `alpha`, the channel's bytes column by column; None where nothing is.

    NovelAI hides its texts by keyword, others A1111's text.
    """
    text = _hidden_text(alpha)
    if not text:
        return None
    texts = {key: value for key, value in lenient_object(text).items() if isinstance(value, str)}
    return Carried(texts=texts if "Comment" in texts else {"parameters": text})


def _hidden_text(alpha: bytes) -> str:
    mark = _bits(alpha, 0, _MARK_BITS)
    if mark not in (_PLAIN, _PACKED):
        return ""
    length = int.from_bytes(_bits(alpha, _MARK_BITS, _LENGTH_BITS), "big")
    if length > 8 * MAX_HIDDEN_BYTES:
        return ""
    data = _bits(alpha, _MARK_BITS + _LENGTH_BITS, length // 8 * 8)
    return (_unpacked(data) if mark == _PACKED else data).decode("utf-8", errors="replace")


def _bits(alpha: bytes, start: int, count: int) -> bytes:
    """`count` lowest bits from `start` as bytes; nothing where there are not so many."""
    found = alpha[start : start + count].translate(_LOWEST)
    if not count or len(found) < count:
        return b""
    return int(found, 2).to_bytes(count // 8, "big")


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        found = unpacker.decompress(data, MAX_HIDDEN_BYTES)
    except zlib.error:
        return b""
    return found if unpacker.eof else b""
