"""Boats, cars and other machines, and furniture: about 100 units tall, base at (0, 0)."""

import math
from itertools import pairwise

from world.draw.palette import darker, jitter, lighter
from world.draw.pen import Pen


def boat(pen: Pen, colour: str) -> None:
    """A rowing boat 180 wide; (0, 0) is the waterline, the hull reaches 40 above it."""
    pen.line([(-20, -36), (-74, 8)], "#8a5f40", 6)
    pen.path("M-92 -44Q-86 4 -56 10H56Q86 4 92 -44Q0 -24 -92 -44Z", colour)
    pen.path("M-92 -44Q0 -24 92 -44L89 -31Q0 -12 -89 -31Z", lighter(colour, 0.4), line=False)


def sailboat(pen: Pen, colour: str) -> None:
    """A boat with two sails of its colour."""
    pen.rect((-2.5, -104, 5, 90), "#7a5a44")
    pen.path("M6 -100Q52 -62 46 -24H6Z", colour)
    pen.path("M-6 -90Q-40 -56 -38 -24H-6Z", lighter(colour, 0.3))
    pen.path("M-54 -20H58Q48 8 30 8H-30Q-46 6 -54 -20Z", jitter(pen.rng, "#9a5f3c", 0.05))


def bicycle(pen: Pen, colour: str) -> None:
    """A bicycle 160 wide."""
    for x in (-48, 48):
        pen.parts.append(
            f'<circle cx="{x}" cy="-32" r="29" fill="none" stroke="{pen.tint("#3a3640")}" '
            'stroke-width="6.5"/>'
        )
    for points in (
        [(-48, -32), (-18, -74), (34, -74), (0, -32), (-48, -32)],
        [(0, -32), (-22, -84)],
        [(48, -32), (30, -92)],
    ):
        for a, b in pairwise(points):
            pen.line([a, b], colour, 7)
    pen.rect((-34, -91, 26, 8, 4), "#4a3a34")
    pen.line([(30, -92), (44, -98)], "#4a3a34", 7)


def car(pen: Pen, colour: str) -> None:
    """A small round car 190 wide."""
    pen.path("M-60 -52Q-46 -98 -6 -98H16Q48 -98 62 -52Z", colour)
    pen.path("M-46 -54Q-36 -86 -8 -86V-54Z", "#cfeaf5")
    pen.path("M4 -54V-86H14Q38 -86 48 -54Z", "#cfeaf5")
    pen.rect((-92, -56, 184, 40, 18), colour)
    pen.circle(82, -42, 7.5, "#fff2b0", raw=pen.light.glow, line=True)
    for x in (-50, 52):
        pen.circle(x, -18, 19, "#35323c")
        pen.circle(x, -18, 8.5, "#d9dde2", line=False)


def train(pen: Pen, colour: str) -> None:
    """A steam engine 190 wide."""
    for i, (x, y) in enumerate(((58, -118), (42, -134), (20, -146))):
        pen.circle(x, y, 11 + i * 4, "#f4f1ee", a=0.85)
    pen.rect((48, -100, 18, 40), darker(colour, 0.3))
    pen.rect((-14, -66, 98, 42, 16), colour)
    pen.rect((-82, -96, 66, 72, 4), colour)
    pen.rect((-90, -104, 82, 12, 4), darker(colour, 0.3))
    pen.rect(
        (-68, -84, 36, 26, 4),
        "#ffeaa8" if pen.light.glow else "#cfeaf5",
        raw=pen.light.glow,
        line=True,
    )
    pen.rect((14, -66, 10, 42), "#f2c64a", line=False)
    pen.rect((-88, -28, 178, 12), "#4a4450")
    for x in (-62, -16, 26, 66):
        pen.circle(x, -15, 15, "#4a4450")
        pen.circle(x, -15, 6, "#e0b84a", line=False)


def rocket(pen: Pen, colour: str) -> None:
    """A rocket with fins, a round window and its fire."""
    pen.path("M-13 -22Q0 26 13 -22Z", "#ff9a2a", raw=True)
    pen.path("M-7 -22Q0 8 7 -22Z", "#ffe07a", raw=True)
    fin = "#d9443f" if colour > "#e" and colour[3] > "d" else darker(colour, 0.3)
    for side in (-1, 1):
        pen.poly([(side * 16, -52), (side * 38, -12), (side * 14, -20)], fin)
    pen.path("M-18 -20C-26 -60 -18 -92 0 -112C18 -92 26 -60 18 -20Z", colour)
    pen.path("M-13 -84Q-7 -102 0 -112Q7 -102 13 -84Z", fin, line=False)
    pen.circle(0, -62, 10.5, "#f4ede0")
    pen.circle(0, -62, 7, "#7fc8ea", line=False)


def airplane(pen: Pen, colour: str) -> None:
    """A plump airplane that flies to the right, 180 wide."""
    pen.poly([(-74, -58), (-92, -96), (-68, -96), (-46, -62)], colour)
    pen.path(
        "M-84 -60Q-60 -78 20 -78Q86 -76 90 -52Q86 -36 30 -34Q-50 -34 -84 -60Z", lighter(colour, 0.3)
    )
    pen.path("M-6 -52H34L0 -8H-26Z", colour)
    for x in (-26, -4, 18, 40):
        pen.circle(x, -60, 6, "#7fc0e4", line=False)
    pen.path("M64 -72Q84 -68 88 -58L62 -58Z", "#7fc0e4", line=False)


def planet_thing(pen: Pen, colour: str) -> None:
    """A planet 90 across."""
    from world.draw.places_above import planet

    planet(pen, (0, -48), 44, colour)


def chair(pen: Pen, colour: str) -> None:
    """An armchair."""
    for x in (-34, 34):
        pen.rect((x - 5, -14, 10, 14), "#6b4a38")
    pen.rect((-40, -98, 80, 70, 20), darker(colour, 0.12))
    pen.rect((-36, -46, 72, 30, 10), colour)
    for x in (-52, 32):
        pen.rect((x, -58, 20, 46, 10), lighter(colour, 0.12))


def bed(pen: Pen, colour: str) -> None:
    """A bed 190 wide."""
    pen.rect((-96, -92, 14, 92, 6), "#9a6b48")
    pen.rect((84, -60, 12, 60, 5), "#9a6b48")
    pen.rect((-88, -44, 176, 30, 4), "#f7efe2")
    pen.path("M-40 -56Q20 -66 86 -52V-16H-40Z", colour)
    pen.ellipse((-62, -54), 24, 13, "#fffaf2")


def table(pen: Pen, _: str) -> None:
    """A round table with a cloth."""
    wood = jitter(pen.rng, "#a8714a", 0.04)
    for x in (-48, 48):
        pen.rect((x - 5, -70, 10, 70), darker(wood, 0.2))
    pen.rect((-70, -84, 140, 15, 5), wood)


def clock(pen: Pen, colour: str) -> None:
    """An alarm clock."""
    for x in (-24, 24):
        pen.line([(x, -14), (x * 1.35, 0)], darker(colour, 0.2), 9)
        pen.circle(x, -90, 15, darker(colour, 0.1))
    pen.circle(0, -48, 45, colour)
    pen.circle(0, -48, 34, "#fdf8ea", line=False)
    angle = pen.rng.uniform(0, math.tau)
    for turn, reach in ((angle, 24), (angle * 3.7, 17)):
        pen.line(
            [(0, -48), (math.cos(turn) * reach, -48 + math.sin(turn) * reach)],
            "#3a3038",
            5.5,
            line=False,
        )


def teapot(pen: Pen, colour: str) -> None:
    """A round teapot."""
    pen.parts.append(
        '<path d="M-40 -60Q-78 -62 -68 -30Q-60 -14 -40 -20" fill="none" '
        f'stroke="{pen.tint(colour)}" stroke-width="10"/>'
    )
    pen.path("M38 -44Q58 -44 62 -76L76 -74Q70 -26 38 -20Z", colour)
    pen.ellipse((0, -40), 47, 39, colour)
    pen.ellipse((0, -77), 24, 8, lighter(colour, 0.3))
    pen.circle(0, -90, 8, lighter(colour, 0.3))
    pen.ellipse((-10, -44), 12, 10, lighter(colour, 0.5), line=False)
