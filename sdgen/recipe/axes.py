"""What varies on a grid: `--steps 10,20,30`, `2..8:2`, `a {red|white} dress`, words to replace.

A value is read as the flag of its setting is; only the signs between values are this file's.
"""

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from sdgen.errors import InputError, did_you_mean
from sdgen.recipe.layers import field_type, is_list
from sdgen.recipe.settings import PROMPTS, Settings, folded

MOST_VALUES = 200
MOST_CELLS = 1000
MOST_AXES = 3
"""Columns, rows, and blocks of both: X, Y and Z as A1111's web UI has them."""

Kind = Literal["setting", "choice", "replace"]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::({_NUMBER}))?")
_STEPS_OF_A1111 = re.compile(rf"({_NUMBER})\s*-\s*({_NUMBER})\s*(?:\(({_NUMBER})\)|\[(\d+)\])?")
_CHOICE = re.compile(r"(?<!\\)\{([^{}]*)\}")

Cell = tuple[int, ...]
"""A place on each axis, from 0: column, row, block."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that varies. `name` is a setting, `prompt`, or the word that is replaced.

    `number` is the place of a choice among the braces of its prompt.
    """

    kind: Kind
    name: str
    values: tuple[str, ...]
    number: int = 0

    @property
    def title(self) -> str:
        """What `--x` calls it: `steps`, `prompt`, `prompt 2`."""
        return self.name if self.number == 0 else f"{self.name} {self.number + 1}"

    def label(self, at: int) -> str:
        """What stands at its rows or columns: `steps 20`, and for words the words alone."""
        value = self.values[at]
        if self.kind == "setting":
            return f"{self.name.replace('_', ' ')} {value}"
        return value or "(nothing)"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was said, as text of flags, and the one to three axes in it."""

    said: Mapping[str, str | list[str]]
    axes: tuple[Axis, ...]

    def cells(self) -> Iterator[Cell]:
        """All cells as they are read: block by block, row by row."""
        columns, rows, blocks = self.shape
        for block in range(blocks):
            for row in range(rows):
                yield from ((column, row, block) for column in range(columns))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows, blocks; 1 where there is no axis."""
        counts = [len(axis.values) for axis in self.axes] + [1] * MOST_AXES
        return counts[0], counts[1], counts[2]

    def at(self, cell: Cell) -> dict[str, str | list[str]]:
        """What is said in this cell."""
        said = dict(self.said)
        picked = list(zip(self.axes, cell, strict=False))
        for name in PROMPTS:
            chosen = {
                a.number: a.values[i] for a, i in picked if a.kind == "choice" and a.name == name
            }
            if chosen:
                said[name] = _with_choices(str(said[name]), chosen)
        for axis, index in picked:
            if axis.kind == "setting":
                said[axis.name] = axis.values[index]
            elif axis.kind == "replace":
                said["prompt"] = str(said["prompt"]).replace(axis.name, axis.values[index])
        return said


def sweep(
    said: Mapping[str, str | list[str]],
    replace: Sequence[str] = (),
    order: Sequence[str] = (),
    *,
    plain: bool = False,
) -> Sweep:
    """Find what varies.

    Args:
        said: Flags as text, under the names of settings or `size`.
        replace: `red,white,blue`: the first is looked for in the prompt, all stand in its place.
        order: Names of the axes that come first: columns, rows, blocks.
        plain: Prompts are plain words, and braces in them are no choices.

    Raises:
        InputError: Nothing varies, or too much, or a list cannot be read.
    """
    axes = [] if plain else [axis for name in PROMPTS for axis in _choices(said, name)]
    axes += [_replacing(said, words) for words in replace]
    fixed = dict(said)
    for name in (*Settings.model_fields, "size"):
        if name in said and _can_vary(name):
            values = values_of(name, str(said[name]))
            fixed[name] = values[0]
            axes += [Axis("setting", name, values)] if len(values) > 1 else []
    ordered = _ordered(axes, order)
    _check(ordered)
    return Sweep(fixed, tuple(ordered))


def _can_vary(name: str) -> bool:
    return name not in PROMPTS and (name == "size" or not is_list(name))


def _check(axes: Sequence[Axis]) -> None:
    if not axes:
        raise InputError(
            "nothing varies on this grid",
            hint='several values, as in --steps 10,20 or 2..8:2, or "a {red|white} dress"',
        )
    if len(axes) > MOST_AXES:
        names = ", ".join(axis.title for axis in axes)
        raise InputError(f"{len(axes)} things vary ({names}); a grid has {MOST_AXES} axes")
    cells = Sweep({}, tuple(axes)).shape
    count = cells[0] * cells[1] * cells[2]
    if count > MOST_CELLS:
        raise InputError(f"the grid would have {count} cells; at most {MOST_CELLS} are drawn")


def _ordered(axes: list[Axis], order: Sequence[str]) -> list[Axis]:
    left = list(axes)
    first = []
    for name in order:
        found = _named(name, left)
        if found is None:
            titles = [axis.title for axis in left]
            hint = (
                did_you_mean(name, titles) or f"what varies: {', '.join(titles) or 'nothing more'}"
            )
            raise InputError(f"no axis {name!r}", hint=hint)
        left.remove(found)
        first.append(found)
    return first + left


def _named(name: str, axes: Sequence[Axis]) -> Axis | None:
    """The axis of that name; another case of a replaced word is another name if there are both."""
    asked = folded(name)
    found = [axis for axis in axes if asked in (folded(axis.title), folded(axis.name))]
    exact = next((axis for axis in found if axis.title == name.strip()), None)
    return exact or next(iter(found), None)


def values_of(name: str, text: str) -> tuple[str, ...]:
    """The values of a setting that `text` lists: `10,20`, `2..8:2`, `1-10 (+3)`, `1-10 [4]`.

    Raises:
        InputError: There are too many, or none between two commas, or it cannot be read.
    """
    kind = str if name == "size" else field_type(name)
    values: list[str] = []
    with _reading(name, text):
        for item in _items(text):
            values += _range(name, item, whole=kind is int) if kind is not str else [item]
            if len(values) > MOST_VALUES:
                raise InputError(f"{name}: more than {MOST_VALUES} values")
    if not all(values):
        raise InputError(f"{name}: nothing stands between two commas of {text!r}")
    return tuple(dict.fromkeys(values))


@contextmanager
def _reading(name: str, text: str) -> Iterator[None]:
    """Refuse what is no table's line, and numbers of more digits than can be counted with."""
    try:
        yield
    except (InvalidOperation, ValueError, csv.Error):
        shown = repr(text if len(text) <= 60 else f"{text[:60]}…")
        raise InputError(f"{name}: {shown} cannot be read as a list of values") from None


def _items(text: str) -> list[str]:
    """Parted at commas; quotes hold one together, as in a table."""
    [row] = csv.reader([" ".join(text.split("\n"))], skipinitialspace=True) if text else [[""]]
    return [item.strip() for item in row] or [""]


def _range(name: str, item: str, *, whole: bool) -> list[str]:
    """The numbers of `2..8:2`, both ends included; a number alone is itself."""
    if match := _RANGE.fullmatch(item):
        start, end, step = match[1], match[2], match[3]
    elif match := _STEPS_OF_A1111.fullmatch(item):
        start, end, step = match[1], match[2], match[3]
        if match[4]:
            return _spread(name, Decimal(start), Decimal(end), int(match[4]), whole=whole)
    else:
        return [item]
    low, high = Decimal(start), Decimal(end)
    by = Decimal(step) if step else Decimal(1)
    by = -abs(by) if high < low else abs(by)
    if by == 0:
        raise InputError(f"{name}: {item} goes on by nothing")
    if abs((high - low) / by) > MOST_VALUES:
        raise InputError(f"{name}: {item} is more than {MOST_VALUES} values")
    return [_written(low + by * index) for index in range(int((high - low) / by) + 1)]


def _spread(name: str, low: Decimal, high: Decimal, count: int, *, whole: bool) -> list[str]:
    """`count` numbers from `low` to `high`, evenly."""
    if not 1 <= count <= MOST_VALUES:
        raise InputError(f"{name}: [{count}] is not 1 to {MOST_VALUES} values")
    if count == 1:
        return [_written(low)]
    places = [low + (high - low) * index / (count - 1) for index in range(count)]
    return [_written(place.quantize(Decimal(1 if whole else "0.001"))) for place in places]


def _written(number: Decimal) -> str:
    """`0.5` and not `0.50`, `20` and not `2E+1`."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _choices(said: Mapping[str, str | list[str]], name: str) -> Iterator[Axis]:
    text = str(said.get(name, ""))
    for number, match in enumerate(_CHOICE.finditer(text)):
        inside = match[1]
        if "$$" in inside or "::" in inside:
            raise InputError(
                f"{name}: {match[0]} chooses by the seed, which a grid does not",
                hint="a grid draws all of {a|b}",
            )
        values = tuple(dict.fromkeys(option.strip() for option in inside.split("|")))
        if len(values) > 1:
            yield Axis("choice", name, values, number)
    if re.search(r"(?<!\\)[{}]", _CHOICE.sub("", text)):
        raise InputError(f"{name}: braces in braces cannot be an axis", hint="write them out")


def _with_choices(text: str, chosen: Mapping[int, str]) -> str:
    numbers = itertools.count()
    return _CHOICE.sub(lambda match: chosen.get(next(numbers), match[0]), text)


def _replacing(said: Mapping[str, str | list[str]], words: str) -> Axis:
    """A1111's prompt search and replace: the first word is what is looked for, and a value too."""
    with _reading("--replace", words):
        values = tuple(dict.fromkeys(_items(words)))
    if not values[0]:
        raise InputError("--replace needs a word to look for", hint="--replace red,white,blue")
    if len(values) < 2:
        raise InputError(f"--replace {words}: nothing to put in its place")
    if values[0] not in str(said.get("prompt", "")):
        raise InputError(f"--replace: {values[0]!r} is not in the prompt")
    return Axis("replace", values[0], values)
