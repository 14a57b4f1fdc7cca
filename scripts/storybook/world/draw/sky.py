"""The sky of an hour and a weather: gradient, sun, moon, stars, clouds; and the light it casts."""

import math
import random

from world.draw.palette import jitter, mix
from world.draw.pen import Light, Pen, Point
from world.scene import Scene

SKIES = {
    "dawn": (("#8d9bd6", "#e3b4d3", "#ffd3c0", "#fff0cf"), ("#9ab0dc", "#f0c4cf", "#ffe9cc")),
    "day": (("#3f97e4", "#8fcbf5", "#e2f5fd"), ("#58b0ee", "#b5e0f8", "#f3fbff")),
    "sunset": (
        ("#5d3d8f", "#d9577c", "#ff8f55", "#ffd27a"),
        ("#8a3f86", "#f0695e", "#ffb357", "#ffe08c"),
    ),
    "dusk": (("#2a2f68", "#5b5199", "#a678b0", "#e0a3a8"), ("#333a7c", "#7260a5", "#c48fb6")),
    "night": (("#0b1433", "#182a5e", "#34508f"), ("#101a40", "#22366e", "#3f5c96")),
}
AMBIENT = {
    "dawn": "#ffe9ee",
    "day": "#ffffff",
    "sunset": "#ffd7b4",
    "dusk": "#a9a2d8",
    "night": "#8093d2",
    "none": "#ffffff",
}
RIM = {"dawn": "#fff0c8", "sunset": "#ffd98a", "night": "#a9c2ff", "dusk": "#e9b9d0"}
_GREY = {"cloudy": 0.35, "rain": 0.6, "snow": 0.5, "fog": 0.55, "storm": 0.78}
_GREYS = {
    "dawn": ("#9c9fb4", "#d8ccd0"),
    "day": ("#93a3b3", "#d3dbe0"),
    "sunset": ("#85637c", "#d99c7c"),
    "dusk": ("#4a4a6c", "#857b98"),
    "night": ("#151c33", "#36425f"),
}


def sky_stops(rng: random.Random, scene: Scene) -> list[str]:
    """The colours of the sky from the top to the horizon."""
    stops = rng.choice(SKIES[scene.time])
    top, low = _GREYS[scene.time]
    if scene.weather == "storm":
        top, low = mix(top, "#1b2033", 0.5), mix(low, "#2c3550", 0.5)
    share = _GREY.get(scene.weather, 0.0)
    last = len(stops) - 1
    return [
        jitter(rng, mix(stop, mix(top, low, i / last), share), 0.025)
        for i, stop in enumerate(stops)
    ]


def light_of(scene: Scene, stops: list[str]) -> Light:
    """How the hour and the weather colour everything."""
    ambient = AMBIENT[scene.time]
    if scene.weather in ("storm", "rain"):
        ambient = mix(ambient, "#8f9db5", 0.4)
    haze = mix(stops[-1], "#ffffff", 0.1)
    if scene.weather == "fog":
        haze = mix(haze, "#eef1f2", 0.4 if scene.time not in ("night", "dusk") else 0.1)
    clear = scene.weather in ("clear", "cloudy")
    dark = scene.time in ("night", "dusk")
    return Light(ambient, haze, RIM.get(scene.time, "") if clear else "", dark)


def draw_sky(pen: Pen, scene: Scene, stops: list[str], horizon: float) -> Point:
    """The whole sky down to ``horizon``; returns where the sun or moon stands."""
    pen.rect((0, 0, pen.width, horizon + 4), pen.linear(stops, raw=True), raw=True)
    at = _place_of_sun(pen, scene, horizon)
    seen = scene.weather in ("clear", "cloudy")
    if scene.time in ("night", "dusk"):
        _stars(pen, scene, horizon)
        if seen and not any(thing.name == "moon" for thing in scene.objects):
            moon(pen, at, pen.rng.uniform(15, 24) * pen.unit, pen.rng.random() < 0.5)
    elif seen and not any(thing.name == "sun" for thing in scene.objects):
        sun(pen, at, pen.rng.uniform(16, 25) * pen.unit, scene.time)
    _clouds(pen, scene, stops, horizon)
    if scene.weather == "storm":
        _bolt(pen, horizon)
    return at


def _place_of_sun(pen: Pen, scene: Scene, horizon: float) -> Point:
    low = scene.time in ("sunset", "dawn")
    height = pen.rng.uniform(0.7, 0.98) if low else pen.rng.uniform(0.15, 0.42)
    side = pen.rng.choice((0.1, 0.62)) if scene.position == "center" else 0.15
    return pen.width * pen.rng.uniform(side, side + 0.3), horizon * height


def sun(pen: Pen, at: Point, r: float, time: str) -> None:
    """The sun in its glow."""
    colour = {"sunset": "#ffe9a8", "dawn": "#fff6d8"}.get(time, "#fff3b0")
    pen.glow(at, r * pen.rng.uniform(3, 4.2), "#fff0b8" if time != "sunset" else "#ffd27a", 0.75)
    pen.circle(*at, r, colour, raw=True, line=True)


def moon(pen: Pen, at: Point, r: float, full: bool) -> None:
    """A full moon with its spots, or a crescent."""
    pen.glow(at, r * 3, "#cfdcff", 0.5)
    x, y = at
    if full:
        pen.circle(x, y, r, "#f7f1d5", raw=True, line=True)
        pen.circle(x - r * 0.3, y - r * 0.2, r * 0.25, "#e2dbb8", raw=True)
        pen.circle(x + r * 0.35, y + r * 0.3, r * 0.19, "#e2dbb8", raw=True)
        return
    data = (
        f"M{x} {y - r}A{r} {r} 0 1 1 {x - r * 0.87:.1f} {y + r * 0.5:.1f}A{r * 0.8:.1f} "
        f"{r * 0.8:.1f} 0 0 0 {x} {y - r}Z"
    )
    pen.path(data, "#f9f2cf", raw=True, line=True)


def star(pen: Pen, at: Point, r: float, colour: str, points: int = 4) -> None:
    """A star with long points."""
    inner = 0.35 if points == 4 else 0.48
    corners = []
    for i in range(points * 2):
        angle = math.pi * i / points - math.pi / 2
        far = r if i % 2 == 0 else r * inner
        corners.append((at[0] + math.cos(angle) * far, at[1] + math.sin(angle) * far))
    pen.poly(corners, colour, raw=True)


def _stars(pen: Pen, scene: Scene, horizon: float) -> None:
    if scene.weather not in ("clear", "cloudy"):
        return
    rng, many = pen.rng, 14 if scene.time == "night" else 5
    for _ in range(int(many * pen.width / 256)):
        at = rng.uniform(0, pen.width), rng.uniform(0, horizon * 0.85)
        star(pen, at, rng.uniform(2.6, 5.2), rng.choice(("#fff8dc", "#dfe8ff")))


def cloud(pen: Pen, at: Point, size: float, colour: str, a: float = 1) -> None:
    """A cloud ``size`` wide: flat below, three to five round lumps above."""
    rng, (x, y) = pen.rng, at
    n, tall = rng.choice((3, 4, 4, 5)), size * rng.uniform(0.16, 0.24)
    data = f"M{x - size / 2:.1f} {y:.1f}"
    before = (x - size / 2, y)
    for i in range(1, n + 1):
        arch = math.sin(math.pi * i / n) ** 0.7 if i < n else 0
        to = x - size / 2 + size * i / n, y - tall * arch * rng.uniform(0.8, 1.15)
        r = math.dist(before, to) * rng.uniform(0.5, 0.58)
        data += f"A{r:.1f} {r:.1f} 0 0 1 {to[0]:.1f} {to[1]:.1f}"
        before = to
    data += f"Q{x:.1f} {y + size * 0.07:.1f} {x - size / 2:.1f} {y:.1f}Z"
    pen.path(data, colour, a=a, raw=True, line=a == 1)


def _clouds(pen: Pen, scene: Scene, stops: list[str], horizon: float) -> None:
    rng = pen.rng
    heavy = scene.weather in ("rain", "storm", "cloudy", "snow")
    many = rng.randint(4, 6) if heavy else rng.choice((0, 1, 1, 2, 2))
    base = {"sunset": "#ffb59a", "dawn": "#fff1ec", "day": "#ffffff", "dusk": "#8d7fb8"}
    colour = base.get(scene.time, "#41568f")
    if heavy and scene.weather != "snow":
        dark = "#343b52" if scene.weather == "storm" else "#7d8798"
        share = 0.3 if scene.weather == "cloudy" else 0.65
        colour = mix(colour, mix(dark, stops[0], 0.3), share)
    for i in range(int(many * max(1, pen.width / 300))):
        at = rng.uniform(0, pen.width), horizon * rng.uniform(0.1, 0.55)
        shade = mix(colour, stops[min(i, len(stops) - 1)], rng.uniform(0, 0.25))
        cloud(pen, at, rng.uniform(55, 105) * pen.unit, shade, 0.92)


def _bolt(pen: Pen, horizon: float) -> None:
    x, s = pen.width * pen.rng.uniform(0.15, 0.85), horizon / 100
    top = horizon * 0.18
    shape = ((0, 0), (14, 0), (5, 30), (16, 30), (-8, 78), (-1, 42), (-11, 42))
    pen.glow((x, top + 35 * s), 55 * s, "#fff6c0", 0.4)
    pen.poly([(x + dx * s, top + dy * s) for dx, dy in shape], "#fff3a6", raw=True, line=True)


def draw_weather(pen: Pen, scene: Scene) -> None:
    """What falls or drifts in front of everything."""
    rng, w, h = pen.rng, pen.width, pen.height
    if scene.weather in ("rain", "storm"):
        data = ""
        for _ in range(int(w * h / 1150)):
            x, y = rng.uniform(0, w + 20), rng.uniform(-10, h)
            length = rng.uniform(12, 22) * pen.unit
            data += f"M{x:.0f} {y:.0f}l{-length * 0.3:.1f} {length:.1f}"
        pen.parts.append(
            f'<path d="{data}" fill="none" stroke="#dcebf7" stroke-width="{2.2 * pen.unit:.1f}" '
            'stroke-linecap="round" stroke-opacity="0.75"/>'
        )
    if scene.weather == "snow":
        for _ in range(int(w * h / 1900)):
            r = rng.uniform(2.2, 4.2) * pen.unit
            pen.circle(rng.uniform(0, w), rng.uniform(0, h), r, "#ffffff", a=0.92, raw=True)
    if scene.weather == "fog":
        for share in (0.5, 0.68, 0.86):
            pen.mist(h * (share + rng.uniform(-0.04, 0.04)), h * 0.2, 0.5)
