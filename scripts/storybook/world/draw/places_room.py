"""Indoors: a room with a window that shows the hour."""

from world.draw.palette import darker, jitter, lighter
from world.draw.pen import Pen, Point
from world.draw.sky import moon, star
from world.draw.stage import Stage
from world.scene import Scene

WALLS = ("#f3d9b8", "#cfe0d8", "#f2c7b8", "#c7d3ea", "#e9d0e0", "#f4e6b8")


def room(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Wall, floor, window, rug, a shelf or picture."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(strength=0.55):
        wall = jitter(rng, rng.choice(WALLS), 0.04)
        pen.rect((0, 0, w, h), wall)
        if rng.random() < 0.4:
            for i in range(int(w / 48) + 1):
                pen.rect((i * 48, 0, 20, h), lighter(wall, 0.3), line=False)
        line = h * rng.uniform(0.72, 0.78)
        wood = jitter(rng, rng.choice(("#b98556", "#c99a6a", "#9a6b4a")), 0.04)
        pen.rect((-2, line, w + 4, h), pen.linear((wood, darker(wood, 0.12))))
        pen.rect((-2, line - 6, w + 4, 8), "#fdf5e6")
        rug = jitter(rng, rng.choice(("#c25a55", "#5a86b5", "#6aa07a", "#d8a04a", "#9a6bb0")), 0.05)
        pen.ellipse((w * 0.5, h * 0.925), w * 0.36, h * 0.07, rug)
        pen.ellipse((w * 0.5, h * 0.925), w * 0.27, h * 0.05, lighter(rug, 0.35), line=False)
    x = {"left": 0.68, "right": 0.32}.get(scene.position, rng.choice((0.26, 0.74))) * w
    _window(
        pen,
        scene,
        sky,
        (x, h * rng.uniform(0.3, 0.36)),
        min(w * 0.36, h * (0.36 if w < h * 1.3 else 0.46)),
    )
    with pen.tone(strength=0.55):
        if w / h > 0.8:
            _shelf(pen, (w - x, h * 0.34))
        if scene.subject == "none" and rng.random() < 0.7:
            _corner(pen, (w - x + rng.uniform(-0.08, 0.08) * w, line + h * 0.07))
    return Stage(near=h * 0.955, far=line + (h - line) * 0.3, sky=h * 0.25)


def _window(pen: Pen, scene: Scene, sky: list[str], at: Point, size: float) -> None:
    rng, (x, y) = pen.rng, at
    left, top, tall = x - size / 2, y - size * 0.55, size * 1.1
    pen.rect((left - 6, top - 6, size + 12, tall + 12, 4), "#fdf6e8")
    pen.rect((left, top, size, tall), pen.linear(sky, raw=True), raw=True)
    inner = (x + rng.uniform(-0.2, 0.2) * size, y - size * 0.12)
    if scene.time in ("night", "dusk"):
        moon(pen, inner, size * 0.13, rng.random() < 0.5)
        for dx, dy in ((-0.33, -0.35), (0.34, -0.2), (0.3, 0.2)):
            star(pen, (x + dx * size, y + dy * size), size * 0.045 + 1.5, "#fff8dc")
    else:
        pen.circle(*inner, size * 0.13, "#fff0b0", raw=True, line=True)
    pen.path(
        f"M{left:.1f} {top + tall:.1f}V{top + tall * 0.78:.1f}Q{x - size * 0.2:.1f} "
        f"{top + tall * 0.6:.1f} {x:.1f} {top + tall * 0.75:.1f}"
        f"T{left + size:.1f} {top + tall * 0.72:.1f}V{top + tall:.1f}Z",
        "#6fa866",
        line=False,
    )
    pen.rect((x - 2.5, top, 5, tall), "#fdf6e8", line=False)
    pen.rect((left, y - 2.5, size, 5), "#fdf6e8", line=False)
    cloth = jitter(rng, rng.choice(("#e8746a", "#f0b04a", "#7aa8d8", "#a98ad0", "#7fb88a")), 0.04)
    with pen.tone(strength=0.5):
        for side in (-1, 1):
            edge = x + side * (size / 2 + 9)
            pen.path(
                (
                    f"M{edge:.1f} {top - 12:.1f}L{edge - side * size * 0.34:.1f} "
                    f"{top - 12:.1f}Q{edge - side * size * 0.3:.1f} {y:.1f} "
                    f"{edge - side * size * 0.08:.1f} {top + tall + 10:.1f}L{edge:.1f} "
                    f"{top + tall + 10:.1f}Z"
                ),
                cloth,
            )


def _corner(pen: Pen, foot: Point) -> None:
    """A potted plant or a floor lamp."""
    rng, s = pen.rng, pen.unit * pen.rng.uniform(0.9, 1.2)
    with pen.group(foot, s):
        if rng.random() < 0.5:
            green = jitter(rng, "#4f9a5c", 0.05)
            for lean in (-26, -10, 8, 25):
                pen.ellipse((lean * 0.8, -56 + abs(lean) * 0.4), 8, 26, green, rot=lean * 1.2)
            pen.path("M-20 -34H20L14 0H-14Z", jitter(rng, "#c9724a", 0.04))
            return
        pen.glow((0, -88), 60, "#fff0b8", 0.5)
        pen.rect((-2.5, -80, 5, 80), "#5a4a44")
        pen.ellipse((0, -2), 15, 4, "#5a4a44")
        pen.poly([(-24, -72), (-14, -104), (14, -104), (24, -72)], "#f9dc9a")


def _shelf(pen: Pen, at: Point) -> None:
    rng, (x, y), s = pen.rng, at, pen.unit
    if rng.random() < 0.5:
        pen.rect((x - 34 * s, y, 68 * s, 6 * s), "#8a5f40")
        for i in range(5):
            tall = rng.uniform(20, 32) * s
            colour = jitter(
                rng, rng.choice(("#c8504a", "#4a80b8", "#e0a840", "#5a9a6a", "#8a60a8")), 0.05
            )
            pen.rect((x + (-30 + i * 12) * s, y - tall, 10 * s, tall), colour)
        return
    pen.rect((x - 26 * s, y - 30 * s, 52 * s, 44 * s), "#a9774a")
    pen.rect((x - 20 * s, y - 24 * s, 40 * s, 32 * s), "#cfe6ef", line=False)
    pen.path(
        (
            f"M{x - 20 * s:.1f} {y + 8 * s:.1f}L{x - 6 * s:.1f} {y - 12 * s:.1f}"
            f"L{x + 4 * s:.1f} {y:.1f}L{x + 10 * s:.1f} {y - 6 * s:.1f}L{x + 20 * s:.1f} "
            f"{y + 8 * s:.1f}Z"
        ),
        "#6f9f7a",
        line=False,
    )
