"""Draws scenes at random, each part likely where it belongs and possible where it does not."""

import random
from typing import TypeVar

from world import vocabulary
from world.draw import things
from world.draw.animals import NATURAL
from world.draw.palette import COLOURS
from world.likelihood import (
    CLOTHES,
    FEMALE,
    FITTING,
    FIXED_CLOTHES,
    FREE_OBJECTS,
    GREEN,
    GREEN_SEASONS,
    HELD,
    INSIDE,
    PLACES,
    PRODUCTS,
    SEASONS,
    SKY_OBJECTS,
    STYLES,
    TIMES,
    WEATHERS,
)
from world.scene import NONE, Scene, Thing

T = TypeVar("T")


def pick(rng: random.Random, weights: dict[T, float]) -> T:
    """One of the keys, as likely as its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def sample_scene(rng: random.Random, width: int = 256, height: int = 256) -> Scene:
    """A random scene of this size: often a plain place, often with a figure or an object."""
    wide = width >= 2 * height
    style = pick(rng, STYLES)
    kind = pick(rng, {"scene": 0.79, "poster": 0.08, "motif": 0.07, "pattern": 0.06})
    if wide and kind in ("poster", "motif"):
        kind = "scene"
    if kind != "scene":
        return _layout(rng, kind, style, (width, height))
    scene = _empty_place(rng, style, (width, height), "panorama" if wide else "scene")
    cast = pick(rng, {"none": 0.3, "hero": 0.2, "person": 0.27, "animal": 0.23})
    if cast == "hero":
        return _with_hero(rng, scene)
    if cast == "person":
        return _with_objects(rng, _with_person(rng, scene))
    if cast == "animal":
        return _with_objects(rng, _with_animal(rng, scene))
    return scene


def _layout(rng: random.Random, kind: str, style: str, size: tuple[int, int]) -> Scene:
    themes = {
        "poster": (*PRODUCTS, *PRODUCTS, "beach", "mountains", "city", "castle", "space"),
        "motif": tuple(vocabulary.EMBLEMS),
        "pattern": tuple(vocabulary.PATTERN_THINGS),
    }
    if kind == "motif" and rng.random() < 0.6:
        style = "retro"
    theme = rng.choice(themes[kind])
    return Scene(
        *size,
        kind=kind,
        style=style,
        theme=theme,
        colour=rng.choice(COLOURS),
        view=rng.choice(("emblem", "shirt")) if kind == "motif" else NONE,
    )


def _empty_place(rng: random.Random, style: str, size: tuple[int, int], kind: str) -> Scene:
    place = pick(rng, PLACES)
    time = NONE if place == "space" else pick(rng, TIMES)
    if place == "underwater":
        time = rng.choice(("day", "day", "night"))
    weather = NONE if place in INSIDE else pick(rng, WEATHERS)
    if place == "sky":
        weather = rng.choice(("clear", "cloudy"))
    if place in ("snow", "snowy mountains") and weather in ("rain", "storm"):
        weather = rng.choice(("snow", "clear"))
    if place in ("desert", "island", "beach") and weather == "snow":
        weather = "clear"
    magical = rng.random() < (0.35 if place == "castle" else 0.06)
    return Scene(
        *size,
        kind=kind,
        style=style,
        place=place,
        time=time,
        weather=weather,
        mood="fantasy" if magical else NONE,
        season=_season(rng, place, weather),
    )


def _season(rng: random.Random, place: str, weather: str) -> str:
    season = pick(rng, SEASONS.get(place) or (GREEN_SEASONS if place in GREEN else {NONE: 1.0}))
    return NONE if season in ("spring", "summer") and weather == "snow" else season


def _position(rng: random.Random) -> str:
    return pick(rng, {"center": 0.5, "left": 0.25, "right": 0.25})


def _fits(name: str, scene: Scene) -> bool:
    """Whether the object can be seen there at that hour."""
    dark = scene.time in ("night", "dusk")
    if scene.place == "ocean" and name not in SKY_OBJECTS and name not in FITTING["ocean"]:
        return False
    if scene.place in ("room", "underwater") and name in things.DRAWN and name in SKY_OBJECTS:
        return name in ("balloon", "star") and scene.place == "room"
    if name in ("sun", "rainbow"):
        dull = ("storm", "fog", "snow", "rain")[: 4 if name == "sun" else 3]
        return not dark and scene.place != "space" and scene.weather not in dull
    if name == "moon":
        return dark or scene.place == "space"
    return name != "star" or dark or scene.place == "space"


def _thing(rng: random.Random, scene: Scene, held: bool = False) -> Thing | None:
    pool = HELD if held else FITTING[scene.place] if rng.random() < 0.72 else FREE_OBJECTS
    name = rng.choice(pool)
    if not _fits(name, scene):
        return None
    colour = rng.choice(things.COLOURABLE[name]) if name in things.COLOURABLE else NONE
    single = held or name in (
        "rainbow",
        "sun",
        "moon",
        "bridge",
        "bed",
        "lighthouse",
        "train",
        "sandcastle",
    )
    count = 1 if single else pick(rng, {1: 0.74, 2: 0.15, 3: 0.11})
    if held and name == "balloon":
        count = pick(rng, {1: 0.7, 2: 0.15, 3: 0.15})
    return Thing(name, colour, count, held)


def _with_hero(rng: random.Random, scene: Scene) -> Scene:
    first = next(thing for thing in iter(lambda: _thing(rng, scene), object()) if thing is not None)
    objects = [first]
    other = _thing(rng, scene) if rng.random() < 0.3 else None
    if other is not None and other.name != first.name:
        objects.append(other)
    return scene.without(objects=tuple(objects), position=_position(rng))


def _with_objects(rng: random.Random, scene: Scene) -> Scene:
    objects: list[Thing] = []
    person = scene.subject in vocabulary.PEOPLE
    outside = scene.place not in ("underwater", "space")
    if person and scene.count == 1 and outside and rng.random() < 0.24:
        held = _thing(rng, scene, held=True)
        objects += [held] if held else []
    if rng.random() < 0.42:
        thing = _thing(rng, scene)
        if thing is not None and all(thing.name != other.name for other in objects):
            objects.append(thing)
    return scene.without(objects=tuple(objects))


def _hair(rng: random.Random, species: str) -> tuple[str, str]:
    if species in ("old woman", "old man", "wizard"):
        colour = rng.choice(("grey", "white"))
    else:
        colour = pick(rng, {"black": 0.32, "brown": 0.3, "blond": 0.22, "red": 0.16})
    if species in FEMALE:
        styles = {
            "long": 0.36,
            "short": 0.14,
            "ponytail": 0.14,
            "pigtails": 0.14,
            "bun": 0.1,
            "curly": 0.12,
        }
        if species == "old woman":
            styles = {"bun": 0.5, "short": 0.25, "curly": 0.25}
        return colour, pick(rng, styles)
    if species == "wizard":
        return colour, "long"
    return colour, pick(
        rng, {"short": 0.72, "curly": 0.18, "bald": 0.1 if "man" in species else 0.0001}
    )


def _with_person(rng: random.Random, scene: Scene) -> Scene:
    weights = {"girl": 2.2, "boy": 1.8, "woman": 1.6, "man": 1.5, "princess": 0.8}
    species = pick(rng, {name: weights.get(name, 0.7) for name in vocabulary.PEOPLE})
    sex = "female" if species in FEMALE or (species == "baby" and rng.random() < 0.5) else "male"
    clothing = FIXED_CLOTHES.get(species) or pick(rng, CLOTHES[sex])
    if species == "baby":
        clothing = rng.choice(("shirt", "overalls", "sweater"))
    if scene.place == "space" and rng.random() < 0.5 and species in ("girl", "boy", "woman", "man"):
        clothing = "space suit"
    hair, hair_style = _hair(rng, species) if species != "knight" else (NONE, NONE)
    return scene.without(
        subject=species, clothing=clothing, colour=rng.choice(COLOURS), hair=hair,
        hair_style=hair_style, accessory=_accessory(rng, species, clothing),
        position=_position(rng), count=_count(rng), distance=pick(rng, {"near": 0.74, "far":
        0.26}), **_companion(rng, scene),
    )  # fmt: skip


def _count(rng: random.Random) -> int:
    return pick(rng, {1: 0.76, 2: 0.14, 3: 0.1})


def _accessory(rng: random.Random, species: str, clothing: str) -> str:
    if species in ("princess", "prince"):
        return "crown"
    if clothing in ("armour", "space suit") or species == "wizard":
        return NONE
    return pick(rng, {NONE: 0.68, "hat": 0.13, "glasses": 0.1, "scarf": 0.09})


def _companion(rng: random.Random, scene: Scene) -> dict[str, str]:
    if rng.random() > 0.2 or scene.place in ("ocean", "underwater"):
        return {}
    species = rng.choice(
        (
            "dog",
            "dog",
            "cat",
            "cat",
            "rabbit",
            "bird",
            "horse",
            "fox",
            "bear",
            "robot",
            "dragon",
            "penguin",
            "duck",
            "unicorn",
        )
    )
    return {"companion": species, "companion_colour": rng.choice(NATURAL[species])}


def _with_animal(rng: random.Random, scene: Scene) -> Scene:
    weights = {
        "cat": 2,
        "dog": 2,
        "robot": 1.6,
        "dragon": 1.6,
        "rabbit": 1.3,
        "bird": 1.3,
        "horse": 1.2,
        "fox": 1.2,
        "bear": 1.2,
    }
    if scene.place in ("underwater", "ocean"):
        weights |= {"fish": 6, "whale": 5, "turtle": 4}
    elif scene.place not in ("lake", "river", "waterfall", "island", "beach", "space"):
        weights |= {"fish": 0.08, "whale": 0.08}
    species = pick(rng, {name: weights.get(name, 0.8) for name in vocabulary.ANIMALS})
    free = COLOURS if rng.random() < 0.35 and species != "panda" else NATURAL[species]
    return scene.without(
        subject=species, colour=rng.choice(free), position=_position(rng), count=_count(rng),
        distance=pick(rng, {"near": 0.76, "far": 0.24}),
    )  # fmt: skip
