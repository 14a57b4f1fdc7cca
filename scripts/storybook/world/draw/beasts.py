"""Four-legged animals seen from the side: 100 units tall, feet at (0, 0), looking right."""

from world.draw.heads import EYE, eyes
from world.draw.palette import darker, lighter, mix
from world.draw.pen import Pen


def _legs(pen: Pen, fur: str, xs: tuple[float, ...], top: float, width: float) -> None:
    step = pen.rng.uniform(-5, 5)
    for i, x in enumerate(xs):
        shade = darker(fur, 0.2) if i % 2 else fur
        pen.line([(x, top), (x + (step if i % 2 else -step) * 0.6, -width / 2)], shade, width)


def _eye(pen: Pen, x: float, y: float, r: float = 3.8) -> None:
    pen.circle(x, y, r, EYE, line=False)
    pen.circle(x + r * 0.3, y - r * 0.35, r * 0.38, "#ffffff", raw=True)


def walking(pen: Pen, fur: str, kind: str) -> None:
    """A cat, dog or fox on its four feet, its face to you."""
    pale, dark = lighter(fur, 0.55), darker(fur, 0.25)
    tail = [(-34, -42), (-50, -54), (-52, -76), (-44, -88)]
    if kind == "fox":
        pen.line([(-32, -38), (-50, -36), (-62, -48)], fur, 15)
        pen.line([(-56, -41), (-62, -48)], "#fdf6ea", 15, line=False)
    else:
        pen.line(tail, fur, 7.5)
    _legs(pen, fur, (-26, -18, 18, 26), -26, 9.5)
    pen.blob([(-36, -38), (-20, -52), (10, -52), (32, -48), (34, -26), (4, -19), (-28, -20)], fur)
    x, y = 26, -66
    for side in (-1, 1):
        if kind == "dog":
            pen.ellipse((x + side * 22, y + 3), 7.5, 16, dark, rot=-14 * side)
        else:
            pen.poly([(x + side * 22, y - 4), (x + side * 21, y - 32), (x + side * 5, y - 18)], fur)
    pen.ellipse((x, y), 24, 21, fur)
    if kind == "fox":
        for side in (-1, 1):
            pen.ellipse((x + side * 11, y + 8), 9, 7, "#fdf6ea", rot=-20 * side, line=False)
    pen.ellipse((x, y + 8), 10, 7.5, pale, line=False)
    if sum(int(fur[i : i + 2], 16) for i in (1, 3, 5)) < 210:
        for side in (-1, 1):
            pen.ellipse((x + side * 9.5, y - 2), 5.6, 6.2, "#f6e7a8", line=False)
    eyes(pen, x, y - 2, 9.5, 4.1)
    pen.ellipse((x, y + 5), 3.8, 2.8, "#3a2a30", line=False)


def horse(pen: Pen, fur: str, horn: bool) -> None:
    """A horse, or a unicorn with its horn and bright mane."""
    mane = (
        pen.rng.choice(("#f07ab0", "#8a7ae0", "#6ac0e0"))
        if horn
        else darker(mix(fur, "#5a3a24", 0.5), 0.3)
    )
    pen.path("M-34 -52Q-60 -46 -52 -14Q-46 -30 -34 -40Z", mane)
    _legs(pen, fur, (-28, -19, 16, 25), -34, 8.5)
    pen.blob([(-36, -44), (-22, -60), (8, -58), (30, -62), (32, -36), (4, -29), (-28, -31)], fur)
    pen.path("M10 -54Q22 -70 26 -88L44 -82Q42 -58 32 -40Z", fur)
    pen.blob([(24, -90), (36, -98), (48, -88), (60, -74), (54, -66), (40, -72), (28, -76)], fur)
    pen.path("M36 -100Q16 -98 14 -74Q10 -62 2 -56Q20 -56 24 -70Q26 -86 40 -94Z", mane)
    pen.poly([(30, -94), (30, -108), (38, -97)], fur)
    if horn:
        pen.poly([(38, -97), (52, -124), (45, -93)], "#f7d25a")
    _eye(pen, 43, -84)
    pen.circle(56, -71, 1.9, darker(fur, 0.5), line=False)


def cow(pen: Pen, fur: str) -> None:
    """A cow with patches."""
    patch = "#3a3236" if fur > "#c" else lighter(fur, 0.6)
    pen.line([(-38, -58), (-48, -40), (-46, -22)], fur, 3.5)
    _legs(pen, fur, (-28, -18, 16, 26), -30, 10)
    pen.ellipse((-22, -27), 8, 6, "#f5b8b8")
    pen.blob([(-42, -46), (-36, -68), (0, -70), (32, -68), (38, -42), (10, -28), (-32, -28)], fur)
    pen.ellipse((-18, -54), 13, 10, patch, line=False)
    pen.ellipse((14, -44), 10, 8, patch, line=False)
    for side in (-1, 1):
        pen.ellipse((40 + side * 20, -76), 9, 5, fur, rot=-18 * side)
        pen.line([(40 + side * 9, -90), (40 + side * 14, -99)], "#f0e2c0", 4.5)
    pen.ellipse((40, -74), 18, 19, fur)
    pen.ellipse((40, -62), 15, 10, "#f5b8b8")
    for x in (35, 45):
        pen.circle(x, -62, 1.9, "#8a4a50", line=False)
    eyes(pen, 40, -78, 8, 3.8)


def sheep(pen: Pen, wool: str) -> None:
    """A woolly sheep."""
    skin = "#4a4048" if wool > "#8" else "#e8d2bc"
    _legs(pen, skin, (-20, -12, 12, 20), -26, 7.5)
    lumps = ((-30, -46), (-22, -66), (0, -74), (20, -66), (30, -46), (16, -30), (-14, -30))
    for x, y in lumps:
        pen.circle(x, y, 16, wool)
    pen.ellipse((0, -50), 30, 24, wool, line=False)
    for side in (-1, 1):
        pen.ellipse((34 + side * 16, -70), 8, 4.5, skin, rot=20 * side)
    pen.ellipse((34, -66), 14, 18, skin)
    pen.circle(34, -84, 10, wool)
    for side in (-1, 1):
        pen.circle(34 + side * 6, -69, 4.4, "#fdf8ec", line=False)
    eyes(pen, 34, -69, 6, 3.3)


def deer(pen: Pen, fur: str) -> None:
    """A deer with antlers and spots."""
    for side in (-1, 1):
        x = 34 + side * 7
        pen.line([(x, -86), (x + side * 8, -100), (x + side * 4, -116)], "#8a6444", 3.6)
        pen.line([(x + side * 7, -99), (x + side * 17, -108)], "#8a6444", 3.4)
    _legs(pen, fur, (-24, -16, 14, 22), -32, 6.5)
    pen.ellipse((-36, -50), 7, 5, "#fdf6ea")
    pen.blob([(-34, -42), (-26, -56), (4, -54), (26, -58), (28, -34), (0, -29), (-26, -31)], fur)
    pen.path("M10 -50Q24 -62 24 -78H42Q40 -52 28 -38Z", fur)
    for x, y in ((-20, -47), (-8, -50), (-12, -40), (4, -46)):
        pen.circle(x, y, 2.6, "#fdf0dc", line=False)
    for side in (-1, 1):
        pen.ellipse((34 + side * 18, -82), 10, 5, fur, rot=-24 * side)
    pen.ellipse((34, -76), 15, 16, fur)
    pen.ellipse((34, -67), 9, 7, lighter(fur, 0.5), line=False)
    pen.ellipse((34, -70), 3.6, 2.6, "#3a2a30", line=False)
    eyes(pen, 34, -79, 8, 3.9)


def elephant(pen: Pen, skin: str) -> None:
    """An elephant with a raised or hanging trunk."""
    shade = darker(skin, 0.12)
    _legs(pen, skin, (-30, -18, 12, 24), -32, 16)
    pen.blob([(-48, -44), (-38, -78), (0, -86), (30, -76), (34, -40), (6, -26), (-38, -26)], skin)
    pen.line([(-46, -60), (-54, -44), (-52, -34)], shade, 3.5)
    trunk = [(52, -62), (66, -44), (64, -22), (72, -16)]
    if pen.rng.random() < 0.45:
        trunk = [(52, -62), (70, -56), (78, -74), (72, -90)]
    pen.line(trunk, skin, 11)
    pen.circle(40, -70, 25, skin)
    pen.ellipse((20, -68), 17, 24, shade)
    pen.ellipse((21, -67), 11, 17, mix(skin, "#f5a8b0", 0.5), line=False)
    pen.line([(54, -56), (62, -48)], "#fffaf0", 5)
    _eye(pen, 47, -76, 4.2)
