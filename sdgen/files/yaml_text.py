"""YAML as people mean it: the plain part of the language, without its traps.

PyYAML's own reading takes `1e-4` for text, `010` for 8, `no` for False, the last of two equal keys
for the right one, and follows aliases into a billion laughs. Here a scalar means what YAML 1.2
says, and anchors, aliases, tags, equal keys and keys that are not text are refused. Every value
comes with the line and column where it stands, so that errors can point at it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sdgen.errors import InputError
from sdgen.files.text import read_text, too_large

MAX_BYTES = 2**20
MAX_DEPTH = 32
MAX_NUMBER_CHARACTERS = 64

Spot = tuple[int, int]
"""Line and column, both from 1."""

KeyPath = tuple[str | int, ...]

Event = Any
"""One of PyYAML's parse events; its type stubs do not know their attributes."""

_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What a text says, and where: key path (`("matrix", "seed", 0)`) → line and column."""

    value: Any
    lines: Mapping[KeyPath, Spot]

    def line(self, *path: str | int) -> str:
        """`line 7`, where the key or item at `path` stands; empty when there is none."""
        return f"line {self.lines[path][0]}" if path in self.lines else ""


def load_yaml(text: str, source: str) -> YamlDocument:
    """Read one YAML document.

    Args:
        text: The document; empty text is the value None.
        source: What to call it in messages.

    Raises:
        InputError: It is not plain YAML, and the message starts with `source:line:column`; or it
            has over `MAX_BYTES`.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise too_large(source, MAX_BYTES)
    try:
        return _Reader(text, source).document()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        reason = f"the character U+{error.character:04X} is not allowed"
        raise InputError(f"{source}:{line}:{column}: {reason}") from None
    except yaml.MarkedYAMLError as error:
        spot = _spot(error.problem_mark or error.context_mark)
        raise InputError(f"{source}:{spot[0]}:{spot[1]}: {_reason(error)}") from None


def read_yaml(path: Path) -> YamlDocument:
    """Read the YAML file at `path`.

    Raises:
        InputError: It cannot be read, is not UTF-8, or is not plain YAML.
    """
    return load_yaml(read_text(path, str(path), most=MAX_BYTES), str(path))


class _Reader(yaml.SafeLoader):
    """Builds plain values from PyYAML's events; of `SafeLoader` only the parser is used."""

    def __init__(self, text: str, source: str) -> None:
        super().__init__(text)
        self.source = source
        self.lines: dict[KeyPath, Spot] = {}

    def document(self) -> YamlDocument:
        self._next()  # the start of the stream
        value = None
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            value = self._value(self._next(), ())
            self._next()  # the end of the document
            event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "a second document starts; only one is read")
        return YamlDocument(value, self.lines)

    def _next(self) -> Event:
        try:
            return self.get_event()  # type: ignore[no-untyped-call]
        except (ValueError, OverflowError):  # an escape or a version number outside its range
            line, column = _spot(self.get_mark())
            reason = "is not a character or number"
            raise InputError(f"{self.source}:{line}:{column}: {reason}") from None

    def _value(self, event: Event, path: KeyPath) -> Any:
        self.lines.setdefault(path, _spot(event.start_mark))
        self._check(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event)

    def _check(self, event: Event, path: KeyPath) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"aliases (*{event.anchor}) are not allowed; write the value out")
        if event.anchor is not None:
            self._refuse(event, f"anchors (&{event.anchor}) are not allowed")
        if event.tag is not None:
            self._refuse(event, f"tags ({event.tag}) are not allowed")
        if len(path) > MAX_DEPTH:
            self._refuse(event, f"is nested more than {MAX_DEPTH} deep")

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key in found:
                line = self.lines[*path, key][0]
                self._refuse(event, f"the key {key!r} is already on line {line}")
            self.lines[*path, key] = _spot(event.start_mark)
            found[key] = self._value(self._next(), (*path, key))
        return found

    def _key(self, event: Event, path: KeyPath) -> str:
        self._check(event, path)
        key = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(key, str):
            hint = f"; write it in quotes: '{event.value}'" if key is not None else ""
            self._refuse(event, f"a key must be text{hint}")
        return key

    def _sequence(self, path: KeyPath) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: Event) -> str | int | float | bool | None:
        text = str(event.value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._refuse(event, "contains half a character (a lone surrogate)")
        if event.style is not None:  # quoted, or a block of text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            self._refuse(event, f"{text} is not a finite number")
        if _NUMBER.fullmatch(text):
            return self._number(event, text)
        return text

    def _number(self, event: Event, text: str) -> int | float:
        if len(text) > MAX_NUMBER_CHARACTERS:
            self._refuse(event, f"is a number of more than {MAX_NUMBER_CHARACTERS} characters")
        number = int(text) if _WHOLE.fullmatch(text) else float(text)
        if not math.isfinite(number):
            self._refuse(event, f"{text} is not a finite number")
        return number

    def _refuse(self, event: Event, reason: str) -> NoReturn:
        line, column = _spot(event.start_mark)
        raise InputError(f"{self.source}:{line}:{column}: {reason}")


def _spot(mark: Any) -> Spot:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _reason(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's words in one line: what it was doing and what it met there."""
    return ", ".join(filter(None, (error.context, error.problem))) or "is not YAML"
