"""Objects: each about 100 units tall, its base at (0, 0). Sky things too: their lowest point."""

from collections.abc import Callable

from world.draw import buildings, plants, vehicles
from world.draw.palette import NAMED, darker, jitter, lighter, named
from world.draw.pen import Pen
from world.draw.sky_things import (
    balloon,
    cloud_thing,
    hot_air_balloon,
    kite,
    moon_thing,
    rainbow,
    star_thing,
    sun_thing,
)
from world.draw.street import street_lamp
from world.scene import NONE, Thing

COLOURABLE: dict[str, tuple[str, ...]] = {
    "balloon": ("red", "red", "blue", "yellow", "pink", "green", "purple", "orange", "white"),
    "hot-air balloon": ("red", "yellow", "blue", "purple", "green", "orange", "pink"),
    "kite": ("red", "yellow", "blue", "green", "purple", "pink", "orange"),
    "umbrella": ("red", "yellow", "blue", "green", "purple", "pink", "black", "orange", "white"),
    "house": ("red", "yellow", "blue", "white", "pink", "green", "orange", "brown", "purple"),
    "lighthouse": ("red", "blue", "green", "black", "orange"),
    "boat": ("red", "blue", "green", "brown", "yellow", "white", "orange"),
    "sailboat": ("white", "red", "yellow", "blue", "orange", "pink", "purple"),
    "flowers": ("red", "yellow", "pink", "purple", "white", "blue", "orange"),
    "bench": ("brown", "green", "red", "blue"),
    "lantern": ("red", "orange", "yellow", "blue", "pink"),
    "tent": ("orange", "green", "blue", "red", "yellow", "purple"),
    "bicycle": ("red", "blue", "green", "yellow", "pink", "black"),
    "car": ("red", "blue", "yellow", "green", "orange", "pink", "white", "black", "purple"),
    "train": ("red", "blue", "green", "black", "orange"),
    "rocket": ("red", "white", "blue", "orange", "green", "purple"),
    "airplane": ("white", "red", "blue", "yellow"),
    "planet": ("orange", "purple", "blue", "red", "green", "pink"),
    "book": ("red", "blue", "green", "brown", "purple", "yellow"),
    "cake": ("pink", "white", "brown", "yellow", "blue"),
    "gift": ("red", "blue", "green", "pink", "purple", "yellow", "white"),
    "ball": ("red", "blue", "yellow", "green", "orange", "pink"),
    "mushroom": ("red", "red", "brown", "orange", "purple"),
    "apple": ("red", "green", "yellow"),
    "crystal": ("purple", "blue", "pink", "green"),
    "chair": ("red", "blue", "brown", "green", "yellow", "purple"),
    "bed": ("blue", "pink", "red", "green", "purple", "white"),
    "teapot": ("blue", "white", "red", "green", "pink"),
    "clock": ("brown", "red", "blue", "yellow"),
}


def umbrella(pen: Pen, colour: str) -> None:
    """An open umbrella on its stick."""
    pen.line([(0, 0), (0, -80)], "#6b4a38", 3.6)
    pen.path(
        (
            "M-62 -54C-58 -112 58 -112 62 -54Q50 -64 41 -54Q31 -64 20 -54Q10 -64 0 -54Q-10 "
            "-64 -20 -54Q-31 -64 -41 -54Q-50 -64 -62 -54Z"
        ),
        colour,
    )
    pen.path(
        "M-20 -54Q-14 -90 0 -97Q14 -90 20 -54Q10 -64 0 -54Q-10 -64 -20 -54Z",
        lighter(colour, 0.3),
        line=False,
    )


def bench(pen: Pen, colour: str) -> None:
    """A park bench 130 wide."""
    for x in (-48, 48):
        pen.rect((x - 4, -44, 8, 44), "#4a4450")
    for y in (-88, -68, -42):
        pen.rect((-62, y, 124, 13, 4), colour)


def lantern(pen: Pen, colour: str) -> None:
    """A round paper lantern."""
    if pen.light.glow:
        pen.glow((0, -50), 80, "#ffd98a", 0.8)
    pen.ellipse((0, -50), 40, 36, colour)
    pen.ellipse((0, -50), 17, 36, lighter(colour, 0.3), line=False)
    for y in (-94, -18):
        pen.rect((-16, y, 32, 10, 3), "#5a4038")
    pen.line([(0, -8), (0, 8)], "#f2c04a", 5, line=False)


def tent(pen: Pen, colour: str) -> None:
    """A tent 150 wide."""
    pen.poly([(-72, 0), (0, -94), (72, 0)], colour)
    pen.poly([(0, -94), (72, 0), (36, 0)], darker(colour, 0.18), line=False)
    pen.path("M0 -68Q-8 -30 -26 0H22Q6 -30 0 -68Z", "#5a4038")


def campfire(pen: Pen, _: str) -> None:
    """A fire on crossed logs."""
    pen.glow((0, -40), 95, "#ffb04a", 0.8)
    pen.path(
        "M-30 -12C-42 -50 -14 -56 -10 -92C14 -76 40 -46 28 -12Z", "#ff7f2a", raw=True, line=True
    )
    pen.path("M-15 -12C-22 -36 -2 -40 2 -62C14 -46 20 -30 14 -12Z", "#ffd95a", raw=True)
    pen.line([(-38, -3), (34, -16)], "#7a5238", 11)
    pen.line([(38, -3), (-34, -16)], "#8f6244", 11)


def book(pen: Pen, colour: str) -> None:
    """An open book, or a closed one, seen from the front."""
    pen.path("M0 -6Q-34 -20 -66 -6V-76Q-34 -90 0 -76Q34 -90 66 -76V-6Q34 -20 0 -6Z", colour)
    pen.path("M0 -14Q-30 -26 -57 -15V-80Q-30 -92 0 -78Q30 -92 57 -80V-15Q30 -26 0 -14Z", "#fdf7e8")
    pen.line([(0, -14), (0, -78)], darker(colour, 0.1), 4, line=False)
    for y in (-66, -52, -38):
        pen.line([(-46, y), (-14, y + 2)], "#b9ab98", 4, line=False)
        pen.line([(14, y + 2), (46, y)], "#b9ab98", 4, line=False)


def cake(pen: Pen, colour: str) -> None:
    """A cake of two tiers with candles."""
    pen.ellipse((0, -4), 66, 9, "#e8eef4")
    pen.rect((-50, -40, 100, 36, 6), colour)
    pen.rect((-32, -70, 64, 32, 6), lighter(colour, 0.2))
    for left, top, step, many in ((-50, -40, 20, 5), (-32, -70, 21.3, 3)):
        data = f"M{left} {top}" + "".join(f"q{step / 2} 17 {step} 0" for _ in range(many)) + "Z"
        pen.path(data, "#fffaf0", line=False)
    for x in (-17, 0, 17):
        pen.line([(x, -71), (x, -88)], "#6ab0e0", 5, line=False)
        pen.ellipse((x, -96), 4.2, 7, "#ffb52a", raw=True)


def gift(pen: Pen, colour: str) -> None:
    """A wrapped box with a bow."""
    ribbon = "#f7cf4a" if colour > "#c" else "#fdf3e0"
    pen.rect((-44, -66, 88, 66, 4), colour)
    pen.rect((-49, -76, 98, 20, 4), lighter(colour, 0.15))
    pen.rect((-8, -76, 16, 76), ribbon, line=False)
    for side in (-1, 1):
        pen.ellipse((side * 17, -88), 17, 10, ribbon, rot=-side * 24)


def ball(pen: Pen, colour: str) -> None:
    """A ball with a pale band."""
    pen.circle(0, -48, 47, colour)
    pen.path("M-46 -56Q0 -30 46 -56L46 -38Q0 -10 -46 -38Z", "#fdf8ec", line=False)
    pen.ellipse((-16, -74), 12, 8, lighter(colour, 0.5), line=False)


def pumpkin(pen: Pen, _: str) -> None:
    """A pumpkin."""
    colour = jitter(pen.rng, "#ee8a2a", 0.04)
    pen.rect((-6, -92, 12, 20, 4), "#5a8040")
    for x, w in ((-34, 26), (34, 26), (0, 30)):
        pen.ellipse((x, -39), w, 39, colour if x else lighter(colour, 0.15))


def snowman(pen: Pen, _: str) -> None:
    """A snowman with a hat, a scarf and a carrot."""
    rng = pen.rng
    snow = "#f7fbff"
    for side in (-1, 1):
        pen.line([(side * 17, -50), (side * 38, -62)], "#6b4a38", 4)
    pen.circle(0, -25, 27, snow)
    pen.circle(0, -60, 20, snow)
    cloth = jitter(rng, rng.choice(("#d9404a", "#3f7fc0", "#4a9a5a", "#e8a030")), 0.04)
    pen.rect((-15, -51, 30, 8, 4), cloth)
    pen.poly([(4, -46), (13, -46), (14, -26), (7, -26)], darker(cloth, 0.1), line=False)
    for x in (-7, 7):
        pen.circle(x, -66, 3.1, "#2b2a30", line=False)
    pen.poly([(0, -61), (17, -57), (0, -55)], "#f2862a", line=False)
    pen.rect((-20, -81, 40, 6, 3), "#3a3644")
    pen.rect((-12, -99, 24, 20, 3), "#3a3644")


def apple(pen: Pen, colour: str) -> None:
    """An apple with a leaf."""
    pen.line([(0, -74), (5, -96)], "#6b4a30", 6)
    pen.ellipse((19, -90), 15, 7, "#5fa84f", rot=-24)
    pen.path(
        "M0 -74C-34 -92 -56 -62 -44 -30C-34 0 -10 4 0 -4C10 4 34 0 44 -30C56 -62 34 -92 0 -74Z",
        colour,
    )
    pen.ellipse((-23, -52), 8, 13, lighter(colour, 0.5), rot=20, line=False)


def crystal(pen: Pen, colour: str) -> None:
    """A cluster of glowing crystals."""
    pen.glow((0, -45), 80, lighter(colour, 0.5), 0.6)
    for x, tall, wide, lean in ((-26, 56, 13, -10), (26, 64, 13, 10), (0, 98, 18, 0)):
        top = x + lean
        pen.poly(
            [
                (x - wide, 0),
                (top - wide, -tall * 0.7),
                (top, -tall),
                (top + wide, -tall * 0.7),
                (x + wide, 0),
            ],
            colour,
        )
        pen.poly(
            [(x, 0), (top, -tall * 0.62), (top, -tall), (top + wide, -tall * 0.7), (x + wide, 0)],
            lighter(colour, 0.3),
            line=False,
        )


def sandcastle(pen: Pen, _: str) -> None:
    """A sandcastle with a flag."""
    sand = jitter(pen.rng, "#e0b470", 0.04)
    pen.path("M-70 0Q0 -24 70 0Z", darker(sand, 0.08))
    for x, tall, half in ((-34, 46, 17), (34, 42, 17), (0, 72, 20)):
        pen.poly(
            [(x - half, -3), (x - half * 0.75, -tall), (x + half * 0.75, -tall), (x + half, -3)],
            sand,
        )
        pen.rect((x - half, -tall - 8, half * 2, 11), lighter(sand, 0.15))
    pen.line([(0, -80), (0, -106)], "#6b4a38", 3)
    pen.poly([(0, -106), (24, -98), (0, -90)], "#e0483f")


def flowers(pen: Pen, colour: str) -> None:
    """A bunch of flowers of one colour, 100 tall."""
    for x, tall in ((-22, 26), (22, 28), (0, 36)):
        with pen.group((x, 0), 2.1):
            plants.flower(pen, jitter(pen.rng, colour, 0.02), tall)


def bridge(pen: Pen, _: str) -> None:
    """An arched footbridge 240 wide."""
    wood = jitter(pen.rng, pen.rng.choice(("#b5794f", "#c24f42", "#a8a2a0")), 0.04)
    pen.path("M-120 0Q0 -104 120 0H84Q0 -62 -84 0Z", wood)
    for x in (-84, -42, 0, 42, 84):
        y = -52 * (1 - (x / 120) ** 2) - 2
        pen.line([(x, y), (x, y - 27)], darker(wood, 0.2), 6)
    pen.line([(-112, -24), (-60, -62), (0, -80), (60, -62), (112, -24)], darker(wood, 0.12), 7)


def _plain(draw: Callable[[Pen], None]) -> Callable[[Pen, str], None]:
    return lambda pen, _: draw(pen)


DRAWN: dict[str, Callable[[Pen, str], None]] = {
    "balloon": balloon,
    "hot-air balloon": hot_air_balloon,
    "kite": kite,
    "umbrella": umbrella,
    "tree": _plain(plants.round_tree),
    "pine": _plain(plants.pine),
    "palm": _plain(plants.palm),
    "blossom tree": _plain(plants.blossom_tree),
    "house": buildings.house,
    "lighthouse": buildings.lighthouse,
    "windmill": _plain(buildings.windmill),
    "boat": vehicles.boat,
    "sailboat": vehicles.sailboat,
    "flowers": flowers,
    "sunflower": _plain(plants.sunflower),
    "bench": bench,
    "lamp": _plain(street_lamp),
    "lantern": lantern,
    "star": star_thing,
    "moon": moon_thing,
    "sun": sun_thing,
    "cloud": cloud_thing,
    "bridge": bridge,
    "tent": tent,
    "campfire": campfire,
    "rainbow": rainbow,
    "cactus": _plain(plants.cactus),
    "bicycle": vehicles.bicycle,
    "car": vehicles.car,
    "train": vehicles.train,
    "rocket": vehicles.rocket,
    "airplane": vehicles.airplane,
    "planet": vehicles.planet_thing,
    "book": book,
    "cake": cake,
    "gift": gift,
    "ball": ball,
    "mushroom": plants.mushroom,
    "pumpkin": pumpkin,
    "snowman": snowman,
    "apple": apple,
    "rock": _plain(plants.rock),
    "crystal": crystal,
    "sandcastle": sandcastle,
    "chair": vehicles.chair,
    "bed": vehicles.bed,
    "table": vehicles.table,
    "clock": vehicles.clock,
    "teapot": vehicles.teapot,
}


def draw_thing(pen: Pen, thing: Thing) -> None:
    """One object in its colour."""
    colour = thing.colour
    if colour == NONE and thing.name in COLOURABLE:
        colour = pen.rng.choice(COLOURABLE[thing.name])
    DRAWN[thing.name](pen, named(pen.rng, colour) if colour in NAMED else "")
