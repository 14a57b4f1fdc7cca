"""Trees, bushes, flowers: each drawn up from (0, 0), about 100 units tall unless said."""

import random
from collections.abc import Callable

from world.draw.palette import darker, jitter, lighter, mix
from world.draw.pen import Pen, ring

GREENS = ("#3f8f4f", "#5aa650", "#2f7d55", "#79b356", "#4a9a63")
AUTUMN = ("#d9702e", "#e39a36", "#c4502f", "#d9b23e", "#b5683a")
BLOSSOM = ("#f6a8c4", "#fbd0de", "#f9b8b0")
FLOWERS = ("#f0607a", "#f7b733", "#f58fc0", "#9a6be0", "#ffffff", "#f2703f", "#5a8ff0")


def leaves(pen: Pen) -> str:
    """The colour of a tree's leaves in this season."""
    tones: tuple[str, ...] = GREENS
    if pen.season == "autumn":
        tones = AUTUMN
    elif pen.season == "spring" and pen.rng.random() < 0.55:
        tones = BLOSSOM
    return jitter(pen.rng, pen.rng.choice(tones), 0.05)


def _trunk(pen: Pen, top: float, width: float, colour: str) -> None:
    lean = pen.rng.uniform(-4, 4)
    w = width / 2
    pen.path(
        f"M{-w * 1.3:.1f} 0Q{-w * 0.6:.1f} {top / 2:.1f} {lean - w * 0.5:.1f} {top:.1f}"
        f"L{lean + w * 0.5:.1f} {top:.1f}Q{w * 0.6:.1f} {top / 2:.1f} {w * 1.3:.1f} 0Z",
        colour,
    )


def round_tree(pen: Pen, green: str = "") -> None:
    """A leafy tree: a crown of a few soft lumps with a lit side."""
    rng = pen.rng
    green = green or leaves(pen)
    _trunk(pen, -52, rng.uniform(9, 13), jitter(rng, "#7a4f35"))
    wide = rng.uniform(27, 36)
    pen.blob(ring(rng, (0, -66), wide, 33, 0.1), green)
    with_light = lighter(green, 0.22)
    pen.blob(ring(rng, (-wide * 0.3, -75), wide * 0.5, 16, 0.12), with_light, line=False)
    if rng.random() < 0.25:
        for x, y in ((-17, -62), (15, -74), (2, -52), (-4, -84)):
            pen.circle(x + rng.uniform(-4, 4), y, 4.2, "#e2453c", line=False)


def blossom_tree(pen: Pen) -> None:
    """A cherry tree in flower."""
    round_tree(pen, jitter(pen.rng, "#f6a8c4", 0.03))
    for x, y in ((-16, -60), (12, -82), (18, -56)):
        pen.circle(x, y, pen.rng.uniform(4, 6), "#fff0f5", a=0.85)


def bare_tree(pen: Pen) -> None:
    """A tree without leaves."""
    colour = jitter(pen.rng, "#5a4136")
    pen.line([(0, 0), (1, -30), (-1, -60), (2, -92)], colour, 8)
    for x, y, to in ((0, -42, -26), (0, -52, 24), (0, -68, -18)):
        pen.line([(x, y), (to * 0.6, y - 14), (to, y - 30)], colour, 4.5)


def pine(pen: Pen, green: str = "", snowy: bool = False) -> None:
    """A fir of two or three skirts, with or without snow."""
    rng = pen.rng
    green = green or jitter(rng, rng.choice(("#2f6b4f", "#2c7a58", "#3f7f4a")), 0.04)
    pen.rect((-4, -16, 8, 16), "#6b4630")
    tiers, wide = rng.choice((2, 3, 3)), rng.uniform(23, 30)
    for i in range(tiers):
        share = i / tiers
        low, high = -12 - share * 62, -12 - share * 62 - 88 / tiers - 6
        half = wide * (1 - share * 0.62)
        shade = mix(green, lighter(green, 0.3), share * 0.5)
        pen.path(
            f"M{-half:.1f} {low:.1f}Q0 {low + 7:.1f} {half:.1f} {low:.1f}L0 {high:.1f}Z", shade
        )
        if snowy:
            cut = 0.5
            pen.path(
                f"M{-half * cut:.1f} {low + (high - low) * (1 - cut):.1f}Q0 "
                f"{low + (high - low) * 0.36:.1f} "
                f"{half * cut:.1f} {low + (high - low) * (1 - cut):.1f}L0 {high:.1f}Z",
                "#fafcff",
                line=False,
            )


def palm(pen: Pen) -> None:
    """A palm with a bent trunk."""
    rng = pen.rng
    lean = rng.choice((-1, 1)) * rng.uniform(8, 20)
    pen.line([(0, 0), (lean * 0.25, -30), (lean, -74)], jitter(rng, "#a3784f"), 7)
    green = jitter(rng, "#3f9a55", 0.05)
    for dx, dy in ((-38, 6), (-30, -16), (38, 8), (32, -14), (-6, -26), (12, -24)):
        shade = green if dy < 0 else darker(green, 0.15)
        pen.path(
            f"M{lean:.1f} -74Q{lean + dx * 0.5:.1f} {-84 + dy * 0.4 - 10:.1f} "
            f"{lean + dx:.1f} {-70 + dy}"
            f"Q{lean + dx * 0.45:.1f} {-76 + dy * 0.5:.1f} {lean:.1f} -74Z",
            shade,
        )
    for dx in (-3, 4):
        pen.circle(lean + dx, -70, 3.6, "#7a4a2e", line=False)


def bush(pen: Pen, colour: str = "") -> None:
    """A bush 60 wide and 30 tall."""
    colour = colour or leaves(pen)
    pen.blob([(-30, 0), (-28, -15), (-14, -26), (0, -21), (13, -30), (27, -16), (30, 0)], colour)
    pen.ellipse((-10, -16), 9, 6, lighter(colour, 0.18), line=False)


def flower(pen: Pen, colour: str, tall: float = 30) -> None:
    """One flower on its stalk; the head is about 16 across."""
    rng = pen.rng
    lean = rng.uniform(-5, 5)
    pen.line([(0, 0), (lean * 0.4, -tall / 2), (lean, -tall)], "#4c9150", 2.8, line=False)
    if rng.random() < 0.5:
        pen.ellipse((lean * 0.3 + 5, -tall * 0.35), 6, 2.8, "#5aa650", rot=-30, line=False)
    if rng.random() < 0.3:
        pen.path(
            f"M{lean - 8} {-tall - 8}L{lean - 3} {-tall - 4}L{lean} {-tall - 11}"
            f"L{lean + 3} {-tall - 4}"
            f"L{lean + 8} {-tall - 8}Q{lean + 8} {-tall + 6} {lean} {-tall + 6}"
            f"Q{lean - 8} {-tall + 6} {lean - 8} {-tall - 8}Z",
            colour,
        )
        return
    for dx, dy in ((-6, 0), (6, 0), (0, -6), (0, 6)):
        pen.circle(lean + dx, -tall + dy, 5, colour)
    pen.circle(lean, -tall, 4, "#f9d85a" if colour != "#f7b733" else "#a8642e", line=False)


def sunflower(pen: Pen) -> None:
    """A sunflower 100 tall."""
    pen.line([(0, 0), (2, -35), (0, -72)], "#4c8f45", 6)
    pen.ellipse((14, -32), 15, 6, "#5a9e4c", rot=-30)
    pen.ellipse((-13, -22), 14, 6, "#5a9e4c", rot=30)
    for turn in range(0, 180, 30):
        pen.ellipse((0, -76), 24, 6.5, "#f8c52f", rot=turn)
    pen.circle(0, -76, 12, "#74452a")


def cactus(pen: Pen) -> None:
    """A cactus with two arms."""
    rng = pen.rng
    green = jitter(rng, rng.choice(("#4b9a5b", "#3f8f63", "#62a85a")), 0.04)
    low, high = rng.uniform(-38, -28), rng.uniform(-58, -46)
    pen.line([(0, low), (-24, low), (-25, low - 26)], green, 12)
    pen.line([(0, high), (23, high), (24, high - 22)], green, 12)
    pen.line([(0, -3), (0, -50), (0, -90)], green, 20)
    pen.line([(-4, -12), (-4, -50), (-4, -88)], lighter(green, 0.2), 3, line=False)
    if rng.random() < 0.5:
        pen.circle(0, -101, 6, "#f0607a")


def mushroom(pen: Pen, colour: str = "") -> None:
    """A toadstool with spots, 100 tall."""
    colour = colour or "#d93a35"
    pen.path("M-14 0Q-8 -30 -13 -52L13 -52Q8 -30 14 0Q0 6 -14 0Z", "#f6ead6")
    pen.path("M-48 -46Q-44 -98 0 -100Q44 -98 48 -46Q0 -34 -48 -46Z", colour)
    for x, y, r in ((-22, -66, 8), (6, -80, 9), (28, -60, 7), (-2, -56, 6)):
        pen.circle(x, y, r, "#fff6e8", line=False)


TREES: dict[str, Callable[[Pen], None]] = {
    "tree": round_tree,
    "pine": pine,
    "palm": palm,
    "blossom tree": blossom_tree,
}


def flower_bed(pen: Pen, many: int, left: float, right: float, low: float, high: float) -> None:
    """Flowers strewn over a field, the near ones larger."""
    rng = pen.rng
    spots = sorted(rng.uniform(0, 1) for _ in range(many))
    colours = rng.sample(FLOWERS, 3)
    for share in spots:
        at = rng.uniform(left, right), low + (high - low) * share
        with pen.group(at, (0.55 + 0.5 * share) * pen.unit):
            flower(pen, rng.choice(colours), rng.uniform(14, 28))


def rock(pen: Pen, colour: str = "") -> None:
    """A boulder 60 wide."""
    rng = pen.rng
    colour = colour or jitter(rng, "#8f8a90", 0.05)
    tall = rng.uniform(26, 42)
    pen.poly(
        [(-30, 0), (-26, -tall * 0.6), (-8, -tall), (14, -tall * 0.85), (29, -tall * 0.3), (30, 0)],
        colour,
    )
    pen.poly(
        [(-26, -tall * 0.6), (-8, -tall), (14, -tall * 0.85), (-6, -tall * 0.6)],
        lighter(colour),
        line=False,
    )


def pick_tree(rng: random.Random) -> Callable[[Pen], None]:
    """A tree that fits anywhere green."""
    return rng.choice((round_tree, round_tree, round_tree, pine))
