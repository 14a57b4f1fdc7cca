"""Animals that sit or stand upright, and the list of all: 100 units tall, feet at (0, 0)."""

from collections.abc import Callable

from world.draw import beasts, creatures
from world.draw.heads import EYE, eyes
from world.draw.palette import NAMED, darker, jitter, lighter, mix, named
from world.draw.pen import Pen
from world.scene import NONE

NATURAL: dict[str, tuple[str, ...]] = {
    "cat": ("orange", "grey", "black", "white", "brown"),
    "dog": ("brown", "white", "black", "yellow", "grey"),
    "rabbit": ("white", "grey", "brown", "pink"),
    "bear": ("brown", "black", "white"),
    "panda": ("white",),
    "fox": ("orange", "red", "white"),
    "mouse": ("grey", "white", "brown"),
    "lion": ("yellow", "orange"),
    "owl": ("brown", "grey", "white"),
    "penguin": ("black", "blue"),
    "bird": ("blue", "red", "yellow", "green", "white"),
    "duck": ("yellow", "white"),
    "horse": ("brown", "white", "black", "grey"),
    "unicorn": ("white", "pink", "purple"),
    "cow": ("white", "brown"),
    "sheep": ("white", "black", "grey"),
    "deer": ("brown", "orange"),
    "elephant": ("grey", "blue", "pink"),
    "frog": ("green",),
    "turtle": ("green", "brown"),
    "fish": ("orange", "blue", "yellow", "red", "purple", "green"),
    "whale": ("blue", "grey"),
    "butterfly": ("orange", "blue", "purple", "yellow", "pink"),
    "dragon": ("green", "red", "purple", "blue", "black"),
    "robot": ("grey", "blue", "red", "yellow", "white", "green", "orange"),
}
SIZE = {
    "cat": 0.8, "dog": 0.85, "rabbit": 0.78, "mouse": 0.62, "owl": 0.7, "penguin": 0.8, "bird":
    0.6, "duck": 0.62, "frog": 0.58, "turtle": 0.6, "fish": 0.62, "butterfly": 0.6, "elephant":
    1.12, "dragon": 1.05, "horse": 1.1, "unicorn": 1.1, "lion": 1.0, "bear": 1.0, "whale": 0.85,
    "sheep": 0.85,
}  # fmt: skip


def colour_of(pen: Pen, colour: str) -> str:
    """The shade of a named coat; fur is never pure black or white."""
    return named(pen.rng, colour) if colour in NAMED else jitter(pen.rng, "#c9a27a")


def _sitting(pen: Pen, fur: str, belly: str) -> None:
    rng = pen.rng
    wide = rng.uniform(23, 27)
    pen.path(
        (
            f"M-12 -58C{-wide - 5:.1f} -40 {-wide - 5:.1f} 0 {-wide + 6:.1f} 0H{wide - 6:.1f}"
            f"C{wide + 5:.1f} 0 {wide + 5:.1f} -40 12 -58Z"
        ),
        fur,
    )
    pen.ellipse((0, -20), 12, 16, belly, line=False)
    for side in (-1, 1):
        pen.ellipse((side * 10, -4), 8.5, 5.5, lighter(fur, 0.12))


def _ears(pen: Pen, kind: str, fur: str) -> None:
    inner = mix(fur, "#f5a0a8", 0.6)
    for side in (-1, 1):
        if kind == "pointed":
            pen.poly([(side * 25, -72), (side * 25, -104), (side * 6, -88)], fur)
            pen.poly([(side * 22, -78), (side * 22, -95), (side * 11, -86)], inner, line=False)
        elif kind == "round":
            pen.circle(side * 20, -88, 10.5, fur)
            pen.circle(side * 20, -88, 5.5, inner, line=False)
        elif kind == "big":
            pen.circle(side * 25, -86, 15, fur)
            pen.circle(side * 25, -86, 9.5, inner, line=False)
        elif kind == "long":
            tilt = pen.rng.uniform(4, 16) * side
            pen.ellipse((side * 11, -102), 7.5, 23, fur, rot=tilt)
            pen.ellipse((side * 11, -101), 3.6, 16, inner, rot=tilt, line=False)
        elif kind == "floppy":
            pen.ellipse((side * 25, -66), 9, 19, darker(fur, 0.25), rot=-14 * side)


def _face(pen: Pen, fur: str, muzzle: str, nose: str = "#3a2a30") -> None:
    pen.ellipse((0, -57), 12, 9.5, muzzle, line=False)
    ring = mix(fur, "#ffffff", 0.0)
    if EYE and _dark(ring):
        for side in (-1, 1):
            pen.ellipse((side * 11, -69), 6.4, 7.2, "#f6e7a8", line=False)
    eyes(pen, 0, -69, 11, 4.6)
    pen.ellipse((0, -61), 4.2, 3, nose, line=False)
    pen.line([(-5, -54.5), (0, -52.5), (5, -54.5)], nose, 1.9, line=False)


def _dark(colour: str) -> bool:
    return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) < 210


def _tail(pen: Pen, fur: str, tip: str, width: float) -> None:
    side = pen.rng.choice((-1, 1))
    points = [(side * 20, -8), (side * 38, -14), (side * 40, -34), (side * 33, -46)]
    pen.line(points, fur, width)
    if tip:
        pen.line(points[2:], tip, width, line=False)


def critter(pen: Pen, fur: str, ears: str, extra: str = "") -> None:
    """A furry animal that sits and looks at you; ``extra`` names what is its own."""
    pale = lighter(fur, 0.55)
    if extra == "cat":
        _tail(pen, fur, "", 7.5)
    elif extra == "fox":
        _tail(pen, fur, "#fdf6ea", 14)
    elif extra in ("dog", "lion"):
        _tail(pen, fur, darker(fur, 0.4) if extra == "lion" else "", 6.5)
    _sitting(pen, fur, pale)
    if extra == "lion":
        pen.circle(0, -66, 39, darker(mix(fur, "#a8502a", 0.55), 0.1))
    if ears != "floppy":
        _ears(pen, ears, "#2f2b33" if extra == "panda" else fur)
    pen.ellipse((0, -66), 29, 26, fur)
    if ears == "floppy":
        _ears(pen, ears, fur)
    _markings(pen, fur, extra)
    _face(pen, fur, pale)


def _markings(pen: Pen, fur: str, extra: str) -> None:
    if extra == "panda":
        for side in (-1, 1):
            pen.ellipse((side * 11, -68), 8, 9.5, "#2f2b33", rot=20 * side, line=False)
            pen.ellipse((side * 22, -30), 8, 15, "#2f2b33", rot=-20 * side)
            pen.ellipse((side * 11, -69), 5.6, 6.4, "#f4efe6", line=False)
    elif extra == "fox":
        for side in (-1, 1):
            pen.ellipse((side * 15, -57), 11, 8.5, "#fdf6ea", rot=-20 * side, line=False)
    elif extra == "cat":
        shade = darker(fur, 0.28)
        for x in (-7, 0, 7):
            pen.line([(x, -90), (x * 0.9, -82)], shade, 3, line=False)
    elif extra == "dog" and pen.rng.random() < 0.5:
        pen.ellipse((11, -71), 9, 10, lighter(fur, 0.45), line=False)


def _bird_like(pen: Pen, fur: str, owl: bool) -> None:
    belly = lighter(fur, 0.55) if owl else "#fbf8f0"
    for side in (-1, 1):
        pen.ellipse((side * 12, -2.5), 9, 4.5, "#f2a03a")
    pen.path("M0 -98C40 -98 38 0 14 -2H-14C-38 0 -40 -98 0 -98Z", fur)
    pen.path("M0 -56C26 -60 24 -4 10 -5H-10C-24 -4 -26 -60 0 -56Z", belly, line=False)
    lift = pen.rng.uniform(0, 30)
    for side in (-1, 1):
        pen.ellipse((side * 30, -42), 7, 22, darker(fur, 0.15), rot=-side * (12 + lift))
    if owl:
        for side in (-1, 1):
            pen.poly([(side * 10, -92), (side * 26, -106), (side * 28, -82)], fur)
    for side in (-1, 1):
        pen.circle(side * 10.5, -74, 11.5, "#fdf8ec", line=False)
    eyes(pen, 0, -74, 10.5, 5.4)
    pen.poly([(-5.5, -66), (5.5, -66), (0, -57)], "#f2a03a")


def _frog(pen: Pen, skin: str) -> None:
    for side in (-1, 1):
        pen.ellipse((side * 30, -18), 13, 20, darker(skin, 0.1), rot=25 * side)
        pen.ellipse((side * 34, -4), 15, 5.5, skin)
    pen.path("M-34 -30C-40 0 40 0 34 -30C30 -60 -30 -60 -34 -30Z", skin)
    pen.ellipse((0, -62), 37, 27, skin)
    pen.ellipse((0, -22), 21, 17, lighter(skin, 0.5), line=False)
    for side in (-1, 1):
        pen.circle(side * 20, -86, 12, skin)
        pen.circle(side * 20, -87, 8.5, "#fdf8ec", line=False)
    eyes(pen, 0, -87, 20, 5.4)
    pen.line([(-20, -56), (0, -48), (20, -56)], darker(skin, 0.5), 3, line=False)


DRAWN: dict[str, Callable[[Pen, str], None]] = {
    "cat": lambda pen, fur: (
        beasts.walking(pen, fur, "cat")
        if pen.rng.random() < 0.35
        else critter(pen, fur, "pointed", "cat")
    ),
    "dog": lambda pen, fur: (
        beasts.walking(pen, fur, "dog")
        if pen.rng.random() < 0.35
        else critter(pen, fur, "floppy", "dog")
    ),
    "rabbit": lambda pen, fur: critter(pen, fur, "long"),
    "bear": lambda pen, fur: critter(pen, fur, "round"),
    "panda": lambda pen, _: critter(pen, "#f4f1ea", "round", "panda"),
    "fox": lambda pen, fur: (
        beasts.walking(pen, fur, "fox")
        if pen.rng.random() < 0.35
        else critter(pen, fur, "pointed", "fox")
    ),
    "mouse": lambda pen, fur: critter(pen, fur, "big"),
    "lion": lambda pen, fur: critter(pen, fur, "round", "lion"),
    "owl": lambda pen, fur: _bird_like(pen, fur, owl=True),
    "penguin": lambda pen, fur: _bird_like(pen, fur, owl=False),
    "frog": _frog,
    "horse": lambda pen, fur: beasts.horse(pen, fur, horn=False),
    "unicorn": lambda pen, fur: beasts.horse(pen, fur, horn=True),
    "cow": beasts.cow,
    "sheep": beasts.sheep,
    "deer": beasts.deer,
    "elephant": beasts.elephant,
    "bird": creatures.bird,
    "duck": creatures.duck,
    "turtle": creatures.turtle,
    "fish": creatures.fish,
    "whale": creatures.whale,
    "butterfly": creatures.butterfly,
    "dragon": creatures.dragon,
    "robot": creatures.robot,
}


def animal(pen: Pen, species: str, colour: str) -> None:
    """One animal of a species in a named colour."""
    colour = colour if colour != NONE else pen.rng.choice(NATURAL[species])
    DRAWN[species](pen, colour_of(pen, colour))
