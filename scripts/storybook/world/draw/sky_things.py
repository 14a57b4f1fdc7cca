"""Objects of the sky: about 100 units tall, their lowest point at (0, 0)."""

import math

from world.draw.palette import darker, lighter
from world.draw.pen import Pen


def balloon(pen: Pen, colour: str) -> None:
    """A balloon; its knot is at (0, 0)."""
    pen.path(
        (
            "M0 -4C-12 -14 -38 -36 -38 -62C-38 -86 -22 -101 0 -101C22 -101 38 -86 38 -62C38 "
            "-36 12 -14 0 -4Z"
        ),
        colour,
    )
    pen.ellipse((-15, -75), 7, 14, lighter(colour, 0.6), rot=25, a=0.85)
    pen.poly([(0, -6), (-7, 3), (7, 3)], darker(colour, 0.15))


def balloon_on_string(pen: Pen, colour: str) -> None:
    """A balloon that floats free, its string below."""
    sway = pen.rng.uniform(-9, 9)
    pen.line([(0, 0), (sway, 22), (-sway * 0.6, 42), (sway * 0.5, 60)], "#fffaf0", 3, line=False)
    balloon(pen, colour)


def hot_air_balloon(pen: Pen, colour: str) -> None:
    """A hot-air balloon with two stripes and a basket."""
    for x in (-9, 9):
        pen.line([(x, -14), (x * 1.9, -36)], "#7a5a44", 2)
    pen.path("M-10 -32C-46 -56 -46 -104 0 -104C46 -104 46 -56 10 -32Z", colour)
    pen.path(
        "M-5 -32C-20 -56 -20 -104 0 -104C20 -104 20 -56 5 -32Z", lighter(colour, 0.6), line=False
    )
    pen.rect((-11, -16, 22, 16, 3), "#a8744a")


def kite(pen: Pen, colour: str) -> None:
    """A diamond kite with a tail."""
    lean = pen.rng.uniform(-10, 10)
    tail = [(0, 0), (-8 + lean, 16), (6 + lean, 30), (-4 + lean * 2, 46)]
    pen.line(tail, lighter(colour, 0.3), 4)
    pen.poly([(0, -98), (36, -58), (0, 0), (-36, -58)], colour)
    pen.poly([(0, -98), (36, -58), (0, -58)], lighter(colour, 0.5), line=False)
    pen.poly([(0, 0), (-36, -58), (0, -58)], darker(colour, 0.15), line=False)


def star_thing(pen: Pen, _: str) -> None:
    """A fat five-pointed star that glows."""
    pen.glow((0, -50), 75, "#fff0a8", 0.6)
    points = []
    for i in range(10):
        angle, far = math.pi * i / 5 - math.pi / 2, 50 if i % 2 == 0 else 25
        points.append((math.cos(angle) * far, -48 + math.sin(angle) * far))
    pen.poly(points, "#ffd94a", raw=True, line=True)


def moon_thing(pen: Pen, _: str) -> None:
    """A big moon, full or a crescent."""
    from world.draw.sky import moon

    moon(pen, (0, -50), 46, pen.rng.random() < 0.5)


def sun_thing(pen: Pen, _: str) -> None:
    """A storybook sun with rays."""
    pen.glow((0, -50), 95, "#fff0a8", 0.7)
    for i in range(10):
        angle = math.tau * i / 10
        x, y = math.cos(angle), math.sin(angle)
        pen.line([(x * 38, -50 + y * 38), (x * 50, -50 + y * 50)], "#ffc93a", 7, raw=True)
    pen.circle(0, -50, 31, "#ffd84a", raw=True, line=True)


def cloud_thing(pen: Pen, _: str) -> None:
    """A plump white cloud."""
    pen.blob(
        [
            (-80, 0),
            (-88, -26),
            (-58, -40),
            (-40, -74),
            (4, -84),
            (38, -62),
            (72, -44),
            (88, -18),
            (76, 0),
        ],
        "#ffffff",
    )


def rainbow(pen: Pen, _: str) -> None:
    """A wide rainbow."""
    for i, colour in enumerate(("#f0635a", "#f7a24a", "#f9dc5a", "#7ac86a", "#5aa8e8", "#9a7ad8")):
        r = 150 - i * 12
        pen.parts.append(
            f'<path d="M{-r} 0A{r} {r * 0.66:.0f} 0 0 1 {r} 0" fill="none" '
            f'stroke="{colour}" stroke-width="12.6" stroke-opacity="0.85"/>'
        )
