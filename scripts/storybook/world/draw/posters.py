"""Posters: a product with rays, discs or a podium, bands of lettering; or a travel poster."""

import math

from world.draw import compose, lettering, products
from world.draw.palette import NAMED, darker, lighter, mix, named
from world.draw.pen import Pen, Point
from world.draw.sky import star
from world.scene import Scene
from world.vocabulary import PRODUCTS

ACCENTS = {
    "red": "yellow", "orange": "blue", "yellow": "red", "green": "yellow", "blue": "orange",
    "purple": "yellow", "pink": "blue", "brown": "orange", "black": "yellow", "white": "red",
    "grey": "orange",
}  # fmt: skip


def _title_colour(ground: str) -> str:
    light = sum(int(ground[i : i + 2], 16) for i in (1, 3, 5)) > 400
    return "#2a2434" if light else "#fff8e8"


def poster(pen: Pen, scene: Scene) -> None:
    """A poster for a product, or for a place."""
    ground = named(pen.rng, scene.colour)
    if scene.theme in PRODUCTS:
        _product_poster(pen, scene, ground)
    else:
        _travel_poster(pen, scene, ground)


def _product_poster(pen: Pen, scene: Scene, ground: str) -> None:
    rng, w, h = pen.rng, pen.width, pen.height
    accent = named(rng, ACCENTS[scene.colour])
    wide = w > h * 1.3
    at = (w * 0.68, h * 0.5) if wide else (w * 0.5, h * rng.uniform(0.5, 0.56))
    pen.rect(
        (0, 0, w, h), pen.linear((lighter(ground, 0.16), ground, darker(ground, 0.12))), line=False
    )
    _backdrop(pen, at, ground, accent)
    size = h * (0.56 if wide else 0.45) * min(1, w / h * 1.25)
    foot = at[1] + size * 0.52
    _podium(pen, (at[0], foot), size, ground)
    hue = rng.choice(
        [name for name in NAMED if name not in (scene.colour, ACCENTS[scene.colour], "brown")]
    )
    with pen.group((at[0], foot), size / 104, rot=rng.choice((0, 0, -9, 8))):
        products.DRAWN[scene.theme](pen, named(rng, hue))
    _words(pen, wide, ground, accent)
    for _ in range(rng.randint(2, 5)):
        angle = rng.uniform(0, math.tau)
        spot = at[0] + math.cos(angle) * size * 0.8, at[1] + math.sin(angle) * size * 0.7
        star(pen, spot, rng.uniform(5, 9) * pen.unit, "#fff8e0")


def _backdrop(pen: Pen, at: Point, ground: str, accent: str) -> None:
    rng, far = pen.rng, math.hypot(pen.width, pen.height)
    kind = rng.choice(("rays", "rays", "disc", "rings", "diagonal"))
    if kind == "rays":
        rays(pen, at, far, lighter(ground, 0.3), rng.choice((10, 12, 14)))
    if kind == "diagonal":
        w, h = pen.width, pen.height
        lean = rng.uniform(-0.2, 0.2) * h
        pen.poly(
            [(0, h * 0.45 + lean), (w, h * 0.45 - lean), (w, h), (0, h)],
            mix(ground, accent, 0.55),
            line=False,
        )
    if kind == "rings":
        for i, share in enumerate((0.42, 0.34, 0.26)):
            pen.circle(
                *at, share * min(pen.width, pen.height), lighter(ground, 0.2 + 0.18 * i), line=False
            )
    if kind != "rings":
        pen.circle(*at, rng.uniform(0.27, 0.33) * min(pen.width, pen.height) * 1.1, accent)


def rays(pen: Pen, at: Point, far: float, colour: str, many: int) -> None:
    """Broad rays from a point to the edges."""
    turn = pen.rng.uniform(0, 1)
    for i in range(many):
        a, b = (i + turn) * math.tau / many, (i + turn + 0.5) * math.tau / many
        ends = [(at[0] + math.cos(angle) * far, at[1] + math.sin(angle) * far) for angle in (a, b)]
        pen.poly([at, *ends], colour, line=False)


def _podium(pen: Pen, foot: Point, size: float, ground: str) -> None:
    x, y = foot
    kind = pen.rng.random()
    if kind < 0.5:
        half = size * 0.62
        pen.rect((x - half, y - 2, half * 2, size * 0.2), darker(ground, 0.28))
        pen.ellipse((x, y), half, size * 0.085, lighter(ground, 0.4))
    else:
        pen.ellipse((x, y), size * 0.5, size * 0.06, "#201830", a=0.28, raw=True)


def _words(pen: Pen, wide: bool, ground: str, accent: str) -> None:
    rng, w, h, u = pen.rng, pen.width, pen.height, pen.unit
    ink = _title_colour(ground)
    if wide:
        lettering.title(pen, (w * 0.25, h * 0.34), w * 0.38, 26 * u, ink)
        lettering.title(pen, (w * 0.25, h * 0.5), w * 0.34, 18 * u, ink)
        lettering.small_print(pen, (w * 0.25, h * 0.58), w * 0.34, ink)
        at = (w * 0.25, h * 0.82)
    else:
        lettering.title(pen, (w * 0.5, h * 0.05 + 29 * u), w * 0.82, rng.uniform(22, 30) * u, ink)
        if rng.random() < 0.6:
            lettering.small_print(pen, (w * 0.5, h * 0.05 + 37 * u), w * 0.6, ink, 1)
        at = (w * 0.5, h * 0.925)
    if rng.random() < 0.6:
        half = w * 0.19
        pen.rect((at[0] - half, at[1] - 15 * u, half * 2, 24 * u, 12 * u), accent)
        lettering.title(pen, (at[0], at[1] + 3 * u), half * 1.6, 11 * u, _title_colour(accent))
    else:
        lettering.title(pen, at, w * (0.3 if wide else 0.66), 15 * u, ink)


def _travel_poster(pen: Pen, scene: Scene, ground: str) -> None:
    """A place in a frame, its name in blocks below."""
    rng, w, h = pen.rng, pen.width, pen.height
    time = rng.choice(("day", "sunset", "dawn"))
    place = scene.without(
        kind="scene",
        place=scene.theme,
        time="none" if scene.theme == "space" else time,
        weather="none" if scene.theme == "space" else "clear",
    )
    compose.draw_scene(pen, place)
    band = h * rng.uniform(0.2, 0.25)
    top = rng.random() < 0.3
    y = 0 if top else h - band
    pen.rect((0, y, w, band), ground, raw=True)
    edge = 9 * pen.unit
    for box in ((0, 0, w, edge), (0, h - edge, w, edge), (0, 0, edge, h), (w - edge, 0, edge, h)):
        pen.rect(box, ground, raw=True, line=False)
    lettering.title(pen, (w / 2, y + band * 0.62), w * 0.8, band * 0.42, _title_colour(ground))
    lettering.small_print(pen, (w / 2, y + band * 0.74), w * 0.5, _title_colour(ground), 1)
