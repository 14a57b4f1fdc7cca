"""Names that rows give their pictures: one part of a path, on any system."""

import re
from typing import Any

from sdgen.batch.rows import Fault, Place

MAX_NAME_BYTES = 180

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(png|jpe?g|webp)", re.IGNORECASE)
_FORBIDDEN = '/\\:*?"<>|'


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
    found = next((c for c in stem if c in _FORBIDDEN or not c.isprintable()), "")
    if found:
        return f"contains {found!r}"
    if stem[0] in ".-" or stem[-1] in ". " or _RESERVED.fullmatch(stem):
        return "is no name that every system takes"
    if len(stem.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    return ""
