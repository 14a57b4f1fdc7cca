"""A pen that writes SVG: shapes, groups, gradients, and the light that falls on them."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from world.draw.palette import mix, multiply

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""
INK = "#2b2430"


class Look(TypedDict, total=False):
    """How a shape is put down: opacity, untouched by the light, with or without an ink line."""

    a: float
    raw: bool
    line: bool
    rot: float


@dataclass(frozen=True)
class Light:
    """The light of the hour: what it multiplies colours by, and the haze of distance."""

    ambient: str = "#ffffff"
    haze: str = "#ffffff"
    rim: str = ""
    glow: bool = False


class Pen:
    """Collects the elements of one drawing.

    Every colour passes through the light: multiplied by ``ambient`` with the strength that is set,
    then moved towards ``haze`` by the distance that is set. ``raw`` shapes (sky, lamps) are not.
    """

    def __init__(self, width: int, height: int, rng: random.Random, ink: bool = False) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.unit = min(width, height) / 256
        self.light = Light()
        self.season = "none"
        self.strength, self.distance = 1.0, 0.0
        self.parts: list[str] = []
        self.focus: list[Box] = []
        self._defs: list[str] = []
        self._scale = 1.0
        self._ink = ink

    def tint(self, colour: str, raw: bool = False) -> str:
        """The colour as the light of the hour shows it."""
        if raw or not colour.startswith("#"):
            return colour
        lit = mix(colour, multiply(colour, self.light.ambient), self.strength)
        return mix(lit, self.light.haze, self.distance) if self.distance else lit

    def _put(self, shape: str, fill: str, look: Look) -> None:
        raw = look.get("raw", False)
        opacity = look.get("a", 1.0)
        text = f'<{shape} fill="{self.tint(fill, raw)}"'
        if opacity < 1:
            text += f' fill-opacity="{opacity:.2f}"'
        if self._ink and look.get("line", opacity == 1 and not raw):
            thick = 1.9 * max(0.8, self.unit) / self._scale
            ink = mix(INK, self.light.haze, self.distance * 0.8)
            text += f' stroke="{ink}" stroke-width="{thick:.2f}" stroke-linejoin="round"'
        self.parts.append(text + "/>")

    def path(self, data: str, fill: str, **look: Unpack[Look]) -> None:
        """A filled path."""
        self._put(f'path d="{data}"', fill, look)

    def circle(self, x: float, y: float, r: float, fill: str, **look: Unpack[Look]) -> None:
        """A disc."""
        self._put(f'circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"', fill, look)

    def ellipse(self, at: Point, rx: float, ry: float, fill: str, **look: Unpack[Look]) -> None:
        """An ellipse, turned by ``rot`` degrees."""
        turn = look.get("rot", 0)
        turned = f' transform="rotate({turn:.0f} {at[0]:.1f} {at[1]:.1f})"' if turn else ""
        shape = f'ellipse cx="{at[0]:.1f}" cy="{at[1]:.1f}" rx="{rx:.1f}" ry="{ry:.1f}"{turned}'
        self._put(shape, fill, look)

    def rect(self, box: Sequence[float], fill: str, **look: Unpack[Look]) -> None:
        """A rectangle (x, y, width, height[, corner radius])."""
        x, y, w, h = box[:4]
        corner = f' rx="{box[4]:.1f}"' if len(box) > 4 else ""
        shape = f'rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"{corner}'
        self._put(shape, fill, look)

    def poly(self, points: Sequence[Point], fill: str, **look: Unpack[Look]) -> None:
        """A polygon with straight sides."""
        self.path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z", fill, **look)

    def blob(self, points: Sequence[Point], fill: str, **look: Unpack[Look]) -> None:
        """A smooth closed shape through the points."""
        self.path(smooth(points, closed=True), fill, **look)

    def line(
        self, points: Sequence[Point], colour: str, width: float, **look: Unpack[Look]
    ) -> None:
        """A smooth line with round ends, through the points."""
        data = smooth(points, closed=False)
        opacity = look.get("a", 1.0)
        faint = f' stroke-opacity="{opacity:.2f}"' if opacity < 1 else ""
        cap = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
        if self._ink and look.get("line", opacity == 1 and not look.get("raw")):
            thick = width + 3.2 * max(0.8, self.unit) / self._scale
            self.parts.append(f'<path d="{data}" {cap} stroke="{INK}" stroke-width="{thick:.2f}"/>')
        lit = self.tint(colour, look.get("raw", False))
        self.parts.append(
            f'<path d="{data}" {cap} stroke="{lit}" stroke-width="{width:.2f}"{faint}/>'
        )

    def linear(self, stops: Sequence[str], raw: bool = False, across: bool = False) -> str:
        """A gradient from top to bottom (or left to right), evenly spaced stops."""
        name = f"g{len(self._defs)}"
        last = max(1, len(stops) - 1)
        body = "".join(
            f'<stop offset="{i / last:.3f}" stop-color="{self.tint(stop, raw)}"/>'
            for i, stop in enumerate(stops)
        )
        way = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
        self._defs.append(f'<linearGradient id="{name}" {way}>{body}</linearGradient>')
        return f"url(#{name})"

    def glow(self, at: Point, r: float, colour: str, a: float = 0.6) -> None:
        """A soft disc of light that fades to nothing."""
        name = f"g{len(self._defs)}"
        stops = "".join(
            f'<stop offset="{offset}" stop-color="{colour}" stop-opacity="{a * share:.2f}"/>'
            for offset, share in ((0, 1), (0.35, 0.55), (1, 0))
        )
        self._defs.append(f'<radialGradient id="{name}">{stops}</radialGradient>')
        self.circle(at[0], at[1], r, f"url(#{name})", line=False)

    def mist(self, y: float, tall: float, a: float) -> None:
        """A level band of haze around height ``y`` that fades up and down."""
        name = f"g{len(self._defs)}"
        stops = "".join(
            f'<stop offset="{offset}" stop-color="{self.light.haze}" stop-opacity="{share}"/>'
            for offset, share in ((0, 0), (0.5, a), (1, 0))
        )
        self._defs.append(f'<linearGradient id="{name}" x2="0" y2="1">{stops}</linearGradient>')
        box = (0, y - tall / 2, self.width, tall)
        self.rect(box, f"url(#{name})", raw=True, line=False)

    @contextmanager
    def group(
        self, at: Point, scale: float = 1, flip: bool = False, rot: float = 0
    ) -> Iterator[None]:
        """Local coordinates: moved, scaled, mirrored and turned."""
        across = -scale if flip else scale
        turn = f" rotate({rot:.1f})" if rot else ""
        move = f"translate({at[0]:.1f} {at[1]:.1f}){turn} scale({across:.3f} {scale:.3f})"
        self.parts.append(f'<g transform="{move}">')
        before, self._scale = self._scale, self._scale * scale
        try:
            yield
        finally:
            self._scale = before
            self.parts.append("</g>")

    @contextmanager
    def tone(self, strength: float | None = None, distance: float | None = None) -> Iterator[None]:
        """Another strength of the light, or another distance (0 near … 1 lost in haze)."""
        before = self.strength, self.distance
        self.strength = before[0] if strength is None else strength
        self.distance = before[1] if distance is None else distance
        try:
            yield
        finally:
            self.strength, self.distance = before

    def svg(self) -> str:
        """The whole drawing."""
        w, h = self.width, self.height
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 '
            f'{w} {h}">'
        )
        return f"{head}<defs>{''.join(self._defs)}</defs>{''.join(self.parts)}</svg>"


def smooth(points: Sequence[Point], closed: bool) -> str:
    """Path data of a Catmull-Rom curve through the points."""
    n = len(points)
    if n == 2:
        return f"M{points[0][0]:.1f} {points[0][1]:.1f}L{points[1][0]:.1f} {points[1][1]:.1f}"

    def at(i: int) -> Point:
        return points[i % n] if closed else points[min(max(i, 0), n - 1)]

    data = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for i in range(n if closed else n - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = at(i - 1), at(i), at(i + 1), at(i + 2)
        data += (
            f"C{bx + (cx - ax) / 6:.1f} {by + (cy - ay) / 6:.1f} "
            f"{cx - (dx - bx) / 6:.1f} {cy - (dy - by) / 6:.1f} {cx:.1f} {cy:.1f}"
        )
    return data + ("Z" if closed else "")


def ring(rng: random.Random, at: Point, rx: float, ry: float, rough: float = 0.12) -> list[Point]:
    """Points of an irregular oval, for :meth:`Pen.blob`."""
    n = 8
    start = rng.uniform(0, math.tau)
    points = []
    for i in range(n):
        angle = start + math.tau * i / n
        far = 1 + rng.uniform(-rough, rough)
        points.append((at[0] + math.cos(angle) * rx * far, at[1] + math.sin(angle) * ry * far))
    return points
