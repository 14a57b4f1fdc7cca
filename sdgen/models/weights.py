"""The one door to weight files: safetensors by content, checked before anything reads them.

The format: 8 bytes little-endian length n, n bytes of JSON (tensor name → dtype, shape, offsets),
then the numbers, without gaps. Source: the safetensors format specification.
"""

import json
import math
import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeGuard

from sdgen.errors import ModelError

MAX_HEADER_BYTES = 16 * 2**20
"""The format allows 100 MB; models of a thousand tensors have a quarter of one."""

MAX_BRACKETS = 300_000
"""So many lists and tables a header may have: each costs Python 30 times what it takes in JSON."""

PICKLE_ENDINGS = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
CONVERT = "sdgen reads safetensors only; convert the model, or get its safetensors version"

MAX_DIMENSIONS = 32

_KEYS = {"dtype", "shape", "data_offsets"}
_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
    "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4,
    "I64": 8, "U64": 8, "F64": 8, "C64": 8,
}  # fmt: skip
_PICKLES = (
    (b"PK\x03\x04", "a zip archive as torch.save writes it, with a pickle inside"),
    *((bytes([0x80, version]), "a pickle") for version in (2, 3, 4, 5)),
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a header says of a tensor: `begin` and `end` count bytes from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def check_weights(path: Path, shown: str) -> dict[str, Tensor]:
    """Check that `path` is a whole safetensors file, reading its header only.

    Every kind of weights goes through here, by its path: parts of a pipeline, and what is added to
    one.

    Args:
        path: The file; its name says nothing.
        shown: Its name for messages, without the person's folders.

    Returns:
        Name → what the header says of that tensor.

    Raises:
        ModelError: Missing, cut off, not safetensors, a pickle, or the header does not fit itself
            or the size of the file.
    """
    try:
        with open_regular(path, shown) as file:
            size = os.fstat(file.fileno()).st_size
            text = _header_text(file, size, shown)
    except OSError as error:
        _refuse(shown, (error.strerror or "it cannot be read").lower(), error)
    tensors = _tensors(_parsed(text, shown), shown)
    _check_places(tensors, size - 8 - len(text), shown)
    return tensors


def notes_in(path: Path, shown: str) -> dict[str, str]:
    """What the header of a checked safetensors file says beside its tensors: name → text.

    Raises:
        ModelError: It cannot be read any more.
    """
    try:
        with open_regular(path, shown) as file:
            text = _header_text(file, os.fstat(file.fileno()).st_size, shown)
    except OSError as error:
        _refuse(shown, (error.strerror or "it cannot be read").lower(), error)
    notes: dict[str, str] = _parsed(text, shown).get("__metadata__", {})
    return notes


def pickle_in(path: Path) -> str:
    """What kind of pickle `path` is, in words; empty where it is none or cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return ""
    return next((words for start, words in _PICKLES if head.startswith(start)), "")


def pickled(shown: str, kind: str) -> ModelError:
    """The refusal of a pickle, with its reason."""
    return ModelError(f"{shown} is {kind}, which can run code", hint=CONVERT)


def open_regular(path: Path, shown: str) -> BufferedReader:
    """The file, open; a pipe or a device could keep us waiting for ever.

    Raises:
        ModelError: It is no regular file; `shown` is its name for people.
        OSError: It cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    _refuse(shown, "it is no regular file")


def _header_text(file: BinaryIO, size: int, shown: str) -> bytes:
    start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= length <= size - 8:
        for begin, kind in _PICKLES:
            if start.startswith(begin):
                raise pickled(shown, kind)
        _refuse(shown, "it is cut off or not a safetensors file")
    if length > MAX_HEADER_BYTES:
        _refuse(shown, f"its header has more than {MAX_HEADER_BYTES // 2**20} MiB")
    text = file.read(length)
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
        _refuse(shown, "its header has too many entries")
    return text


def _parsed(text: bytes, shown: str) -> dict[str, Any]:
    try:
        if not text.startswith(b"{"):
            raise ValueError("no table")
        value: Any = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        _refuse(shown, "its header is broken", error)
    if not isinstance(value, dict):
        _refuse(shown, "its header is not a table of tensors")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    if not all(map(_is_text, found)):
        raise ValueError("a name with half a character")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)


def _tensors(header: dict[str, Any], shown: str) -> dict[str, Tensor]:
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(map(_is_text, notes.values())):
        _refuse(shown, "its header has notes that are no text")
    return {name: _tensor(entry, shown) for name, entry in header.items()}


def _tensor(entry: Any, shown: str) -> Tensor:
    if not isinstance(entry, dict) or not entry.keys() <= _KEYS:
        _refuse(shown, "its header is not a table of tensors")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        _refuse(shown, "its header has no sound offsets")
    if not isinstance(dtype, str) or dtype not in _BYTES or not _are_counts(shape):
        _refuse(shown, "its header has a tensor of no known type and shape")
    is_sane = len(shape) <= MAX_DIMENSIONS and math.prod(max(1, count) for count in shape) < 2**63
    if not is_sane or _BYTES[dtype] * math.prod(shape) != offsets[1] - offsets[0]:
        _refuse(shown, "its header has a tensor whose shape does not fit its bytes")
    return Tensor(dtype, tuple(shape), offsets[0], offsets[1])


def _are_counts(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 2**63 for one in value)


def _check_places(tensors: Mapping[str, Tensor], size: int, shown: str) -> None:
    """Refuse gaps, overlaps and bytes that belong to no tensor: there something else could hide."""
    end = 0
    for tensor in sorted(tensors.values(), key=lambda one: (one.begin, one.end)):
        if tensor.begin != end:
            _refuse(shown, "its tensors overlap or leave gaps")
        end = tensor.end
    if end != size:
        _refuse(shown, "its size does not fit its header")


def _refuse(shown: str, reason: str, error: Exception | None = None) -> NoReturn:
    raise ModelError(
        f"{shown} is not usable: {reason}", hint="delete the file and get the model again"
    ) from error
