"""The one door to weight files: safetensors by content, checked before anything reads them.

The format: 8 bytes little-endian length n, n bytes of JSON (tensor name → dtype, shape, offsets),
then the numbers. Source: the safetensors format specification.
"""

import json
import struct
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError

MAX_HEADER_BYTES = 100_000_000
PICKLE_ENDINGS = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


def check_safetensors(path: Path, shown: str) -> None:
    """Check that `path` is a whole safetensors file, reading its header only.

    Args:
        path: The file.
        shown: Its name for messages, without the person's folders.

    Raises:
        ModelError: Missing, cut off, not safetensors, or its header does not fit its size.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
                raise _damaged(shown, "it is cut off or not a safetensors file")
            header = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(shown, _reason(error)) from error
    if _data_end(header, shown) != size - 8 - length:
        raise _damaged(shown, "its size does not fit its header")


def _data_end(header: Any, shown: str) -> int:
    """Where the tensors end, counted from the end of the header, in bytes."""
    if not isinstance(header, dict):
        raise _damaged(shown, "its header is not a table of tensors")
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        offsets: Any = entry.get("data_offsets") if isinstance(entry, dict) else None
        if not _is_span(offsets):
            raise _damaged(shown, "its header has no sound offsets")
        end = max(end, offsets[1])
    return end


def _is_span(offsets: Any) -> bool:
    return (
        isinstance(offsets, list)
        and len(offsets) == 2
        and all(type(offset) is int for offset in offsets)
        and 0 <= offsets[0] <= offsets[1]
    )


def _damaged(shown: str, reason: str) -> ModelError:
    return ModelError(
        f"{shown} is not usable: {reason}", hint="delete the file and get the model again"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return "its header is broken"
