"""Mock letters: blocks that read as a line of type without being any word."""

import random

from world.draw.pen import Pen, Point

_SHAPES = (
    "M0 0V-10H2.6V0ZM2.4 -10H7V-7.6H2.4ZM2.4 -6H6V-3.8H2.4Z",
    "M0 0V-10H2.6V-2.4H7V0Z",
    "M0 0L2.4 -10H5L7.4 0H4.8L3.7 -6L2.6 0Z",
    "M0 -10H7V-7.6H4.8V0H2.2V-7.6H0Z",
    "M0 0V-10H7V0H4.5V-7.6H2.5V0Z",
    "M0 0V-10H2.5V-6.2H4.6V-10H7V0H4.6V-3.8H2.5V0Z",
    "M0 -10H7V-7.6H2.6V-6.2H7V0H0V-2.4H4.4V-3.8H0Z",
    "M0 0V-10H2.6V0Z",
    "M0 0V-10H7V0ZM2.5 -2.4H4.5V-7.6H2.5Z",
)


def words(rng: random.Random, letters: int) -> list[int]:
    """A line of letter shapes with a gap now and then (-1)."""
    line = [rng.randrange(len(_SHAPES)) for _ in range(letters)]
    if letters > 6:
        line[rng.randrange(2, letters - 2)] = -1
    return line


def title(pen: Pen, at: Point, wide: float, tall: float, colour: str) -> None:
    """A centred line of block letters that fills about ``wide``."""
    many = max(3, min(11, int(wide / (tall * 0.9))))
    line = words(pen.rng, many)
    scale = tall / 10
    step = 8.4 * scale
    x = at[0] - step * many / 2 + 0.7 * scale
    for i, letter in enumerate(line):
        if letter >= 0:
            with pen.group((x + i * step, at[1]), scale):
                pen.path(_SHAPES[letter], colour, line=False)


def small_print(pen: Pen, at: Point, wide: float, colour: str, lines: int = 2) -> None:
    """Lines of text too small to read: rounded bars."""
    for i in range(lines):
        half = wide / 2 * pen.rng.uniform(0.6, 1)
        pen.rect(
            (at[0] - half, at[1] + i * 8 * pen.unit, half * 2, 3.8 * pen.unit, 1.9),
            colour,
            line=False,
        )
