"""Seamless patterns: motifs on a lattice that wraps at the edges."""

import math
from collections.abc import Callable

from world.draw import animals, creatures, plants, sky_things, things
from world.draw.palette import COLOURS, darker, lighter, named
from world.draw.pen import Pen
from world.scene import Scene

Drawer = Callable[[Pen, str], None]


def pattern(pen: Pen, scene: Scene) -> None:
    """The theme over and over on a ground of the scene's colour; opposite edges fit."""
    rng, w, h = pen.rng, pen.width, pen.height
    ground = named(rng, scene.colour)
    if rng.random() < 0.45:
        ground = lighter(ground, 0.5) if scene.colour not in ("black", "white") else ground
    pen.rect((0, 0, w, h), ground, line=False)
    cell = rng.choice((64, 64, 80))
    across, down = max(2, round(w / cell)), max(2, round(h / cell / 2 + 0.2) * 2)
    step_x, step_y = w / across, h / down
    colours = _colours(pen, scene.colour)
    size = min(step_x, step_y) * rng.uniform(0.62, 0.8)
    turned = rng.random() < 0.5
    for row in range(down):
        for column in range(across + 1):
            x = (column + 0.5 * (row % 2)) * step_x
            kind = (row // 2 + column % across) % len(colours)
            rot = (-18, 14)[(row + column % across) % 2] if turned else 0.0
            _put(pen, scene.theme, colours[kind], (x, (row + 0.5) * step_y, size, rot))
    if rng.random() < 0.4:
        _dots(
            pen,
            (across, down),
            (step_x, step_y),
            lighter(ground, 0.6) if _dark(ground) else darker(ground, 0.3),
        )


def _dark(colour: str) -> bool:
    return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) < 400


def _colours(pen: Pen, ground: str) -> list[str]:
    near = {
        "red": ("pink", "orange"),
        "grey": ("white",),
        "brown": ("black", "orange"),
        "black": ("brown",),
    }
    names = [
        name
        for name in COLOURS
        if name not in (ground, "grey", "brown", "black", *near.get(ground, ()))
    ]
    return [named(pen.rng, name) for name in pen.rng.sample(names, pen.rng.choice((1, 2, 2, 3)))]


def _put(pen: Pen, theme: str, colour: str, spot: tuple[float, float, float, float]) -> None:
    x, y, size, rot = spot
    state = pen.rng.getstate()
    with pen.group((x, y), size / 100, rot=rot), pen.group((0, 50)):
        DRAWN[theme](pen, colour)
    pen.rng.setstate(state)


def _dots(pen: Pen, many: tuple[int, int], step: tuple[float, float], colour: str) -> None:
    for row in range(many[1]):
        for column in range(many[0] + 1):
            x = (column + 0.5 + 0.5 * (row % 2)) * step[0]
            pen.circle(
                x % (step[0] * (many[0] + 0.5)), (row + 0.5) * step[1], 3.2, colour, line=False
            )


def heart(pen: Pen, colour: str) -> None:
    """A heart."""
    pen.path(
        (
            "M0 -4C-26 -26 -50 -46 -46 -72C-42 -96 -12 -100 0 -74C12 -100 42 -96 46 -72C50 "
            "-46 26 -26 0 -4Z"
        ),
        colour,
    )
    pen.ellipse((-22, -72), 8, 11, lighter(colour, 0.5), rot=25, line=False)


def leaf(pen: Pen, colour: str) -> None:
    """A leaf with its rib."""
    pen.path("M0 0C-44 -26 -40 -72 0 -100C40 -72 44 -26 0 0Z", colour)
    pen.line([(0, 4), (0, -80)], lighter(colour, 0.5), 5, line=False)
    for y in (-28, -52):
        pen.line([(-18, y - 12), (0, y), (18, y - 12)], lighter(colour, 0.5), 4, line=False)


def cloud_shape(pen: Pen, colour: str) -> None:
    """A small plump cloud."""
    pen.path(
        "M-46 -26A20 20 0 0 1 -34 -60A26 26 0 0 1 12 -72A22 22 0 0 1 42 -52A15 15 0 0 1 44 -26Z",
        colour,
    )


def blossom(pen: Pen, colour: str) -> None:
    """A flower seen from above."""
    for i in range(5):
        angle = math.tau * i / 5 - math.pi / 2
        pen.circle(math.cos(angle) * 26, -50 + math.sin(angle) * 26, 21, colour)
    pen.circle(0, -50, 15, "#f9d24a" if colour < "#f" else "#e8743a")


def star_shape(pen: Pen, colour: str) -> None:
    """A star of five points."""
    points = []
    for i in range(10):
        angle, far = math.pi * i / 5 - math.pi / 2, 50 if i % 2 == 0 else 24
        points.append((math.cos(angle) * far, -50 + math.sin(angle) * far))
    pen.poly(points, colour)


DRAWN: dict[str, Drawer] = {
    "flowers": blossom,
    "stars": star_shape,
    "leaves": leaf,
    "hearts": heart,
    "fish": creatures.fish,
    "cats": lambda pen, colour: animals.critter(pen, colour, "pointed", "cat"),
    "mushrooms": plants.mushroom,
    "clouds": cloud_shape,
    "apples": things.apple,
    "dots": lambda pen, colour: pen.circle(0, -50, 36, colour),
    "balloons": sky_things.balloon,
    "trees": plants.round_tree,
}
