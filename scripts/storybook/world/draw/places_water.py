"""Places with water: beach, ocean, lake, river, waterfall, island, the sea floor."""

from world.draw import plants
from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen, Point, ring, smooth
from world.draw.stage import Stage, hills, peaks, tuft, water
from world.scene import Scene

SEA = ("#2a86c4", "#2f95c9", "#2575b8", "#38a3c4")


def sea_colour(pen: Pen, scene: Scene) -> str:
    """The sea under this sky."""
    base = jitter(pen.rng, pen.rng.choice(SEA), 0.03)
    return mix(base, "#5a6b7c", 0.5) if scene.weather in ("storm", "rain", "fog") else base


def beach(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Sand in front, sea behind."""
    rng, w, h = pen.rng, pen.width, pen.height
    shore = horizon + (h - horizon) * rng.uniform(0.38, 0.5)
    water(pen, horizon, shore + 14 * pen.unit, sky, sea_colour(pen, scene), shine)
    if rng.random() < 0.35:
        with pen.tone(distance=0.45):
            pen.blob(
                [
                    (w * 0.7, horizon + 3),
                    (w * 0.85, horizon - 16 * pen.unit),
                    (w * 1.1, horizon + 3),
                ],
                "#5a8a6a",
            )
    sand = jitter(rng, rng.choice(("#f0d6a0", "#ecc98f", "#f3dcb0")), 0.03)
    lean = rng.uniform(-14, 14) * pen.unit
    for dy, colour, a in ((-7, "#ffffff", 0.85), (0, darker(sand, 0.14), 1), (8, "", 1)):
        fill = colour or pen.linear((lighter(sand, 0.1), sand, darker(sand, 0.1)))
        y = shore + dy * pen.unit
        data = (
            f"M-4 {y - lean:.1f}C{w * 0.3:.1f} {y - lean + 10:.1f} {w * 0.62:.1f} "
            f"{y + lean - 12:.1f} {w + 4} {y + lean:.1f}L{w + 4} {h + 4}L-4 {h + 4}Z"
        )
        pen.path(data, fill, a=a, line=not colour)
    if rng.random() < 0.4:
        side = (
            rng.choice((0.04, 0.96))
            if scene.position == "center"
            else (0.95 if scene.position == "left" else 0.05)
        )
        with pen.group((w * side, shore + 22 * pen.unit), pen.unit * rng.uniform(1.0, 1.5)):
            plants.palm(pen)
    stage = Stage(near=h * 0.955, far=shore + (h - shore) * 0.36, sky=horizon * 0.45)
    stage.water = horizon + (shore - horizon) * 0.55
    return stage


def ocean(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """Open sea with rolling waves in front."""
    rng, h = pen.rng, pen.height
    base = sea_colour(pen, scene)
    water(pen, horizon, h, sky, base, shine)
    rough = 2.2 if scene.weather == "storm" else rng.uniform(0.6, 1.3)
    for share in (0.5, 0.72):
        _swell(
            pen,
            horizon + (h - horizon) * share,
            rough * 7 * pen.unit,
            mix(base, "#173f78", share * 0.5),
        )
    deep = mix(base, "#12356b", 0.5)
    stage = Stage(
        near=h * 0.86, far=horizon + (h - horizon) * 0.42, sky=horizon * 0.45, mode="boat"
    )
    stage.water = horizon + (h - horizon) * 0.4
    stage.front = lambda: _swell(pen, h * 0.93, rough * 6 * pen.unit, deep)
    return stage


def _swell(pen: Pen, y: float, rise: float, colour: str) -> None:
    rng, w = pen.rng, pen.width
    n = rng.choice((4, 5, 6, 7))
    points = [(-20.0, y)]
    points += [
        (
            w * (i + rng.uniform(-0.2, 0.2)) / n,
            y + (rise if i % 2 else -rise) * rng.uniform(0.7, 1.2),
        )
        for i in range(n + 1)
    ]
    points.append((w + 20.0, y))
    curve = smooth(points, closed=False)
    bottom = pen.height + 5
    pen.path(f"{curve}L{w + 20} {bottom}L-20 {bottom}Z", colour, line=False)
    pen.line(points, lighter(colour, 0.55), 2.6, a=0.6)


def lake(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A lake between hills and a green shore."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.45):
        if rng.random() < 0.5:
            peaks(pen, horizon + 4, h * 0.2, "#7a86a8", snow=rng.random() < 0.4)
        else:
            hills(pen, horizon, h * 0.1, "#6f9f7a")
    with pen.tone(distance=0.22):
        for i in range(round(5 * w / 256)):
            with pen.group(
                (w * (i + rng.uniform(0.1, 0.9)) / (5 * w / 256), horizon + 6 * pen.unit),
                0.45 * pen.unit,
            ):
                plants.pine(pen)
    bank = h * rng.uniform(0.82, 0.87)
    water(pen, horizon + 4, bank + 12, sky, mix(sea_colour(pen, scene), "#4a9a9a", 0.35), shine)
    green = jitter(rng, "#6aa84f", 0.05)
    hills(pen, bank, h * 0.03, green, 4)
    stage = Stage(near=h * 0.965, far=bank + h * 0.02, sky=horizon * 0.45)
    stage.water = horizon + (bank - horizon) * 0.5
    stage.front = lambda: _reeds(pen, scene)
    return stage


def _reeds(pen: Pen, scene: Scene) -> None:
    rng, h = pen.rng, pen.height
    side = {"left": 0.9, "right": 0.08}.get(scene.position, rng.choice((0.07, 0.92)))
    for i in range(3):
        x = pen.width * side + (i - 1) * 10 * pen.unit
        tall = rng.uniform(44, 66) * pen.unit
        pen.line([(x, h), (x + 3, h - tall / 2), (x + 5, h - tall)], "#4c8148", 3)
        pen.ellipse((x + 5, h - tall), 3.6, 9 * pen.unit, "#7a4f32")


def river(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A river winding through green land."""
    rng, w, h = pen.rng, pen.width, pen.height
    with pen.tone(distance=0.4):
        hills(pen, horizon, h * 0.1, "#6f9f7a")
    with pen.tone(distance=0.1):
        hills(pen, horizon + h * 0.06, h * 0.03, jitter(rng, "#74b05a", 0.05), 4)
    x = w * rng.uniform(0.4, 0.6)
    colour = sea_colour(pen, scene)
    bend = rng.choice((-1, 1)) * w * 0.2
    top, mid = horizon + h * 0.05, h * 0.72
    pen.path(
        f"M{x - 6:.0f} {top:.0f}C{x + bend:.0f} {mid - h * 0.1:.0f} "
        f"{x - bend - w * 0.1:.0f} {mid:.0f} {x - w * 0.3:.0f} {h + 4}"
        f"L{x + w * 0.3:.0f} {h + 4}C{x - bend + w * 0.12:.0f} {mid:.0f} "
        f"{x + bend + w * 0.1:.0f} {mid - h * 0.1:.0f} {x + 6:.0f} {top:.0f}Z",
        pen.linear((mix(sky[-1], colour, 0.4), colour)),
    )
    for share in (0.45, 0.65, 0.82):
        y = horizon + (h - horizon) * share
        pen.line([(x - 16, y), (x, y - 3), (x + 18, y)], lighter(colour, 0.45), 2.6, a=0.7)
    for _ in range(3):
        tuft(
            pen,
            (rng.choice((0.12, 0.88)) * w + rng.uniform(-14, 14), rng.uniform(h * 0.72, h * 0.95)),
            "#4f8f45",
        )
    stage = Stage(near=h * 0.955, far=horizon + (h - horizon) * 0.45, sky=horizon * 0.45)
    stage.water = h * 0.8
    return stage


def waterfall(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A fall between cliffs into a pool."""
    rng, w, h = pen.rng, pen.width, pen.height
    cliff = jitter(rng, "#7f7a76", 0.05)
    top = horizon * rng.uniform(0.3, 0.45)
    pool = h * 0.7
    x, half = w * rng.uniform(0.4, 0.6), w * rng.uniform(0.09, 0.14)
    for left, right, shade in (
        (-5, x - half + 4, cliff),
        (x + half - 4, w + 5, darker(cliff, 0.12)),
    ):
        mid = (left + right) / 2
        pen.poly(
            [
                (left, pool + 5),
                (left, top + rng.uniform(-16, 16)),
                (mid, top - rng.uniform(4, 26)),
                (right, top),
                (right, pool + 5),
            ],
            shade,
        )
        pen.blob(
            [
                (left, top + 12),
                (left, top - 16),
                (mid, top - 34),
                (right, top - 8),
                (right, top + 8),
                (mid, top + 4),
            ],
            jitter(rng, "#4f9150", 0.05),
        )
    pen.rect(
        (x - half, top - 2, half * 2, pool - top),
        pen.linear(("#d8f0fa", "#8fcdea", "#e8f7fc")),
        line=False,
    )
    for dx in (-0.5, 0.05, 0.55):
        pen.line([(x + half * dx, top + 8), (x + half * dx, pool - 12)], "#ffffff", 4, a=0.75)
    water(pen, pool, h, sky, mix(sea_colour(pen, scene), "#4fb0b0", 0.4), (x, shine[1]))
    for _ in range(4):
        pen.blob(
            ring(rng, (x + rng.uniform(-1.3, 1.3) * half, pool + 3), 18 * pen.unit, 9 * pen.unit),
            "#f4fbff",
            a=0.9,
        )
    bank = h * 0.88
    hills(pen, bank, h * 0.03, jitter(rng, "#5f9f4f", 0.05), 4)
    return Stage(near=h * 0.965, far=bank + h * 0.03, sky=top * 0.55, water=(pool + h) / 2)


def island(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """A small island with palms in the sea."""
    rng, w, h = pen.rng, pen.width, pen.height
    base = sea_colour(pen, scene)
    water(pen, horizon, h, sky, base, shine)
    y = h * rng.uniform(0.78, 0.83)
    x = w * 0.5
    pen.ellipse((x, y + h * 0.05), w * 0.47, h * 0.075, lighter(base, 0.4), a=0.8)
    pen.path(
        (
            f"M{w * 0.08:.0f} {y + h * 0.06:.0f}Q{x:.0f} {y - h * 0.13:.0f} {w * 0.92:.0f} "
            f"{y + h * 0.06:.0f}Q{x:.0f} {y + h * 0.13:.0f} {w * 0.08:.0f} {y + h * 0.06:.0f}Z"
        ),
        jitter(rng, "#f0d6a0", 0.03),
    )
    pen.path(
        (
            f"M{w * 0.2:.0f} {y:.0f}Q{x:.0f} {y - h * 0.14:.0f} {w * 0.8:.0f} {y:.0f}Q{x:.0f} "
            f"{y + h * 0.03:.0f} {w * 0.2:.0f} {y:.0f}Z"
        ),
        jitter(rng, "#79b356", 0.04),
    )
    for side in (0.26, 0.7):
        with pen.group((w * side, y + 2), pen.unit * rng.uniform(0.95, 1.35)):
            plants.palm(pen)
    return Stage(
        near=y + h * 0.06, far=y + h * 0.02, sky=horizon * 0.4, water=horizon + (y - horizon) * 0.4
    )


def underwater(pen: Pen, scene: Scene, sky: list[str], horizon: float, shine: Point) -> Stage:
    """The sea floor: blue depth, shafts of light, weed and coral."""
    rng, w, h = pen.rng, pen.width, pen.height
    dark = scene.time in ("night", "dusk")
    stops = ("#1d4f8f", "#153a70", "#102a55") if dark else ("#7fdcea", "#2f9fd0", "#1c62a8")
    pen.rect((0, 0, w, h), pen.linear(stops, raw=True), raw=True)
    for _ in range(3):
        x = rng.uniform(0, w)
        pen.poly(
            [(x, -5), (x + 22, -5), (x + 70, h * 0.8), (x - 10, h * 0.8)],
            "#ffffff",
            a=0.12,
            raw=True,
        )
    with pen.tone(distance=0.0):
        hills(pen, h * 0.86, h * 0.05, mix(jitter(rng, "#e6cf9c"), stops[1], 0.25), 4)
    for _ in range(round(3 * w / 256) + 1):
        _weed(pen, (rng.uniform(0, w), h * rng.uniform(0.9, 1)))
        _coral(pen, (rng.uniform(0, w), h * rng.uniform(0.88, 0.98)))
    for _ in range(6):
        r = rng.uniform(3.5, 7) * pen.unit
        pen.circle(
            rng.uniform(0, w), rng.uniform(h * 0.1, h * 0.75), r, "#e8fbff", a=0.55, raw=True
        )
    return Stage(near=h * 0.96, far=h * 0.9, sky=h * 0.3, mode="swim")


def _weed(pen: Pen, at: Point) -> None:
    x, y = at
    tall = pen.rng.uniform(40, 80) * pen.unit
    green = jitter(pen.rng, pen.rng.choice(("#3f9a6a", "#5ab06a", "#2f8a7a")), 0.05)
    for dx in (-7, 6):
        pen.line(
            [
                (x + dx, y),
                (x + dx * 2, y - tall * 0.35),
                (x + dx * 0.4, y - tall * 0.7),
                (x + dx * 1.8, y - tall),
            ],
            green,
            6 * pen.unit,
        )


def _coral(pen: Pen, at: Point) -> None:
    x, y = at
    s = pen.unit * pen.rng.uniform(0.8, 1.4)
    colour = jitter(pen.rng, pen.rng.choice(("#f0708a", "#f79a5a", "#c77be0", "#f7c55a")), 0.04)
    pen.line([(x, y), (x, y - 16 * s), (x - 12 * s, y - 34 * s)], colour, 7 * s)
    pen.line([(x, y - 12 * s), (x + 13 * s, y - 30 * s)], colour, 7 * s)
    pen.line([(x, y - 16 * s), (x + 2 * s, y - 40 * s)], colour, 7 * s)
