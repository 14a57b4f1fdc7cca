"""Motifs for a T-shirt: an emblem of few colours, on the bare ground or on a shirt."""

import math
from collections.abc import Callable

from world.draw import animals, lettering, plants, vehicles
from world.draw.palette import darker, named
from world.draw.pen import Pen
from world.draw.sky import star
from world.scene import Scene

STRIPES = (
    ("#f7c24a", "#f2913d", "#e5603f", "#b53f4f"),
    ("#f9dc8a", "#f4a259", "#d9594c", "#5b3758"),
    ("#8fd0c0", "#4fa3a5", "#2f6f8f", "#28456b"),
    ("#fbe0a0", "#f08a7a", "#c0568a", "#5a3f8a"),
)


def motif(pen: Pen, scene: Scene) -> None:
    """The emblem of a theme on a ground of the scene's colour."""
    w, h = pen.width, pen.height
    colour = named(pen.rng, scene.colour)
    if scene.view == "shirt":
        size = min(w, h)
        pen.rect((0, 0, w, h), _quiet(pen), line=False)
        with pen.group((w / 2, h / 2), size / 240):
            _shirt(pen, colour)
            with pen.group((0, 12), 0.56):
                emblem(pen, scene.theme, colour)
        return
    pen.rect((0, 0, w, h), colour, line=False)
    with pen.group((w / 2, h / 2), min(w, h) / 256 * pen.rng.uniform(0.92, 1.05)):
        emblem(pen, scene.theme, colour)


def _quiet(pen: Pen) -> str:
    return pen.rng.choice(("#f3ead9", "#e4ecec", "#efe0d6", "#e8e4f0", "#d8dccb"))


def _shirt(pen: Pen, colour: str) -> None:
    pen.path(
        (
            "M-36 -100Q0 -78 36 -100L74 -84L112 -30L82 -6L68 -26V104Q0 112 -68 104V-26L-82 "
            "-6L-112 -30L-74 -84Z"
        ),
        colour,
    )
    pen.path("M-36 -100Q0 -78 36 -100L28 -103Q0 -88 -28 -103Z", darker(colour, 0.3), line=False)
    for side in (-1, 1):
        pen.line([(side * 68, -26), (side * 70, -50)], darker(colour, 0.25), 3, line=False)


def emblem(pen: Pen, theme: str, ground: str) -> None:
    """A disc of stripes with the theme on it and lettering, within ±110 units of (0, 0)."""
    rng = pen.rng
    stripes = rng.choice(STRIPES)
    r = rng.uniform(70, 80)
    y = -14
    light = sum(int(ground[i : i + 2], 16) for i in (1, 3, 5)) > 400
    dark, pale = "#3a2a3c", "#fbeecb"
    ink = dark if light else pale
    _frame(pen, r, y, ink)
    _striped_sun(pen, r, y, stripes, ground)
    DRAWN[theme](pen, r, y)
    if rng.random() < 0.85:
        lettering.title(pen, (0, y + r + 34), 190, rng.uniform(19, 25), ink)
    if rng.random() < 0.5:
        for side in (-1, 0, 1):
            star(pen, (side * 26, -102), 9 if side == 0 else 7, ink, 5)


def _frame(pen: Pen, r: float, y: float, ink: str) -> None:
    kind = pen.rng.random()
    if kind < 0.35:
        pen.parts.append(
            f'<circle cx="0" cy="{y}" r="{r + 9:.1f}" fill="none" stroke="{ink}" stroke-width="5"/>'
        )
    elif kind < 0.6:
        for i in range(20):
            angle = math.tau * i / 20
            x, dy = math.cos(angle), math.sin(angle)
            pen.line(
                [(x * (r + 7), y + dy * (r + 7)), (x * (r + 18), y + dy * (r + 18))],
                ink,
                5,
                line=False,
            )


def _striped_sun(pen: Pen, r: float, y: float, stripes: tuple[str, ...], ground: str) -> None:
    """A disc in bands; the lower ones are cut by lines of the ground."""
    _, *rest = stripes
    pen.circle(0, y, r, stripes[0])
    for i, colour in enumerate(rest):
        cut = y - r * 0.25 + i * r * 0.42
        half = math.sqrt(max(0.0, r * r - (cut - y) ** 2))
        pen.path(
            f"M{-half:.1f} {cut:.1f}H{half:.1f}A{r:.1f} {r:.1f} 0 0 1 {-half:.1f} {cut:.1f}Z",
            colour,
            line=False,
        )
    if pen.rng.random() < 0.6:
        for i in range(4):
            cut = y + r * (0.12 + 0.22 * i)
            half = math.sqrt(max(0.0, r * r - (cut - y) ** 2))
            pen.rect((-half - 1, cut, half * 2 + 2, 3.5 + i * 1.6), ground, line=False)


def _palms(pen: Pen, r: float, y: float) -> None:
    for x, scale in ((-0.3, 1.25), (0.34, 1.0)):
        with pen.group((x * r, y + r * 0.82), scale):
            plants.palm(pen)
    pen.ellipse((0, y + r * 0.86), r * 0.8, r * 0.14, "#3a2a3c", line=False)


def _wave(pen: Pen, r: float, y: float) -> None:
    pen.path(
        f"M{-r} {y + r * 0.62:.0f}C{-r * 0.5:.0f} {y + r * 0.5:.0f} {-r * 0.5:.0f} "
        f"{y - r * 0.5:.0f} {r * 0.3:.0f} {y - r * 0.42:.0f}"
        f"C{r * 0.7:.0f} {y - r * 0.34:.0f} {r * 0.7:.0f} {y + r * 0.1:.0f} {r * 0.4:.0f} "
        f"{y + r * 0.06:.0f}"
        f"C{r * 0.5:.0f} {y - r * 0.16:.0f} {r * 0.1:.0f} {y - r * 0.2:.0f} "
        f"{r * 0.02:.0f} {y + r * 0.14:.0f}"
        f"C{-r * 0.02:.0f} {y + r * 0.4:.0f} {r * 0.5:.0f} {y + r * 0.5:.0f} {r} "
        f"{y + r * 0.5:.0f}L{r * 0.7:.0f} {y + r * 0.8:.0f}H{-r * 0.7:.0f}Z",
        "#2f6f8f",
    )
    pen.line(
        [
            (-r * 0.8, y + r * 0.6),
            (-r * 0.3, y + r * 0.2),
            (r * 0.1, y - r * 0.24),
            (r * 0.42, y - r * 0.24),
        ],
        "#fbeecb",
        7,
        line=False,
    )


def _peaks(pen: Pen, r: float, y: float) -> None:
    for x, tall, colour in (
        (-0.38, 0.8, "#4a5470"),
        (0.4, 0.7, "#5a6480"),
        (0.02, 1.15, "#38405c"),
    ):
        foot = y + r * 0.7
        top = foot - tall * r
        half = tall * r * 0.55
        pen.poly([(x * r - half, foot), (x * r, top), (x * r + half, foot)], colour)
        pen.poly(
            [
                (x * r - half * 0.3, top + tall * r * 0.3),
                (x * r, top),
                (x * r + half * 0.3, top + tall * r * 0.3),
                (x * r, top + tall * r * 0.22),
            ],
            "#fbf5e6",
            line=False,
        )
    for x in (-0.62, -0.42, 0.45, 0.64):
        with pen.group((x * r, y + r * 0.76), 0.42):
            plants.pine(pen, "#2f5a4a")


def _animal(species: str, colours: tuple[str, ...]) -> Callable[[Pen, float, float], None]:
    def draw(pen: Pen, r: float, y: float) -> None:
        with pen.group((0, y + r * 0.8), r / 62):
            fur = named(pen.rng, pen.rng.choice(colours))
            animals.critter(pen, fur, "round" if species == "bear" else "pointed", species)

    return draw


def _vehicle(draw: Callable[[Pen, str], None], scale: float) -> Callable[[Pen, float, float], None]:
    def put(pen: Pen, r: float, y: float) -> None:
        with pen.group((0, y + r * 0.7), scale * r / 75):
            draw(pen, named(pen.rng, pen.rng.choice(("red", "orange", "blue", "green", "white"))))

    return put


def _sun(pen: Pen, r: float, y: float) -> None:
    for i, share in enumerate((0.55, 0.72, 0.88)):
        dy = y + r * share
        points = [(x * r / 4, dy + (4 if x % 2 else -4)) for x in range(-4, 5)]
        pen.line(points, ("#fbeecb", "#3a2a3c", "#fbeecb")[i], 6, line=False)


DRAWN: dict[str, Callable[[Pen, float, float], None]] = {
    "sun": _sun,
    "palms": _palms,
    "wave": _wave,
    "peaks": _peaks,
    "cat": _animal("cat", ("orange", "black", "grey")),
    "bear": _animal("bear", ("brown", "black")),
    "fox": _animal("fox", ("orange", "red")),
    "car": _vehicle(vehicles.car, 0.72),
    "rocket": _vehicle(vehicles.rocket, 1.1),
    "sailboat": _vehicle(vehicles.sailboat, 1.15),
}
