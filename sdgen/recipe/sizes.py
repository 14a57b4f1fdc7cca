"""Sizes: `WIDTHxHEIGHT`, and what a model can draw. Refused when wrong, never rounded."""

from collections.abc import Sequence
from dataclasses import dataclass

from sdgen.errors import InputError
from sdgen.recipe.settings import MAX_PIXELS

Size = tuple[int, int]
"""Width and height in pixels, always in this order."""

MOST_TOGETHER = 64
"""Pictures in one pipeline call, at most; a record that says more would not be drawn again."""


@dataclass(frozen=True, slots=True)
class SizeRule:
    """What a model can draw: multiples of `multiple` pixels, or only the `only` listed sizes.

    No side may be longer than `longest` pixels, where that is not 0.
    """

    multiple: int = 8
    only: tuple[Size, ...] = ()
    longest: int = 0


def check_size(size: Size, rule: SizeRule, *, model: str) -> None:
    """Refuse a size that `model` cannot draw, naming the two nearest that it can.

    Raises:
        InputError: The size is not among the listed ones, not on the grid, or too large.
    """
    width, height = size
    if width * height > MAX_PIXELS:
        raise InputError(f"{width}x{height} is more than {MAX_PIXELS / 1e6:.1f} million pixels")
    if rule.only and size not in rule.only:
        raise InputError(
            f"{model} does not draw {width}x{height}; it was trained for "
            + ", ".join(f"{w}x{h}" for w, h in rule.only),
            hint=f"the nearest are {_join(_closest(size, rule.only))}",
        )
    if rule.longest and max(size) > rule.longest:
        raise InputError(
            f"{model} draws at most {rule.longest} pixels a side, not {width}x{height}"
        )
    if width % rule.multiple or height % rule.multiple:
        raise InputError(
            f"{model} draws multiples of {rule.multiple} pixels, not {width}x{height}",
            hint=f"the nearest are {_join(_on_grid(size, rule.multiple))}",
        )


def nearest_size(size: Size, rule: SizeRule, about: Size) -> Size:
    """The size that a model can draw for a picture of `size`: of its shape, as nearly as can be.

    Args:
        size: Whose shape is wanted.
        rule: Of the model.
        about: What the model usually draws: the outcome has no more pixels, but for rounding.
    """
    if rule.only:
        return _closest(size, rule.only)[0]
    scale = min(1.0, (about[0] * about[1] / (size[0] * size[1])) ** 0.5)
    width, height = (
        min(4096, max(64, round(side * scale / rule.multiple) * rule.multiple)) for side in size
    )
    return width, height


def _closest(size: Size, choices: Sequence[Size]) -> list[Size]:
    """The two choices with the nearest shape, then the nearest area."""

    def distance(choice: Size) -> tuple[float, int]:
        (w, h), (cw, ch) = size, choice
        ratio = max(w * ch, h * cw) / min(w * ch, h * cw)
        return round(ratio, 3), abs(w * h - cw * ch)

    return sorted(choices, key=distance)[:2]


def _on_grid(size: Size, multiple: int) -> list[Size]:
    below = tuple(max(64, side // multiple * multiple) for side in size)
    above = tuple(min(4096, -(-side // multiple) * multiple) for side in size)
    return [(below[0], below[1]), (above[0], above[1])]


def _join(sizes: Sequence[Size]) -> str:
    return " and ".join(f"{w}x{h}" for w, h in sizes)
