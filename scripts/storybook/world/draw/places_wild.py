"""Wild places on land: forest, mountains, meadow, desert, snow, volcano."""

from world.draw import plants
from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen, Point, ring
from world.draw.stage import Stage, grass, hills, open_stage, peaks, tufts
from world.scene import Scene


def forest(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Rows of trees, paler with distance, and a clearing in front."""
    rng, w, h = pen.rng, pen.width, pen.height
    leafy = pen.season in ("autumn", "spring")
    kind = "round" if leafy else rng.choice(("pine", "round", "mixed"))
    for row, (y, size, far) in enumerate(((0.0, 0.75, 0.5), (0.07, 1.0, 0.22))):
        base = horizon + h * y
        with pen.tone(distance=far):
            hills(pen, base, h * 0.03, "#5f9550")
            many = max(4, round(w / (46 if row else 38)))
            for i in range(many):
                at = w * (i + rng.uniform(0.1, 0.9)) / many, base + 5
                with pen.group(at, size * pen.unit * rng.uniform(0.85, 1.25)):
                    _forest_tree(pen, kind)
    hills(pen, horizon + h * 0.15, h * 0.04, jitter(rng, "#6aa552", 0.04))
    for side in (0.03, 0.97):
        if rng.random() < 0.75:
            with pen.group(
                (w * side, h * rng.uniform(0.82, 0.95)), pen.unit * rng.uniform(1.7, 2.2)
            ):
                _forest_tree(pen, kind)
    tufts(pen, 4)
    return open_stage(pen, scene, horizon + h * 0.1)


def _forest_tree(pen: Pen, kind: str) -> None:
    if kind == "pine" or (kind == "mixed" and pen.rng.random() < 0.5):
        plants.pine(pen)
    else:
        plants.round_tree(pen)


def mountains(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Two chains of mountains over a valley, green or under snow."""
    rng, h = pen.rng, pen.height
    snowy = scene.place == "snowy mountains"
    rise = h * rng.uniform(0.3, 0.4)
    with pen.tone(distance=0.5):
        pen.rect((-2, horizon, pen.width + 4, h * 0.2), "#6f8a9a", line=False)
        peaks(pen, horizon + h * 0.02, rise, "#6f7fae", snow=True)
    with pen.tone(distance=0.15):
        peaks(
            pen,
            horizon + h * 0.07,
            rise * 0.75,
            "#62708f" if snowy else "#6d7a78",
            snow=snowy or rng.random() < 0.3,
        )
    ground = "#eef4fb" if snowy else jitter(rng, "#7fb066", 0.05)
    hills(pen, horizon + h * 0.08, h * 0.06, mix(ground, "#9ab8d0" if snowy else "#4f8f5a", 0.2))
    hills(pen, horizon + h * 0.2, h * 0.05, ground)
    for _ in range(3):
        at = rng.uniform(0, pen.width), horizon + h * rng.uniform(0.12, 0.2)
        with pen.group(at, pen.unit * rng.uniform(0.45, 0.7)):
            plants.pine(pen, snowy=snowy)
    return open_stage(pen, scene, horizon + h * 0.12)


def meadow(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Rolling grass with flowers."""
    w, h = pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.12, "#74a877")
    with pen.tone(distance=0.15):
        hills(pen, horizon + h * 0.06, h * 0.08, grass(pen))
    hills(pen, horizon + h * 0.15, h * 0.05, lighter(grass(pen), 0.08))
    plants.flower_bed(pen, round(7 * w / 256), 0, w, h * 0.76, h * 0.99)
    tufts(pen, 3)
    return open_stage(pen, scene, horizon + h * 0.1)


def desert(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Dunes, perhaps mesas, a cactus or two far off."""
    rng, w, h = pen.rng, pen.width, pen.height
    sand = jitter(rng, rng.choice(("#e8b56a", "#edc07a", "#dfa25a")), 0.04)
    with pen.tone(distance=0.3):
        if rng.random() < 0.5:
            x, half, tall = rng.uniform(0.1, 0.9) * w, w * 0.14, h * rng.uniform(0.12, 0.2)
            pen.poly(
                [
                    (x - half, horizon + 6),
                    (x - half * 0.7, horizon - tall),
                    (x + half * 0.7, horizon - tall),
                    (x + half, horizon + 6),
                ],
                "#c4704a",
            )
        hills(pen, horizon, h * 0.1, darker(sand, 0.08), 2)
    with pen.tone(distance=0.12):
        for _ in range(2):
            with pen.group(
                (rng.uniform(0, w), horizon + h * 0.12), pen.unit * rng.uniform(0.3, 0.5)
            ):
                plants.cactus(pen)
    hills(pen, horizon + h * 0.1, h * 0.08, sand, 2)
    hills(pen, horizon + h * 0.24, h * 0.07, lighter(sand, 0.12), 2)
    return open_stage(pen, scene, horizon + h * 0.14)


def snow_field(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Snow hills with firs."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.35):
        hills(pen, horizon, h * 0.09, "#cfdeee")
    for i in range(round(5 * w / 256)):
        at = w * (i + rng.uniform(0, 1)) / (5 * w / 256), horizon + h * rng.uniform(0.04, 0.1)
        with pen.tone(distance=0.15), pen.group(at, pen.unit * rng.uniform(0.6, 1)):
            plants.pine(pen, snowy=True)
    hills(pen, horizon + h * 0.1, h * 0.05, "#e6eff8")
    hills(pen, horizon + h * 0.22, h * 0.05, "#f6fafe")
    return open_stage(pen, scene, horizon + h * 0.12)


def volcano(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A smoking mountain with glowing lava."""
    rng, w, h = pen.rng, pen.width, pen.height
    x, tall = (
        w * {"left": 0.64, "right": 0.36}.get(scene.position, 0.5),
        h * rng.uniform(0.34, 0.42),
    )
    y = horizon + h * 0.1
    half, crater = tall * 1.05, tall * 0.22
    for i in range(3):
        at = x + i * 13 * pen.unit, y - tall - (14 + 22 * i) * pen.unit
        pen.blob(
            ring(rng, at, (20 + 8 * i) * pen.unit, (13 + 4 * i) * pen.unit),
            mix("#6b6470", sky[0], 0.2),
            a=0.9,
        )
    pen.glow((x, y - tall), tall * 0.55, "#ff9a3c", 0.8)
    rock = jitter(rng, "#6b5560", 0.04)
    pen.poly(
        [(x - half, y + 8), (x - crater, y - tall), (x + crater, y - tall), (x + half, y + 8)], rock
    )
    pen.poly(
        [
            (x + crater, y - tall),
            (x + half, y + 8),
            (x + half * 0.2, y + 8),
            (x + crater * 0.5, y - tall * 0.6),
        ],
        darker(rock, 0.2),
        line=False,
    )
    lava = [
        (x - crater, y - tall),
        (x + crater, y - tall),
        (x + crater * 0.7, y - tall * 0.6),
        (x + crater * 0.2, y - tall * 0.72),
        (x - crater * 0.1, y - tall * 0.3),
        (x - crater * 0.5, y - tall * 0.68),
    ]
    pen.poly(lava, "#ff7a2a", raw=True, line=True)
    hills(pen, horizon + h * 0.12, h * 0.05, jitter(rng, "#6f8f5a", 0.05))
    return open_stage(pen, scene, horizon + h * 0.14)
