"""Names that rows give their pictures: one part of a path, on any system."""

import re
from typing import Any

from sdgen.batch.rows import Fault, Place
from sdgen.files.names import MAX_PART_BYTES, is_unsafe, safe_part

_SUFFIX = re.compile(r"\.(png|jpe?g|webp)", re.IGNORECASE)


def checked_name(value: Any, place: Place) -> str:
    """The stem of a file from what a row says: `fox`, `fox.png` and 17 are fine.

    Raises:
        Fault: It is no name of a file; nothing is replaced in silence.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Fault(place, f"name must be text, not {value!r}")
    text = str(value).strip()
    ending = _SUFFIX.search(text[-5:])
    stem = text[: -len(ending[0])] if ending and text.endswith(ending[0]) else text
    reason = _reason_against(stem)
    if reason:
        raise Fault(place, f"name {value!r} {reason}", hint="it becomes the name of a file")
    return stem


def _reason_against(stem: str) -> str:
    if not stem:
        return "is empty"
    found = next(filter(is_unsafe, stem), "")
    if found:
        return f"contains {found!r}"
    if len(stem.encode()) > MAX_PART_BYTES:
        return f"is longer than {MAX_PART_BYTES} bytes"
    return "" if safe_part(stem) == stem else "is no name that every system takes"
