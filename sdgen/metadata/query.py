"""The words of `sdgen find`: `steps>20 and (sampler~euler or not prompt~"red fox")`.

A comparison is FIELD OP VALUE with one of `= != > >= < <= ~ !~`, where `~` is contained in; a word
alone is one in the prompt. `not` binds closer than `and`, which binds closer than `or`. Values with
spaces or brackets stand in quotes. Nothing of a query is a pattern, so none takes long.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.errors import InputError, did_you_mean
from sdgen.metadata.findable import FACTS, Facts
from sdgen.recipe.layers import field_type, is_list
from sdgen.recipe.settings import ALIASES, Settings, canonical_name, folded

Matches = Callable[[Facts], bool]

MOST_TOKENS = 500
MOST_NESTED = 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<bracket>[()])
    | (?P<field>[A-Za-z][\w-]*)\s*(?P<operator>!=|!~|>=|<=|=|~|<|>)\s*
      (?P<value>"(?:\\.|[^"\\])*"|'[^']*'|[^\s()"']*)
    | (?P<word>"(?:\\.|[^"\\])*"|'[^']*'|[^\s()"'=<>~!][^\s()"']*)
    )""",
    re.VERBOSE,
)
_ORDERED = ("created", "version")
"""Texts whose order means something."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """`(`, `)`, `and`, `or`, `not`, `test` or `end`."""
    at: int
    matches: Matches | None = None


def parse_query(text: str) -> Matches:
    """Read a query; an empty one matches every picture.

    Raises:
        InputError: It cannot be read, or has a field that there is none of.
    """
    if not text.strip():
        return lambda _: True
    reader = _Reader(_tokens(text), text)
    return reader.all()


def field_named(name: str) -> str:
    """The field that `name` means, in any spelling that settings have.

    Raises:
        InputError: There is none.
    """
    found = canonical_name(name) or (folded(name) if folded(name) in FACTS else None)
    if found is None:
        raise InputError(
            f"no field {name!r} to find pictures by",
            hint=did_you_mean(name, [*ALIASES, *FACTS]) or "settings, and " + ", ".join(FACTS),
        )
    return found


def sort_key(name: str) -> Callable[[Facts], tuple[bool, bool, Any]]:
    """What pictures are sorted by: numbers before texts, and what does not say it last."""

    def key(facts: Facts) -> tuple[bool, bool, Any]:
        value = facts.get(name)
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        is_text = isinstance(value, str)
        return value is None, is_text, value.casefold() if isinstance(value, str) else value or 0

    return key


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            raise _refused(text, at, "cannot be read")
        tokens.append(_token(match, text))
        at = match.end()
        if len(tokens) > MOST_TOKENS:
            raise InputError(f"the query has more than {MOST_TOKENS} words")
    return [*tokens, _Token("end", end)]


def _token(match: re.Match[str], text: str) -> _Token:
    at = match.end() - len(match[0].lstrip())
    if match["bracket"]:
        return _Token(match["bracket"], at)
    if (word := match["word"]) is not None:
        if word.lower() in ("and", "or", "not"):
            return _Token(word.lower(), at)
        return _Token("test", at, _test("prompt", "~", _unquoted(word)))
    if not match["value"]:
        raise _refused(text, at, f"{match['field']}{match['operator']} has no value")
    return _Token("test", at, _test(match["field"], match["operator"], _unquoted(match["value"])))


def _unquoted(word: str) -> str:
    if word[:1] == '"':
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    return word[1:-1] if word[:1] == "'" else word


def _refused(text: str, at: int, reason: str) -> InputError:
    return InputError(
        f"the query, at {text[at : at + 20]!r}: {reason}",
        hint="""such as: steps>20 and (sampler~euler or prompt~"red fox")""",
    )


class _Reader:
    """Recursive descent; brackets nest as far as `MOST_NESTED`."""

    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens, self._text, self._at, self._depth = tokens, text, 0, 0

    def all(self) -> Matches:
        found = self._any()
        if self._next.kind != "end":
            raise self._unexpected("and, or, or the end")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _took(self, kind: str) -> bool:
        is_there = self._next.kind == kind
        self._at += is_there
        return is_there

    def _any(self) -> Matches:
        parts = [self._every()]
        while self._took("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else lambda facts: any(part(facts) for part in parts)

    def _every(self) -> Matches:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)

    def _one(self) -> Matches:
        is_turned = False
        while self._took("not"):
            is_turned = not is_turned
        found = self._inner()
        return (lambda facts: not found(facts)) if is_turned else found

    def _inner(self) -> Matches:
        token = self._next
        if self._took("test"):
            assert token.matches is not None
            return token.matches
        if not self._took("("):
            raise self._unexpected("a comparison")
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise InputError(f"the query has more than {MOST_NESTED} brackets in each other")
        found = self._any()
        if not self._took(")"):
            raise self._unexpected("and, or, or )")
        self._depth -= 1
        return found

    def _unexpected(self, wanted: str) -> InputError:
        if self._next.kind == "end":
            return InputError(f"the query ends where {wanted} is missing")
        return _refused(self._text, self._next.at, f"{wanted} is missing")


def _test(name: str, operator: str, value: str) -> Matches:
    field = field_named(name)
    if operator in ("~", "!~"):
        return _contained(field, value, is_turned=operator == "!~")
    wanted = _number(field, value) if _is_number(field) else value.casefold()
    if operator in (">", ">=", "<", "<=") and isinstance(wanted, str) and field not in _ORDERED:
        raise InputError(f"{field} is text, which {operator} does not compare", hint="~, = or !=")
    return _compared(field, _COMPARE[operator], wanted, is_turned=operator == "!=")


def _contained(field: str, value: str, *, is_turned: bool) -> Matches:
    folded_value = value.casefold()
    return lambda facts: (
        is_turned != any(folded_value in str(each).casefold() for each in _values(facts, field))
    )


def _compared(
    field: str, compare: Callable[[Any, Any], bool], wanted: Any, *, is_turned: bool
) -> Matches:
    def test(facts: Facts) -> bool:
        return is_turned != any(
            compare(found, wanted)
            for each in _values(facts, field)
            if isinstance(found := _folded(each), str) == isinstance(wanted, str)
        )

    return test


def _values(facts: Facts, field: str) -> list[Any]:
    value = facts.get(field)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a == b,  # turned round, so that what does not say it counts
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _is_number(field: str) -> bool:
    return field in Settings.model_fields and not is_list(field) and field_type(field) is not str


def _number(field: str, value: str) -> int | float:
    try:
        return int(value)  # a seed beyond 2⁵³ is no float
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise InputError(f"{field} is a number, not {value!r}") from None
