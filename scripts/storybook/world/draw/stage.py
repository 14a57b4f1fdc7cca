"""The stage that a place gives to what stands in it, and the ground shapes that places share."""

from collections.abc import Callable
from dataclasses import dataclass

from world.draw.palette import darker, jitter, lighter, mix, rgb
from world.draw.pen import Pen, Point, smooth
from world.scene import Scene

GRASS = ("#79b85a", "#6cae52", "#8cc063", "#5fa356")


@dataclass
class Stage:
    """Where things can stand: heights in pixels from the top.

    ``near`` and ``far`` are where feet touch the ground; ``sky`` is the middle of the free sky;
    ``water`` the height at which a boat floats, if there is water. ``mode`` says what holds a
    figure: "ground", "boat", "swim", "float" (space) or "cloud". ``front`` draws what is nearer
    than the figures.
    """

    near: float
    far: float
    sky: float
    water: float | None = None
    mode: str = "ground"
    front: Callable[[], None] | None = None


def ridge(pen: Pen, y: float, rise: float, points: int, sharp: bool = False) -> list[Point]:
    """The line of hills or peaks from left to right, around height ``y``."""
    rng, w = pen.rng, pen.width
    line = []
    for i in range(points + 1):
        x = w * (i / points) + (rng.uniform(-0.3, 0.3) * w / points if 0 < i < points else 0)
        up = (
            rise * (rng.uniform(0.55, 1) if i % 2 else rng.uniform(0, 0.35))
            if sharp
            else rise * rng.uniform(0, 1)
        )
        line.append((x, y - up))
    return line


def seasoned(pen: Pen, colour: str) -> str:
    """Grass turns to straw in autumn and is fresh in spring; other ground stays as it is."""
    red, green, blue = rgb(colour)
    if not (green > red + 8 and green > blue + 8):
        return colour
    turned = {"autumn": ("#d4a548", 0.5), "spring": ("#a8d86a", 0.35)}.get(pen.season)
    return mix(colour, *turned) if turned else colour


def hills(pen: Pen, y: float, rise: float, colour: str, points: int = 3) -> None:
    """Rolling ground from ``y`` to the bottom edge, with a soft lit crest."""
    colour = seasoned(pen, colour)
    line = ridge(pen, y, rise, points)
    w, h = pen.width, pen.height
    edge = [(-w * 0.2, y), *line, (w * 1.2, y)]
    data = _under(edge, h)
    fill = pen.linear((lighter(colour, 0.14), colour, darker(colour, 0.16)))
    pen.path(data, fill)


def _under(line: list[Point], bottom: float) -> str:
    curve = smooth(line, closed=False)
    return f"{curve}L{line[-1][0]:.1f} {bottom + 5:.1f}L{line[0][0]:.1f} {bottom + 5:.1f}Z"


def peaks(pen: Pen, y: float, rise: float, colour: str, snow: bool, many: int = 0) -> None:
    """Mountains whose feet are at ``y``, with lit faces and perhaps snow caps."""
    rng, w = pen.rng, pen.width
    many = many or max(2, round(w / 110))
    order = list(range(many))
    rng.shuffle(order)
    for i in order:
        x = w * (i + rng.uniform(0.25, 0.75)) / many
        tall = rise * rng.uniform(0.62, 1)
        half = tall * rng.uniform(0.75, 1.1)
        _peak(pen, (x, y), half, tall, jitter(rng, colour, 0.03), snow)


def _peak(pen: Pen, foot: Point, half: float, tall: float, colour: str, snow: bool) -> None:
    rng, (x, y) = pen.rng, foot
    shift = rng.uniform(-0.2, 0.2) * half
    top = (x + shift, y - tall)
    pen.poly([(x - half, y + 3), top, (x + half, y + 3)], colour)
    kink = x + shift * 0.4 + half * 0.1
    shade = darker(colour, 0.2)
    pen.poly(
        [top, (x + half, y + 3), (kink, y + 3), (x + shift + half * 0.16, y - tall * 0.5)],
        shade,
        line=False,
    )
    if not snow:
        return
    share = rng.uniform(0.3, 0.5)
    left = (top[0] + (x - half - top[0]) * share, top[1] + tall * share)
    right = (top[0] + (x + half - top[0]) * share, top[1] + tall * share)
    dip = tall * share * 0.28
    teeth = [
        (left[0] + (right[0] - left[0]) * part, left[1] - dip * rise)
        for part, rise in ((0.25, 0.75), (0.45, -0.35), (0.62, 0.7), (0.8, -0.1))
    ]
    pen.poly([top, left, *teeth, right], "#f7fafd")


def water(pen: Pen, top: float, bottom: float, sky: list[str], base: str, shine: Point) -> None:
    """A sheet of water that mirrors the sky, with a path of light under the sun and few waves."""
    rng, w = pen.rng, pen.width
    low = mix(sky[-1], base, 0.45)
    pen.rect(
        (-2, top, w + 4, bottom - top + 4), pen.linear((low, base, darker(base, 0.2))), line=False
    )
    tall = bottom - top
    for i in range(5):
        y = top + tall * (0.06 + 0.17 * i)
        half = w * (0.035 + 0.022 * i) * rng.uniform(0.7, 1.3)
        x = shine[0] + rng.uniform(-6, 6)
        pen.rect((x - half, y, half * 2, 3.2, 1.6), mix(sky[-1], "#fff6d8", 0.6), a=0.7, raw=True)
    for _ in range(int(7 * w / 256)):
        share = rng.uniform(0.05, 0.95)
        x, y, size = rng.uniform(0, w), top + tall * share, 10 + 16 * share
        crest = [
            (x - size, y),
            (x - size / 2, y - 3 * share - 1),
            (x, y),
            (x + size / 2, y - 3 * share - 1),
            (x + size, y),
        ]
        pen.line(crest, lighter(base, 0.42), 2.4, a=0.55)


def path_to(pen: Pen, x: float, top: float, bottom: float, colour: str, wide: float) -> None:
    """A path that winds from the horizon to the lower edge."""
    bend = pen.rng.uniform(-0.25, 0.25) * pen.width
    mid = (top + bottom) / 2
    pen.path(
        f"M{x - 3:.1f} {top:.1f}C{x + bend:.1f} {mid:.1f} {x - bend - wide:.1f} {mid:.1f} "
        f"{x - wide:.1f} {bottom + 4:.1f}"
        f"L{x + wide:.1f} {bottom + 4:.1f}C{x - bend + wide:.1f} {mid:.1f} "
        f"{x + bend + 14:.1f} {mid:.1f} {x + 3:.1f} {top:.1f}Z",
        colour,
        line=False,
    )


def tuft(pen: Pen, at: Point, colour: str) -> None:
    """A tuft of grass."""
    x, y = at
    s = pen.unit * pen.rng.uniform(0.8, 1.3)
    pen.path(
        f"M{x - 7 * s:.1f} {y:.1f}L{x - 8 * s:.1f} {y - 9 * s:.1f}L{x - 2 * s:.1f} "
        f"{y - 3 * s:.1f}L{x:.1f} {y - 13 * s:.1f}"
        f"L{x + 3 * s:.1f} {y - 3 * s:.1f}L{x + 9 * s:.1f} {y - 8 * s:.1f}"
        f"L{x + 7 * s:.1f} {y:.1f}Z",
        colour,
        line=False,
    )


def tufts(pen: Pen, many: int, colour: str = "#4f9147") -> None:
    """Tufts of grass near the lower edge."""
    for _ in range(many):
        tuft(pen, (pen.rng.uniform(0, pen.width), pen.height * pen.rng.uniform(0.78, 0.98)), colour)


def grass(pen: Pen) -> str:
    """One of the greens of grass."""
    return jitter(pen.rng, pen.rng.choice(GRASS), 0.04)


def open_stage(pen: Pen, scene: Scene, horizon: float) -> Stage:
    """Plain ground from the horizon to the lower edge."""
    h = pen.height
    return Stage(near=h * 0.955, far=horizon + (h - horizon) * 0.42, sky=horizon * 0.45)
