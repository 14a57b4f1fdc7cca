"""Places on land and in the sky."""

from world import buildings, plants
from world.palette import darker, jitter, lighter, mix
from world.pen import Pen, Point, ring
from world.scene import Scene
from world.sky import cloud, star
from world.street import street_lamp
from world.stage import Stage, hills, open_stage, path_to, peaks, tuft

GRASS = ("#79b85a", "#6cae52", "#8cc063", "#5fa356")


def _grass(pen: Pen) -> str:
    return jitter(pen.rng, pen.rng.choice(GRASS), 0.04)


def forest(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Rows of trees, paler with distance, and a clearing in front."""
    rng, w, h = pen.rng, pen.width, pen.height
    kind = rng.choice(("pine", "round", "mixed"))
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
    _tufts(pen, 4)
    _ = scene, sky, shine
    return open_stage(pen, scene, horizon + h * 0.1)


def _forest_tree(pen: Pen, kind: str) -> None:
    if kind == "pine" or (kind == "mixed" and pen.rng.random() < 0.5):
        plants.pine(pen)
    else:
        plants.round_tree(pen)


def _tufts(pen: Pen, many: int, colour: str = "#4f9147") -> None:
    for _ in range(many):
        tuft(pen, (pen.rng.uniform(0, pen.width), pen.height * pen.rng.uniform(0.78, 0.98)), colour)


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
    _ = sky, shine
    return open_stage(pen, scene, horizon + h * 0.12)


def meadow(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Rolling grass with flowers."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.12, "#74a877")
    with pen.tone(distance=0.15):
        hills(pen, horizon + h * 0.06, h * 0.08, _grass(pen))
    hills(pen, horizon + h * 0.15, h * 0.05, lighter(_grass(pen), 0.08))
    plants.flower_bed(pen, round(7 * w / 256), 0, w, h * 0.76, h * 0.99)
    _tufts(pen, 3)
    _ = scene, sky, shine
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
    _ = sky, shine
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
    _ = sky, shine
    return open_stage(pen, scene, horizon + h * 0.12)


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
    hills(pen, horizon + 4, 4, _grass(pen))
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
    _ = sky, shine
    return open_stage(pen, scene, horizon + h * 0.08)


def _fence(pen: Pen, y: float) -> None:
    step, tall = 22 * pen.unit, 24 * pen.unit
    pen.rect((-2, y - tall * 0.7, pen.width + 4, 4 * pen.unit), "#fbf4e6", line=False)
    data = "".join(
        f"M{x:.0f} {y:.0f}V{y - tall * 0.85:.0f}L{x + 4 * pen.unit:.1f} {y - tall:.0f}L{x + 8 * pen.unit:.1f} {y - tall * 0.85:.0f}V{y:.0f}Z"
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
    _ = horizon, sky, shine
    return Stage(near=h * 0.955, far=street + (h - street) * 0.35, sky=h * 0.2)


def village(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Cottages on green hills, a path."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.13, "#76a878")
    with pen.tone(distance=0.12):
        hills(pen, horizon + h * 0.06, h * 0.04, _grass(pen))
        many = max(3, round(3.4 * w / 256))
        for i in range(many):
            at = w * (i + rng.uniform(0.25, 0.75)) / many, horizon + h * rng.uniform(0.08, 0.14)
            with pen.group(at, pen.unit * rng.uniform(0.6, 0.82)):
                buildings.house(pen)
            with pen.group((at[0] + 40 * pen.unit, at[1]), pen.unit * rng.uniform(0.4, 0.6)):
                plants.pick_tree(rng)(pen)
    hills(pen, horizon + h * 0.16, h * 0.03, _grass(pen))
    path_to(pen, w * rng.uniform(0.3, 0.7), horizon + h * 0.15, h, "#e6d2aa", w * 0.12)
    _tufts(pen, 3)
    _ = sky, shine
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
        green = _grass(pen)
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
    _ = sky, shine
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
    _ = sky, shine
    return open_stage(pen, scene, y)


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


def sky_place(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """High above: a floor of clouds."""
    rng, w, h = pen.rng, pen.width, pen.height
    pale = mix(mix("#ffffff", pen.light.ambient, 0.6), sky[-1], 0.25)
    for y, share, size in ((0.7, 0.3, 130), (0.82, 0.12, 160)):
        for i in range(round(4 * w / 256)):
            at = w * (i + rng.random()) / (4 * w / 256), h * y
            cloud(pen, at, size * pen.unit * rng.uniform(0.8, 1.2), mix(pale, sky[0], share))
    pen.rect((-2, h * 0.815, w + 4, h), mix(pale, sky[0], 0.08), raw=True)
    stage = Stage(near=h * 0.9, far=h * 0.78, sky=h * 0.3, mode="cloud")
    stage.front = lambda: (
        [cloud(pen, (w * x, h * 1.02), 130 * pen.unit, pale) for x in (0.1, 0.5, 0.92)] and None
    )
    _ = scene, horizon, shine
    return stage


def space(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Deep space: nebula, planets, stars."""
    rng, w, h = pen.rng, pen.width, pen.height
    stops = rng.choice(
        (
            ("#0c0f2e", "#1c1a52", "#3a2268"),
            ("#0a1430", "#12305f", "#1f5470"),
            ("#140c2c", "#3a1a56", "#6a2a62"),
        )
    )
    pen.rect((0, 0, w, h), pen.linear(stops, raw=True), raw=True)
    for _ in range(2):
        colour = rng.choice(("#7a4bc0", "#3f78c8", "#c04b8f", "#3fa0a8"))
        pen.glow(
            (rng.uniform(0, w), rng.uniform(0, h)), rng.uniform(60, 120) * pen.unit, colour, 0.55
        )
    for _ in range(round(20 * w * h / 65536)):
        star(
            pen,
            (rng.uniform(0, w), rng.uniform(0, h)),
            rng.uniform(2.4, 5.4),
            rng.choice(("#fff8dc", "#dfe8ff", "#ffe6f0")),
        )
    for side in rng.sample((0.12, 0.5, 0.88), 2):
        planet(pen, (w * side, h * rng.uniform(0.12, 0.4)), rng.uniform(13, 30) * pen.unit)
    if rng.random() < 0.5:
        ground = jitter(rng, rng.choice(("#a9a6b8", "#c98a6a", "#8f9ac0")), 0.04)
        pen.ellipse((w / 2, h * 1.22), w * 0.85, h * 0.4, ground)
        for x, y, r in ((0.2, 0.9, 12), (0.75, 0.95, 16), (0.5, 0.87, 7)):
            pen.ellipse(
                (w * x, h * y),
                r * pen.unit * 1.5,
                r * pen.unit * 0.6,
                darker(ground, 0.15),
                line=False,
            )
        return Stage(near=h * 0.92, far=h * 0.86, sky=h * 0.3)
    _ = scene, sky, horizon, shine
    return Stage(near=h * 0.9, far=h * 0.75, sky=h * 0.3, mode="float")


def planet(pen: Pen, at: Point, r: float, colour: str = "") -> None:
    """A planet, perhaps with a ring."""
    rng = pen.rng
    colour = colour or jitter(
        rng, rng.choice(("#e8945a", "#d96a7a", "#6aa8d8", "#b58ae0", "#7fc49a")), 0.04
    )
    pen.circle(*at, r, colour, raw=True, line=True)
    pen.ellipse(
        (at[0] - r * 0.1, at[1] - r * 0.35),
        r * 0.78,
        r * 0.2,
        lighter(colour, 0.35),
        a=0.7,
        raw=True,
    )
    pen.ellipse(
        (at[0] + r * 0.1, at[1] + r * 0.3), r * 0.8, r * 0.18, darker(colour, 0.2), a=0.7, raw=True
    )
    if rng.random() < 0.5:
        x, y = at
        pen.path(
            f"M{x - r * 1.7:.1f} {y + r * 0.45:.1f}Q{x:.1f} {y + r * 0.75:.1f} {x + r * 1.7:.1f} {y - r * 0.45:.1f}"
            f"Q{x + r * 0.1:.1f} {y + r * 0.35:.1f} {x - r * 1.7:.1f} {y + r * 0.45:.1f}Z",
            "#f3ddb0",
            raw=True,
        )
