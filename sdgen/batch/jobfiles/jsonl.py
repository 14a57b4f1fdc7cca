"""JSON lines: one object a line, its keys our settings."""

import json
import re
from typing import Any, NoReturn

from sdgen.batch.rows import Fault, Part, Place, Row

_SPACE = re.compile(r"[ \t]*")


def looks_like(lines: list[str]) -> bool:
    """The first line opens an object."""
    return lines[0].lstrip().startswith("{")


def read_line(line: str, number: int) -> list[Row]:
    """One object; null is the same as absent, as programs that write JSON mean it.

    Raises:
        Fault: It is not an object, or says a key twice.
    """
    said, where = _Object(line, number).read()
    first = (number, len(line) - len(line.lstrip()) + 1)
    return [Row(first, (Part(said, where, text=False),))]


class _Object:
    """Walks over the keys of one object, so that each is known with its column."""

    def __init__(self, line: str, number: int) -> None:
        self._line = line
        self._number = number
        self._at = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs, parse_constant=self._constant
        )

    def read(self) -> tuple[dict[str, Any], dict[str, Place]]:
        said: dict[str, Any] = {}
        where: dict[str, Place] = {}
        self._expect("{", 'a row must be an object such as {"prompt": "a red fox"}')
        while not self._found("}"):
            if where:
                self._expect(",", "a comma or } is missing")
            start = self._skip()
            key = self._value()
            if not isinstance(key, str):
                self._refuse('a key must be text in "quotes"', start)
            if key in where:
                self._refuse(f"the key {key!r} is given twice", start)
            self._expect(":", f"a colon is missing after {key!r}")
            where[key] = (self._number, start + 1)
            value = self._value()
            if value is not None:
                said[key] = value
        if self._skip() < len(self._line):
            self._refuse("something follows the object; write one object a line")
        return said, {key: where[key] for key in said}

    def _value(self) -> Any:
        start = self._skip()
        try:
            value, self._at = self._decoder.raw_decode(self._line, start)
        except json.JSONDecodeError as error:
            self._refuse(f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos)
        except RecursionError:
            self._refuse("is nested too deep", start)
        except ValueError:  # a whole number of thousands of digits
            self._refuse("is not a number that can be read", start)
        return value

    def _skip(self) -> int:
        """Go over blanks; returns the index of what follows them."""
        found = _SPACE.match(self._line, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _found(self, character: str) -> bool:
        is_here = self._line.startswith(character, self._skip())
        self._at += is_here
        return is_here

    def _expect(self, character: str, otherwise: str) -> None:
        if not self._found(character):
            self._refuse(otherwise)

    def _constant(self, name: str) -> NoReturn:
        self._refuse(f"{name} is not a number in JSON", self._at)

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            self._refuse("a key is given twice", self._at)
        return dict(pairs)

    def _refuse(self, reason: str, at: int | None = None) -> NoReturn:
        column = (self._at if at is None else at) + 1
        raise Fault((self._number, column), reason)
