"""Places that people have built: garden, city, village, castle, farm."""

from world.draw import buildings, plants
from world.draw.palette import darker, jitter
from world.draw.pen import Pen, Point
from world.draw.stage import Stage, grass, hills, open_stage, path_to, peaks, tufts
from world.draw.street import street_lamp
from world.scene import Scene


def garden(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A hedge or fence, bushes, a path, many flowers."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.2):
        for i in range(round(4 * w / 256)):
            with pen.group(
                (w * (i + rng.random()) / (4 * w / 256), horizon + 8),
                pen.unit * rng.uniform(0.7, 1.1),
            ):
                plants.round_tree(pen)
    hills(pen, horizon + 4, 4, grass(pen))
    path_to(pen, w * rng.uniform(0.35, 0.65), horizon + 6, h, "#ead7b4", w * 0.14)
    _fence(pen, horizon + h * 0.1)
    for i in range(round(5 * w / 256)):
        with pen.group(
            (w * (i + rng.random()) / (5 * w / 256), horizon + h * 0.14),
            pen.unit * rng.uniform(0.7, 1),
        ):
            plants.bush(pen)
    plants.flower_bed(pen, round(5 * w / 256), 0, w * 0.3, h * 0.72, h)
    plants.flower_bed(pen, round(5 * w / 256), w * 0.7, w, h * 0.72, h)
    return open_stage(pen, scene, horizon + h * 0.08)


def _fence(pen: Pen, y: float) -> None:
    step, tall = 22 * pen.unit, 24 * pen.unit
    pen.rect((-2, y - tall * 0.7, pen.width + 4, 4 * pen.unit), "#fbf4e6", line=False)
    data = "".join(
        (
            f"M{x:.0f} {y:.0f}V{y - tall * 0.85:.0f}L{x + 4 * pen.unit:.1f} {y - tall:.0f}"
            f"L{x + 8 * pen.unit:.1f} {y - tall * 0.85:.0f}V{y:.0f}Z"
        )
        for x in (i * step for i in range(int(pen.width / step) + 1))
    )
    pen.path(data, "#fdf8ee")


def city(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Houses in two rows behind a pavement and a street."""
    rng, w, h = pen.rng, pen.width, pen.height
    street = h * rng.uniform(0.72, 0.77)
    with pen.tone(distance=0.5):
        for i in range(round(5 * w / 256)):
            x = w * (i + 0.5) / (5 * w / 256)
            tall = h * rng.uniform(0.4, 0.62)
            pen.rect((x - 26 * pen.unit, street - tall, 52 * pen.unit, tall), "#8d9bb8")
    x = -8.0
    while x < w:
        wide = rng.uniform(46, 66) * pen.unit
        tall = h * rng.uniform(0.24, 0.44)
        colour = jitter(
            rng,
            rng.choice(("#e59a78", "#f0c987", "#a9c5cf", "#d98f93", "#c9b6d8", "#b9cf9f")),
            0.04,
        )
        with pen.group((x + wide / 2, street), 1):
            buildings.tower_block(pen, wide, tall, colour)
        x += wide
    pen.rect((-2, street, w + 4, h - street + 4), "#cfc9c4")
    pen.rect((-2, street + (h - street) * 0.42, w + 4, h), "#70727e")
    y = street + (h - street) * 0.74
    dashes = "".join(
        f"M{i * 52 * pen.unit:.0f} {y:.0f}h{26 * pen.unit:.0f}v4h-{26 * pen.unit:.0f}Z"
        for i in range(int(w / 52 / pen.unit) + 1)
    )
    pen.path(dashes, "#f4ecd8", line=False)
    for side in rng.sample((0.06, 0.36, 0.66, 0.95), 2):
        with pen.group((w * side, street + (h - street) * 0.3), pen.unit * rng.uniform(0.7, 0.9)):
            rng.choice((plants.round_tree, street_lamp))(pen)
    return Stage(near=h * 0.955, far=street + (h - street) * 0.35, sky=h * 0.2)


def village(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Cottages on green hills, a path."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.13, "#76a878")
    with pen.tone(distance=0.12):
        hills(pen, horizon + h * 0.06, h * 0.04, grass(pen))
        many = max(3, round(3.4 * w / 256))
        for i in range(many):
            at = w * (i + rng.uniform(0.25, 0.75)) / many, horizon + h * rng.uniform(0.08, 0.14)
            with pen.group(at, pen.unit * rng.uniform(0.6, 0.82)):
                buildings.house(pen)
            with pen.group((at[0] + 40 * pen.unit, at[1]), pen.unit * rng.uniform(0.4, 0.6)):
                plants.pick_tree(rng)(pen)
    hills(pen, horizon + h * 0.16, h * 0.03, grass(pen))
    path_to(pen, w * rng.uniform(0.3, 0.7), horizon + h * 0.15, h, "#e6d2aa", w * 0.12)
    tufts(pen, 3)
    return open_stage(pen, scene, horizon + h * 0.12)


def castle(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A castle on its hill."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.45):
        if rng.random() < 0.5:
            peaks(pen, horizon + 4, h * 0.2, "#7a83a8", snow=True)
        else:
            hills(pen, horizon, h * 0.12, "#76a080")
    bare = scene.subject == "none"
    x = w * {"left": 0.66, "right": 0.34}.get(
        "center" if bare else scene.position, rng.uniform(0.42, 0.58)
    )
    with pen.tone(distance=0.04):
        rise = h * 0.07
        y = horizon + h * (0.12 if bare else 0.07)
        green = grass(pen)
        pen.blob(
            [
                (x - w * 0.6, y + h * 0.14),
                (x - 70 * pen.unit, y),
                (x, y - rise * 0.4),
                (x + 70 * pen.unit, y),
                (x + w * 0.6, y + h * 0.14),
            ],
            darker(green, 0.1),
        )
        scale = h / 256 * (rng.uniform(1.05, 1.25) if bare else rng.uniform(0.82, 1.0))
        with pen.group((x, y + 3), min(scale, w / 150)):
            buildings.castle(pen)
    hills(pen, horizon + h * 0.2, h * 0.04, green)
    path_to(pen, x, horizon + h * (0.17 if bare else 0.13), h, "#ead9b8", w * 0.13)
    for side in (0.06, 0.94):
        with pen.group((w * side, horizon + h * 0.2), pen.unit * rng.uniform(0.6, 0.9)):
            plants.pick_tree(rng)(pen)
    return open_stage(pen, scene, horizon + h * 0.16)


def farm(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A red barn, rows of crops, a fence."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.1, "#7fae72")
    hills(pen, horizon + h * 0.06, h * 0.03, jitter(rng, "#b8c45f", 0.05))
    side = {"left": 0.7, "right": 0.3}.get(scene.position, rng.choice((0.25, 0.75)))
    with (
        pen.tone(distance=0.1),
        pen.group((w * side, horizon + h * 0.14), pen.unit * rng.uniform(0.95, 1.2)),
    ):
        buildings.barn(pen)
    y = horizon + h * 0.15
    pen.rect((-2, y, w + 4, h), jitter(rng, "#98b854", 0.04))
    for i in range(-4, 5, 2):
        x = w / 2 + i * w * 0.05
        far = w / 2 + i * w * 0.24
        pen.poly(
            [(x - 3, y), (x + 5, y), (far + w * 0.075, h + 4), (far - w * 0.075, h + 4)],
            "#7fa344",
            line=False,
        )
    _fence(pen, y + h * 0.05)
    return open_stage(pen, scene, y)
