"""The record that a source carries, so that it stays in the record of what is drawn from it."""

import json
from collections.abc import Mapping
from typing import Any

from sdgen.errors import InputError
from sdgen.metadata.migrations import read_record
from sdgen.metadata.xmp import record_text

MAX_BYTES = 40 * 1024
"""Of all ancestors together, as JSON: a JPEG has 64 KB for everything that it carries."""

MAX_GENERATIONS = 6
"""Each takes three of the levels that JSON may be nested in a record."""


def lineage_in(info: Mapping[str, Any]) -> dict[str, Any] | None:
    """Our record in what a picture's file carries, as plain data and bounded; None without one.

    Args:
        info: Pillow's, with a PNG's texts.
    """
    text = info.get("sdgen")
    if not isinstance(text, str):
        packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
        text = record_text(packet.encode() if isinstance(packet, str) else packet)
    if text is None:
        return None
    try:
        record = read_record(text)
    except InputError:  # a broken one says nothing for sure
        return None
    return bounded(json.loads(record.to_json()))


def bounded(record: dict[str, Any]) -> dict[str, Any] | None:
    """`record` less its oldest ancestors, where they are too many or too large; None if it is."""
    for generations in range(MAX_GENERATIONS, 0, -1):
        kept = _cut(record, generations)
        if len(json.dumps(kept, ensure_ascii=False).encode()) <= MAX_BYTES:
            return kept
    return None


def _cut(record: dict[str, Any], generations: int) -> dict[str, Any]:
    sources = [_cut_source(one, generations - 1) for one in record.get("sources", [])]
    return {**record, "sources": sources} if sources else record


def _cut_source(source: dict[str, Any], generations: int) -> dict[str, Any]:
    inner = source.get("record")
    if not isinstance(inner, dict):
        return source
    if not generations:
        return {key: value for key, value in source.items() if key != "record"}
    return {**source, "record": _cut(inner, generations)}
