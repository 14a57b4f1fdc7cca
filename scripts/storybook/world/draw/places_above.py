"""Places above the ground: high in the clouds, and deep space."""

from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen, Point
from world.draw.sky import cloud, star
from world.draw.stage import Stage
from world.scene import Scene


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

    def front() -> None:
        for x in (0.1, 0.5, 0.92):
            cloud(pen, (w * x, h * 1.02), 130 * pen.unit, pale)

    stage.front = front
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
            f"M{x - r * 1.7:.1f} {y + r * 0.45:.1f}Q{x:.1f} {y + r * 0.75:.1f} "
            f"{x + r * 1.7:.1f} {y - r * 0.45:.1f}"
            f"Q{x + r * 0.1:.1f} {y + r * 0.35:.1f} {x - r * 1.7:.1f} {y + r * 0.45:.1f}Z",
            "#f3ddb0",
            raw=True,
        )
