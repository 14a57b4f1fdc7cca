"""Puts the figures and objects of a scene on the stage of its place."""

import re
from collections.abc import Callable

from world.draw.animals import SIZE, animal
from world.draw.measures import BEHIND, GROUND, POSITION, SKY, SMALL, TALL, WATER, WIDE
from world.draw.palette import jitter, named
from world.draw.pen import Pen, Point
from world.draw.people import person
from world.draw.sky_things import balloon_on_string
from world.draw.stage import Stage
from world.draw.things import COLOURABLE, draw_thing
from world.draw.vehicles import boat
from world.scene import NONE, Scene, Thing
from world.vocabulary import PEOPLE

SWIMMERS = ("fish", "whale", "turtle", "duck")
FLYERS = ("butterfly", "bird", "owl", "dragon")
_PAINT = re.compile(r'(fill|stroke)="(#[0-9a-f]{6}|url\(#g\d+\))"')


def draw_cast(pen: Pen, scene: Scene, stage: Stage) -> None:
    """Everything that stands, floats or flies in the scene."""
    held = next((thing for thing in scene.objects if thing.held), None)
    free = [thing for thing in scene.objects if not thing.held]
    sides = _sides(pen, scene, len(free))
    placed = list(zip(free, sides, strict=True))
    for thing, x in placed:
        if thing.name in SKY or thing.name in WATER or thing.name in BEHIND:
            _place_thing(pen, scene, stage, thing, x)
    if scene.subject != NONE:
        with pen.tone(strength=0.5):
            _figures(pen, scene, stage, held)
    for thing, x in placed:
        if not (thing.name in SKY or thing.name in WATER or thing.name in BEHIND):
            _place_thing(pen, scene, stage, thing, x)


def _sides(pen: Pen, scene: Scene, many: int) -> list[float]:
    """Where the objects go, as shares of the width: beside the figure, or where the hero stands."""
    rng = pen.rng
    if scene.subject == NONE:
        first = POSITION[scene.position]
        other = 0.8 if first < 0.6 else 0.2
    else:
        taken = POSITION[scene.position]
        free = {0.27: [0.76, 0.58], 0.5: [0.17, 0.83], 0.73: [0.24, 0.42]}[taken]
        if taken == 0.5 and scene.companion != NONE:
            free = free[:: -_companion_side(scene)]
        elif taken == 0.5:
            rng.shuffle(free)
        first, other = free
    spots = [first, other, 0.5][:many]
    return [x + rng.uniform(-0.04, 0.04) for x in spots]


def _place_thing(pen: Pen, scene: Scene, stage: Stage, thing: Thing, x: float) -> None:
    rng, w = pen.rng, pen.width
    hero = scene.subject == NONE and thing is scene.objects[0]
    size, y = _spot(pen, stage, thing, hero)
    size = min(size, w * (0.62 if hero else 0.5)) if thing.name != "rainbow" else size
    draw = balloon_on_string if thing.name == "balloon" else None
    if thing.count > 1:
        size *= 0.82 if thing.count == 2 else 0.7
    if not hero and thing.name != "rainbow":
        size = min(size, w * 0.46 / (_spread(thing) * thing.count))
    for i in range(thing.count):
        dx = (i - (thing.count - 1) / 2) * size * _spread(thing)
        lift = (
            (size * rng.uniform(-0.16, 0.16))
            if thing.name in SKY
            else size * rng.uniform(-0.05, 0.05)
        )
        at = _inside(w, w * x + dx, size * 0.4), y + lift * (thing.count > 1)
        if thing.name in GROUND or thing.name not in SKY | WATER:
            _shadow(pen, at[0], at[1], size * 0.42)
        flip = rng.random() < 0.5 and thing.name not in ("clock",)
        _note(pen, at, size * _spread(thing), size)
        with pen.group(at, size / 100, flip=flip), pen.tone(strength=0.62):
            if draw:
                draw(pen, _balloon_colour(pen, thing))
            else:
                draw_thing(pen, thing)


def _balloon_colour(pen: Pen, thing: Thing) -> str:
    name = thing.colour if thing.colour != NONE else pen.rng.choice(COLOURABLE["balloon"])
    return named(pen.rng, name)


def _inside(width: float, x: float, margin: float) -> float:
    margin = min(margin, width * 0.49)
    return min(max(x, margin), width - margin)


def _spread(thing: Thing) -> float:
    wide = {
                "car": 1.9, "boat": 1.8, "bench": 1.4, "train": 1.9, "cloud": 1.8, "airplane":
                1.8, "tree": 0.72, "pine": 0.6, "bicycle": 1.6, "tent": 1.4, "umbrella": 1.2,
                "bed": 1.9, "bridge": 2,
            }  # fmt: skip
    return wide.get(thing.name, 0.95)


def _spot(pen: Pen, stage: Stage, thing: Thing, hero: bool) -> tuple[float, float]:
    """Size in pixels and the height of the base."""
    rng, h, name = pen.rng, pen.height, thing.name
    if name in SKY:
        size = (
            h
            * SKY[name]
            * (rng.uniform(1.15, 1.6) if hero and name != "rainbow" else rng.uniform(0.85, 1.1))
        )
        middle = h * rng.uniform(0.34, 0.44) if hero else stage.sky * rng.uniform(0.75, 1.15)
        if name == "rainbow":
            return size * 0.8, max(stage.sky * 2, h * 0.52)
        return size, max(middle + size / 2, size * 1.06 + 3)
    if name in WATER:
        size = h * WATER[name] * (rng.uniform(1.15, 1.45) if hero else rng.uniform(0.8, 1.05))
        y = stage.water if stage.water is not None else stage.far
        return size, y + (h * 0.04 if hero else 0)
    size = h * GROUND.get(name, SMALL) * rng.uniform(0.85, 1.1)
    if hero:
        size *= 1.15 if name in GROUND else 1.9
        return size, stage.near - h * rng.uniform(0.0, 0.06)
    if name in BEHIND:
        return size * 0.95, stage.far + (stage.near - stage.far) * rng.uniform(0.05, 0.3)
    return size, stage.near - h * rng.uniform(0.0, 0.05)


def _shadow(pen: Pen, x: float, y: float, half: float) -> None:
    pen.ellipse((x, y), half, half * 0.16 + 2, "#1c2340", a=0.2, raw=True)


def _figures(pen: Pen, scene: Scene, stage: Stage, held: Thing | None) -> None:
    """One to three of the subject, and its companion."""
    rng, w = pen.rng, pen.width
    size = _figure_size(pen, scene)
    wide = _width(scene.subject) * size / 100
    y = stage.near if scene.distance == "near" else stage.far + (stage.near - stage.far) * 0.15
    y -= rng.uniform(0, 0.02) * pen.height
    step = wide * (0.92 if scene.subject in PEOPLE else 0.86)
    half = step * (scene.count - 1) / 2 + wide * 0.46
    x = _inside(w, w * (POSITION[scene.position] + rng.uniform(-0.03, 0.03)), half)
    if scene.companion != NONE:
        _companion(pen, scene, (x, y), size)
    afloat = stage.mode == "boat" and scene.subject not in (*SWIMMERS, *FLYERS)
    for i in range(scene.count):
        scale = size * rng.uniform(0.93, 1.03)
        at = (
            x + (i - (scene.count - 1) / 2) * step,
            y + (rng.uniform(-0.02, 0.02) * pen.height if scene.count > 1 else 0),
        )
        if held and i == 0:
            _note(pen, at, 1.7 * wide, 1.3 * size)
        _one(pen, scene, stage, at, scale / 100, _drawer(pen, scene, held if i == 0 else None))
    if afloat:
        _boat_under(pen, (x, y), size / 100 * _width(scene.subject) / 62, scene.count)


def _drawer(pen: Pen, scene: Scene, held: Thing | None) -> Callable[[], None]:
    if scene.subject in PEOPLE:
        return lambda: person(pen, scene, held)
    return lambda: animal(pen, scene.subject, scene.colour)


def _width(species: str) -> float:
    return 62 if species in PEOPLE else WIDE.get(species, 74)


def _figure_size(pen: Pen, scene: Scene) -> float:
    """The height of a 100-unit figure in pixels."""
    rng, w, h = pen.rng, pen.width, pen.height
    share = rng.uniform(0.68, 0.84) if scene.distance == "near" else rng.uniform(0.4, 0.48)
    if scene.subject in PEOPLE:
        share *= TALL.get(scene.subject, 1.0) * (0.8 if scene.place == "ocean" else 1)
    else:
        share *= 0.92 * SIZE.get(scene.subject, 0.9)
    if any(thing.held and thing.name in ("balloon", "kite", "umbrella") for thing in scene.objects):
        share *= 0.78
    most = w * 0.96 / (_width(scene.subject) * (1 + (scene.count - 1) * 0.9)) * 100
    return min(share * h, most)


def _companion_side(scene: Scene) -> int:
    """1 if the companion stands to the right of the figure, -1 if to the left."""
    usual = 1 if len(scene.companion) % 2 else -1
    return {"left": 1, "right": -1}.get(scene.position, usual)


def _companion(pen: Pen, scene: Scene, at: tuple[float, float], size: float) -> None:
    x, y = at
    side = _companion_side(scene)
    scale = (
        size
        * 0.9
        * SIZE.get(scene.companion, 0.9)
        * (0.62 if SIZE.get(scene.companion, 0.9) < 1 else 0.9)
    )
    gap = (_width(scene.subject) * size + _width(scene.companion) * scale) / 200 * 0.95
    where = _inside(pen.width, x + side * gap, scale * 0.4), y
    lift = pen.height * 0.16 if scene.companion in ("butterfly",) else 0
    _shadow(pen, where[0], where[1], scale * 0.3)
    _note(pen, (where[0], where[1] - lift), scale * _width(scene.companion) / 100, scale)
    with pen.group((where[0], where[1] - lift), scale / 100, flip=side > 0):
        animal(pen, scene.companion, scene.companion_colour)


def _one(
    pen: Pen,
    scene: Scene,
    stage: Stage,
    at: tuple[float, float],
    scale: float,
    draw: Callable[[], None],
) -> None:
    rng, (x, y) = pen.rng, at
    turn = 0.0
    flip = rng.random() < 0.5 and scene.subject not in PEOPLE
    if stage.mode in ("swim", "float"):
        y -= rng.uniform(0.06, 0.2) * pen.height
        turn = rng.uniform(-14, 14)
    elif stage.mode == "boat" and scene.subject in SWIMMERS:
        y += 0.02 * pen.height
    elif stage.mode == "boat" and scene.subject not in FLYERS:
        y -= 12 * scale
    elif scene.subject in FLYERS and (scene.subject == "butterfly" or rng.random() < 0.4):
        y -= rng.uniform(0.12, 0.24) * pen.height
    else:
        _shadow(pen, x, y, 26 * scale * _width(scene.subject) / 62)
    start = len(pen.parts)
    _note(pen, (x, y), scale * _width(scene.subject), scale * 100)
    with pen.group((x, y), scale, flip=flip, rot=turn):
        draw()
    if pen.light.rim:
        _rim(pen, start, 1.6 * pen.unit + 0.6)


def _note(pen: Pen, foot: Point, wide: float, tall: float) -> None:
    """Tell where something stands that the caption may speak of."""
    x, y = foot
    pen.focus.append((x - wide / 2, y - tall, x + wide / 2, y))


def _rim(pen: Pen, start: int, shift: float) -> None:
    """A bright edge towards the light: the figure in one colour, moved a little, behind it."""
    body = [part for part in pen.parts[start:] if "opacity" not in part]
    flat = _PAINT.sub(rf'\1="{pen.light.rim}"', "".join(body))
    pen.parts.insert(start, f'<g transform="translate({shift:.1f} {-shift * 0.6:.1f})">{flat}</g>')


def _boat_under(pen: Pen, at: tuple[float, float], scale: float, many: int) -> None:
    """The boat in front of those who sit in it."""
    with pen.group(at, max(scale * (0.44 + 0.24 * many), 0.4)):
        colour = pen.rng.choice(("#a5673f", "#c2553f", "#4a7fa8", "#e0b060"))
        boat(pen, jitter(pen.rng, colour, 0.04))
