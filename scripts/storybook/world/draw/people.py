"""People: 100 units tall, feet at (0, 0), large heads, drawn from the build, clothes and hair."""

from dataclasses import dataclass

from world.draw import clothes, heads
from world.draw.palette import HAIR, NAMED, SKINS, darker, jitter, named
from world.draw.pen import Pen, Point
from world.draw.things import draw_thing
from world.scene import Scene, Thing

CHILDREN = ("girl", "boy", "baby")
FEMALE = ("girl", "woman", "old woman", "princess")


@dataclass
class Body:
    """Measures of a figure and its colours; heights count up from the feet as negative y."""

    head: float
    head_y: float
    shoulder: float
    waist: float
    hip: float
    half: float
    limb: float
    skin: str
    cloth: str
    other: str
    shoes: str


def _measures(pen: Pen, species: str) -> tuple[float, float, float, float, float, float, float]:
    rng = pen.rng
    if species == "baby":
        return 24, -73, -50, -30, -22, 12, 9
    if species in CHILDREN:
        head = rng.uniform(17.5, 20)
        return head, -99 + head, -60, -43, -33, rng.uniform(9, 11), 6.5
    head = rng.uniform(14, 15.5)
    wide = rng.uniform(10.5, 12) if species in FEMALE else rng.uniform(12.5, 15)
    return head, -99 + head, -68, -50, -43, wide, 6.5


def body_of(pen: Pen, scene: Scene) -> Body:
    """A body for this subject: the measures of its age, and its colours."""
    rng = pen.rng
    cloth = named(rng, scene.colour) if scene.colour in NAMED else "#d8d4cc"
    other = jitter(rng, rng.choice(("#3d4a6b", "#5b4a42", "#6b7280", "#4a5568", "#7a6a58")), 0.04)
    if scene.clothing in ("overalls", "skirt"):
        other = jitter(rng, rng.choice(("#fbf3e4", "#e8dcc8", "#f4e6d0")), 0.03)
    shoes = jitter(rng, rng.choice(("#5a3b2c", "#3a3644", "#8a4a3a")), 0.04)
    return Body(*_measures(pen, scene.subject), rng.choice(SKINS), cloth, other, shoes)


def person(pen: Pen, scene: Scene, held: Thing | None = None) -> None:
    """One person, as the scene describes."""
    rng, body = pen.rng, body_of(pen, scene)
    hair = jitter(rng, HAIR.get(scene.hair, "#6b4226"), 0.03)
    turn = rng.uniform(-0.14, 0.14)
    heads.back_hair(pen, body, scene.hair_style, hair)
    clothes.legs(pen, body, scene)
    left, right = _hands(pen, body, held)
    raised = [hand for hand in (left, right) if hand[1] < body.shoulder]
    for side, hand in ((-1, left), (1, right)):
        if hand not in raised:
            clothes.arm(pen, body, scene, (side, hand))
    clothes.torso(pen, body, scene)
    for side, hand in ((-1, left), (1, right)):
        if hand in raised or rng.random() < 0.5:
            clothes.arm(pen, body, scene, (side, hand))
    pen.rect((-3.5, body.shoulder - 6, 7, 9), darker(body.skin, 0.12), line=False)
    heads.head(pen, body, scene, hair, turn)
    if held is not None:
        _hold(pen, held, right)
    if scene.subject == "old man" and held is None:
        pen.line([(right[0], right[1] - 2), (right[0] + 2, 0)], "#7a5336", 3)


def _hands(pen: Pen, body: Body, held: Thing | None) -> tuple[Point, Point]:
    rng = pen.rng
    reach = body.shoulder * 0.42

    def pick(side: int) -> Point:
        pose = rng.random()
        if pose < 0.62:
            return side * (body.half + rng.uniform(5, 12)), body.hip + rng.uniform(-3, 6)
        if pose < 0.78:
            return side * (body.half + rng.uniform(14, 19)), body.shoulder - rng.uniform(4, 16)
        if pose < 0.9:
            return side * (body.half + rng.uniform(16, 20)), body.shoulder + rng.uniform(4, 14)
        return side * (body.half * 0.75), body.waist + 3

    right = pick(1)
    if held is not None:
        right = (body.half + rng.uniform(10, 15), body.shoulder - reach * -0.12 + 4)
    return pick(-1), right


def _hold(pen: Pen, held: Thing, hand: Point) -> None:
    """The thing in the raised hand: its own string or stalk, at a size that fits the person."""
    rng = pen.rng
    if held.name in ("balloon", "kite"):
        for i in range(held.count):
            at = (
                hand[0] + 8 + (i - (held.count - 1) / 2) * 21 + rng.uniform(-3, 3),
                hand[1] - rng.uniform(42, 50) - 9 * (i % 2),
            )
            pen.line([hand, (hand[0] + 4, (hand[1] + at[1]) / 2), at], "#fffaf0", 1.8, line=False)
            with pen.group(at, 0.38):
                draw_thing(pen, held)
        return
    if held.name == "umbrella":
        with pen.group((hand[0] - 6, hand[1] + 8), 0.72):
            draw_thing(pen, held)
        return
    size = 0.36 if held.name in ("flowers", "lantern") else 0.25
    with pen.group((hand[0] + 1, hand[1] + (6 if held.name != "flowers" else 10)), size):
        draw_thing(pen, held)
