"""What a program said, by its own keys: lenient where ours is strict, and as bounded."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from sdgen.metadata.json_text import MAX_JSON_BYTES, MAX_JSON_DEPTH

MAX_EXTRAS = 200
"""So many facts that no reader knows are kept."""

_WHOLE = re.compile(r"[+-]?\d{1,20}(\.0{1,20})?")
_SIZE = re.compile(r"\(?(\d{1,6}) ?[xX×,*] ?(\d{1,6})\)?")
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?")


def lenient_json(text: str) -> Any:
    """The value in `text`; None where it is none, too large or too deep.

    Other programs write NaN and the same key twice; here the first is None, and the last key wins.
    """
    if len(text) > MAX_JSON_BYTES or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text, parse_constant=_nothing, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if _is_shallow(value) else None


def lenient_object(text: str) -> dict[str, Any]:
    """The object in `text`; empty where there is none."""
    value = lenient_json(text)
    return value if isinstance(value, dict) else {}


def _nothing(_word: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def whole(value: Any) -> int | None:
    """`value` as a whole number (`20`, `"20"`, `20.0`), or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value.strip())
        return int(value.strip().partition(".")[0]) if match else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else None
    return value if isinstance(value, int) and abs(value) < 10**20 else None


def number(value: Any) -> float | None:
    """`value` as a finite number, or None."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value.strip())
        value = float(value) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return float(value) if abs(value) < 10**20 else None
    return value if math.isfinite(value) else None


def shown(value: Any) -> str:
    """`value` as people see it: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def child(value: Any, *keys: str) -> dict[str, Any]:
    """The object at `keys` inside of `value`; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in the list `value`; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Facts:
    """Keys and values that somebody wrote: what a reader takes is taken, the rest is kept.

    A value of another type than asked for is not taken, so that people still see it.
    """

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = dict(said)

    def text(self, *keys: str) -> str:
        """The first of `keys` that holds text; empty if none does."""
        for key in keys:
            if isinstance(self._said.get(key), str):
                return str(self._said.pop(key))
        return ""

    def whole(self, *keys: str) -> int | None:
        """The first of `keys` that holds a whole number."""
        for key in keys:
            if (found := whole(self._said.get(key))) is not None:
                del self._said[key]
                return found
        return None

    def number(self, *keys: str) -> float | None:
        """The first of `keys` that holds a finite number."""
        for key in keys:
            if (found := number(self._said.get(key))) is not None:
                del self._said[key]
                return found
        return None

    def size(self, key: str) -> tuple[int | None, int | None]:
        """Width and height in `512x768`, `512 x 768` or `(512, 768)`."""
        said = self._said.get(key)
        match = _SIZE.fullmatch(said.strip()) if isinstance(said, str) else None
        if not match:
            return None, None
        del self._said[key]
        return int(match[1]), int(match[2])

    def value(self, key: str) -> Any:
        """Whatever `key` holds; None if nothing."""
        return self._said.pop(key, None)

    def drop(self, *keys: str) -> None:
        """Forget what says nothing that a reader has not taken elsewhere."""
        for key in keys:
            self._said.pop(key, None)

    def rest(self) -> dict[str, str]:
        """What was not taken, in its order, less what is empty."""
        kept = {key: shown(value) for key, value in self._said.items() if value not in (None, "")}
        return dict(list(kept.items())[:MAX_EXTRAS])
