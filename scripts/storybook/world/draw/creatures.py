"""Birds, water animals, butterfly, dragon and robot: about 100 units, base at (0, 0)."""

import math

from world.draw.heads import EYE
from world.draw.palette import darker, lighter, mix
from world.draw.pen import Pen


def _eye(pen: Pen, x: float, y: float, r: float) -> None:
    pen.circle(x, y, r, "#fdf8ec", line=False)
    pen.circle(x + r * 0.15, y, r * 0.66, EYE, line=False)
    pen.circle(x + r * 0.3, y - r * 0.3, r * 0.26, "#ffffff", raw=True)


def bird(pen: Pen, colour: str) -> None:
    """A round little bird, perched or with its wings up."""
    flying = pen.rng.random() < 0.5
    if not flying:
        for x in (-6, 8):
            pen.line([(x, -18), (x, -2)], "#e8953a", 4)
    pen.poly([(-30, -44), (-64, -56), (-60, -36)], darker(colour, 0.2))
    pen.path("M-40 -46C-34 -10 30 -6 38 -50C40 -78 12 -88 -2 -72C-12 -60 -26 -50 -40 -46Z", colour)
    pen.ellipse((10, -32), 19, 15, lighter(colour, 0.6), line=False)
    if flying:
        pen.path("M-14 -52Q-46 -92 -36 -108Q-6 -96 12 -56Z", darker(colour, 0.15))
    else:
        pen.path("M-20 -52Q0 -60 12 -44Q-4 -22 -28 -34Z", darker(colour, 0.15))
    pen.poly([(36, -62), (56, -55), (36, -48)], "#f5a83a")
    _eye(pen, 22, -62, 6.5)


def duck(pen: Pen, colour: str) -> None:
    """A duck."""
    for x in (-6, 10):
        pen.ellipse((x + 4, -3), 9, 4, "#f2953a")
    pen.path("M-52 -52C-46 -2 34 0 40 -34C40 -46 28 -50 14 -46C-10 -40 -34 -44 -52 -52Z", colour)
    pen.path("M-26 -38Q-4 -46 12 -32Q-6 -12 -30 -22Z", darker(colour, 0.12))
    pen.ellipse((24, -50), 13, 18, colour, line=False)
    pen.circle(26, -72, 21, colour)
    pen.path("M42 -74Q62 -72 60 -64Q48 -60 42 -64Z", "#f2953a")
    _eye(pen, 32, -77, 6)


def turtle(pen: Pen, colour: str) -> None:
    """A turtle with a patterned shell."""
    skin = mix(lighter(colour, 0.35), "#f0dc8a", 0.5)
    for x in (-28, 26):
        pen.line([(x, -20), (x + 3, -5)], skin, 15)
    pen.line([(40, -24), (54, -40)], skin, 16)
    pen.circle(60, -50, 18, skin)
    pen.path("M-52 -20C-50 -92 46 -92 48 -20Q0 -8 -52 -20Z", colour)
    for x, y in ((-22, -42), (2, -58), (24, -40), (0, -32)):
        pen.ellipse((x, y), 9.5, 8.5, lighter(colour, 0.32), line=False)
    pen.rect((-54, -25, 104, 9, 4.5), darker(colour, 0.15))
    _eye(pen, 66, -54, 5.5)


def fish(pen: Pen, colour: str) -> None:
    """A fish that swims to the right."""
    fin = darker(mix(colour, "#f7b733", 0.25), 0.08)
    pen.blob([(-34, -50), (-68, -80), (-60, -50), (-68, -20)], fin)
    pen.path("M-14 -76Q2 -104 26 -76Z", fin)
    pen.ellipse((4, -50), 46, 31, colour)
    pen.path(
        "M-16 -77Q-26 -50 -16 -23Q-6 -21 -2 -20Q-14 -50 -2 -80Z", lighter(colour, 0.5), line=False
    )
    pen.path("M2 -44Q18 -40 10 -26Q-2 -30 2 -44Z", fin)
    _eye(pen, 30, -58, 9)
    pen.line([(38, -38), (43, -36), (47, -40)], darker(colour, 0.5), 3, line=False)


def whale(pen: Pen, colour: str) -> None:
    """A whale with a spout."""
    for lean in (-14, 14):
        pen.line([(20, -80), (20 + lean * 0.4, -100), (20 + lean, -106)], "#bfe6f7", 6)
    pen.path("M-50 -48Q-84 -60 -88 -92Q-66 -90 -62 -74Q-54 -92 -36 -92Q-40 -64 -34 -44Z", colour)
    pen.path("M-56 -52C-30 -88 66 -98 74 -44C76 -4 -20 -2 -56 -52Z", colour)
    pen.path("M72 -34C60 -6 -2 -4 -32 -24C4 -22 40 -26 72 -34Z", lighter(colour, 0.6), line=False)
    pen.ellipse((10, -22), 11, 20, darker(colour, 0.15), rot=40)
    _eye(pen, 48, -50, 6.5)


def butterfly(pen: Pen, colour: str) -> None:
    """A butterfly with open wings."""
    spot = lighter(colour, 0.55)
    for side in (-1, 1):
        pen.blob(
            [
                (side * 3, -52),
                (side * 20, -92),
                (side * 50, -92),
                (side * 52, -62),
                (side * 26, -46),
            ],
            colour,
        )
        pen.blob(
            [(side * 3, -46), (side * 36, -42), (side * 40, -14), (side * 18, -10)],
            darker(colour, 0.14),
        )
        pen.circle(side * 34, -74, 8.5, spot, line=False)
        pen.circle(side * 25, -28, 6, spot, line=False)
        pen.line([(side * 2, -78), (side * 12, -98)], "#4a3540", 3, line=False)
    pen.ellipse((0, -48), 5.5, 32, "#4a3540")


def dragon(pen: Pen, colour: str) -> None:
    """A friendly dragon with wings, horns and a spiky tail; sometimes it breathes fire."""
    belly, wing, dark = (
        lighter(mix(colour, "#ffe08a", 0.5), 0.3),
        mix(colour, "#f7a03a", 0.45),
        darker(colour, 0.2),
    )
    pen.path("M-14 -56Q-44 -110 -78 -88Q-66 -78 -68 -66Q-56 -68 -50 -56Q-40 -60 -34 -48Z", wing)
    pen.path("M-10 -22Q-50 -4 -64 -30Q-68 -44 -60 -50Q-58 -26 -38 -26Q-22 -28 -12 -40Z", colour)
    pen.poly([(-66, -42), (-70, -60), (-52, -52)], "#f4a83a")
    pen.path("M-16 -62C-40 -30 -28 -2 -14 -2H18C34 -4 36 -36 14 -62Z", colour)
    pen.path("M0 -52C-14 -30 -8 -6 2 -5H14C24 -10 24 -36 12 -54Z", belly, line=False)
    for x in (-12, 20):
        pen.ellipse((x, -5), 13, 6.5, dark)
    pen.line([(16, -40), (30, -36), (36, -42)], dark, 7.5)
    for x, y in ((-12, -94), (-18, -78), (-20, -62)):
        pen.poly([(x - 8, y - 9), (x + 6, y - 8), (x + 2, y + 8)], "#f4a83a")
    pen.ellipse((6, -78), 23, 21, colour)
    pen.ellipse((27, -70), 18, 12.5, colour, line=False)
    pen.ellipse((30, -67), 13, 7, belly, line=False)
    for x in (-4, 12):
        pen.poly([(x - 4, -94), (x - 6, -112), (x + 5, -96)], "#f6ead0")
    if pen.rng.random() < 0.4:
        pen.path(
            "M44 -70Q66 -90 92 -78Q80 -74 90 -66Q76 -66 84 -54Q62 -54 44 -66Z", "#ff8a2a", raw=True
        )
        pen.path("M46 -69Q62 -78 74 -72Q66 -66 72 -62Q58 -60 46 -66Z", "#ffe07a", raw=True)
    _eye(pen, 12, -84, 7.5)
    pen.circle(41, -75, 2.1, dark, line=False)


def robot(pen: Pen, colour: str) -> None:
    """A robot: box or round head, screen face, jointed arms."""
    rng = pen.rng
    steel, dark = "#c4ccd6", "#48505e"
    for side in (-1, 1):
        if rng.random() < 0.75:
            pen.line([(side * 10, -24), (side * 11, -6)], dark, 8)
        pen.rect((side * 12 - 10, -8, 20, 9, 4), steel)
    up = rng.choice((0, 0, 1))
    for side in (-1, 1):
        hand = (side * 36, -66 if up and side > 0 else -28)
        pen.line([(side * 20, -50), (side * 32, -46), hand], steel, 7.5)
        pen.circle(*hand, 6, dark)
    corner = rng.choice((4, 9, 14))
    pen.rect((-22, -58, 44, 38, corner), colour)
    pen.rect((-12, -48, 24, 15, 4), lighter(colour, 0.6), line=False)
    for x, lamp in ((-6, "#f0604a"), (6, "#5ad08a")):
        pen.circle(x, -40.5, 3.4, lamp, line=False)
    pen.rect((-5, -64, 10, 8), dark)
    pen.line([(0, -96), (0, -106)], dark, 3)
    pen.circle(0, -109, 4.6, "#f7c83a")
    for side in (-1, 1):
        pen.rect((side * 28 - 3.5, -86, 7, 15, 3), dark)
    pen.rect((-27, -98, 54, 38, rng.choice((6, 12, 18))), colour)
    pen.rect((-21, -91, 42, 24, 9), "#27303e", line=False)
    glow = rng.choice(("#7af0e0", "#fff08a", "#8ad8ff"))
    for side in (-1, 1):
        pen.circle(side * 10, -81, 5.4, glow, raw=True)
    pen.line([(-6, -72.5), (0, -70.5), (6, -72.5)], glow, 2.4, raw=True)


def sparkle_ring(pen: Pen, r: float, colour: str) -> None:
    """A spiral of magic light that opens around (0, 0) and ends in a star."""
    start, steps = pen.rng.uniform(0, math.tau), pen.rng.randint(16, 26)
    points = []
    for step in range(steps):
        angle, far = start + step * 0.38, r * (0.12 + 0.88 * step / steps)
        points.append((math.cos(angle) * far, math.sin(angle) * far * 0.55))
    cut = len(points) // 2
    pen.line(points[: cut + 1], colour, r * 0.045, a=0.7, raw=True)
    pen.line(points[cut:], colour, r * 0.075, a=0.85, raw=True)
    pen.glow(points[-1], r * 0.3, "#ffffff", 0.7)
