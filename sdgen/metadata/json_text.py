"""Strict JSON for text that anybody may have written: small, finite, unambiguous, or refused."""

import json
import math
from typing import Any

from sdgen.errors import InputError

MAX_JSON_BYTES = 2**20
MAX_JSON_DEPTH = 32


def parse_json(text: str | bytes) -> Any:
    """The value that `text` holds.

    Python's own parser takes NaN, duplicate keys, half characters and any depth; this one does not,
    so that what it lets through can be compared, stored and shown without a second thought.

    Args:
        text: At most `MAX_JSON_BYTES`; bytes are read as UTF-8, with or without a byte order mark.

    Raises:
        InputError: The text is no such JSON; the message says why, and where.
    """
    try:
        value = json.loads(
            _decoded(text),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"not valid JSON ({place}: {error.msg})") from None
    except RecursionError:
        raise InputError(f"JSON nested deeper than {MAX_JSON_DEPTH} levels") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise InputError("JSON with a number that is too long") from None
    _check(value)
    return value


def parse_json_object(text: str | bytes) -> dict[str, Any]:
    """The object that `text` holds; as `parse_json`, but a list or a bare value is refused too."""
    value = parse_json(text)
    if not isinstance(value, dict):
        raise InputError("JSON without an object at the top")
    return value


def _decoded(text: str | bytes) -> str:
    if len(text) > MAX_JSON_BYTES:
        raise InputError(f"JSON of more than {MAX_JSON_BYTES // 1024} KiB")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start})") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"JSON with the key {key!r} twice in one object")
        found[key] = value
    return found


def _refuse_constant(word: str) -> Any:
    raise InputError(f"JSON with {word}, which is not a number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InputError(f"JSON with the number {digits[:20]}, which is too large")
    return number


def _check(value: Any) -> None:
    """Refuse depth and half characters, without recursion: no input can exhaust the stack."""
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        if not level:
            return
        for text in (item for item in level if isinstance(item, str)):
            _check_text(text)
        level = [child for item in level for child in _children(item)]
    if level:
        raise InputError(f"JSON nested deeper than {MAX_JSON_DEPTH} levels")


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else []


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(r"JSON with half a character (a lone \ud800 … \udfff)") from None
