"""What makes a scene a fairy tale: strange skies, floating islands, swirls, sparkles."""

from world.draw import plants
from world.draw.creatures import sparkle_ring
from world.draw.palette import mix
from world.draw.pen import Pen
from world.draw.sky import star
from world.scene import Scene

SPARKS = ("#fff3b0", "#ffd0f0", "#c8f4ff", "#d9c8ff")


def tinted(pen: Pen, stops: list[str]) -> list[str]:
    """The sky in colours that no sky has."""
    tones = pen.rng.choice(
        (
            ("#6a4ac0", "#f08ac8"),
            ("#3f5ad0", "#7ae0d8"),
            ("#8a3fb0", "#ffb08a"),
            ("#2f7ac0", "#c8a0f0"),
        )
    )
    last = len(stops) - 1
    return [mix(stop, mix(*tones, i / last), 0.42) for i, stop in enumerate(stops)]


def behind(pen: Pen, scene: Scene, horizon: float) -> None:
    """A floating island or ribbons of light in the sky."""
    rng, w = pen.rng, pen.width
    if scene.place in ("room", "underwater"):
        return
    if rng.random() < 0.6:
        for i in range(2):
            y = horizon * (0.25 + 0.2 * i)
            points = [(w * x / 4, y + rng.uniform(-16, 16) * pen.unit) for x in range(-1, 6)]
            pen.line(
                points,
                rng.choice(("#8affe0", "#ffb0f0", "#b0c8ff")),
                rng.uniform(10, 18) * pen.unit,
                a=0.3,
                raw=True,
            )
    if rng.random() < 0.6:
        x = w * rng.choice((0.15, 0.85))
        with (
            pen.group((x, horizon * rng.uniform(0.45, 0.6)), pen.unit * rng.uniform(0.5, 0.75)),
            pen.tone(distance=0.15),
        ):
            pen.path("M-58 0Q-30 14 -22 36Q-6 70 6 40Q30 24 58 0Q0 -14 -58 0Z", "#8f7a9a")
            pen.path("M-60 2Q0 -22 60 2Q30 14 0 8Q-30 16 -60 2Z", "#7fc07a")
            plants.round_tree(pen, "#f09ad0")


def before(pen: Pen) -> None:
    """Sparkles and a swirl of light in front of everything."""
    rng, w, h = pen.rng, pen.width, pen.height
    if rng.random() < 0.65:
        with pen.group((w * rng.uniform(0.2, 0.8), h * rng.uniform(0.3, 0.7))):
            sparkle_ring(pen, rng.uniform(50, 85) * pen.unit, rng.choice(SPARKS))
    for _ in range(round(9 * w / 256)):
        at = rng.uniform(0, w), rng.uniform(h * 0.15, h * 0.95)
        r = rng.uniform(3.5, 8) * pen.unit
        pen.glow(at, r * 2.2, "#ffffff", 0.5)
        star(pen, at, r, rng.choice(SPARKS))
