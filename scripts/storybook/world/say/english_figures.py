"""English captions of figures: who, how many, wearing and holding what."""

import random
from collections.abc import Callable

from world.say import grammar
from world.say.english_words import MASS, counted, with_article, word
from world.scene import NONE, Scene, Thing
from world.vocabulary import (
    ACCESSORIES,
    CLOTHING,
    COLOURS,
    HAIR_COLOURS,
    HAIR_STYLES,
    OBJECTS,
    VOCABULARY,
    plural,
)  # fmt: skip

Say = Callable[[float], bool]


def figure(scene: Scene, rng: random.Random, say: Say) -> str:
    """The subject with its looks."""
    adjectives = [rng.choice(grammar.ADJECTIVES_EN)] if rng.random() < 0.2 else []
    noun = word(rng, VOCABULARY["subject"], scene.subject)
    if scene.clothing == NONE:
        if say(2.5):
            adjectives.append(word(rng, COLOURS, scene.colour))
        return _joined(scene, rng, counted(rng, scene.count, adjectives, noun), [])
    looks = [_clothes(scene, rng)] if say(2.5) else []
    if scene.hair != NONE and say(0.6):
        hair = _hair(scene, rng)
        if hair.endswith("haired"):
            adjectives.append(hair)
        else:
            looks.append(hair)
    if scene.accessory != NONE and say(1.2):
        looks.append(_accessory(scene, rng))
    held = next((thing for thing in scene.objects if thing.held), None)
    if held is not None and say(3):
        looks.append(f"{rng.choice(('holding', 'with', 'holding'))} {named_thing(held, rng)}")
    if rng.random() < 0.25:
        rng.shuffle(looks)
    return _joined(scene, rng, counted(rng, scene.count, adjectives, noun), looks)


def _joined(scene: Scene, rng: random.Random, noun: str, looks: list[str]) -> str:
    if rng.random() < 0.08:
        noun = noun.removeprefix("a ").removeprefix("an ")
    if scene.companion != NONE and rng.random() < 0.85:
        other = [word(rng, COLOURS, scene.companion_colour)] if rng.random() < 0.6 else []
        animal = counted(rng, 1, other, word(rng, VOCABULARY["subject"], scene.companion))
        looks = [*looks, f"{rng.choice(('and', 'with', 'next to'))} {animal}"]
    return " ".join([noun, *looks])


def _clothes(scene: Scene, rng: random.Random) -> str:
    kind, colour = word(rng, CLOTHING, scene.clothing), word(rng, COLOURS, scene.colour)
    if rng.random() < 0.1:
        return f"in {colour}"
    many = scene.count > 1
    noun = plural(kind) if many and kind not in MASS else kind
    phrase = f"{colour} {noun}" if rng.random() < 0.93 else noun
    if not many and kind not in MASS:
        phrase = with_article(phrase)
    return f"{rng.choice(('in', 'in', 'wearing', 'wearing', 'dressed in', 'with'))} {phrase}"


def _hair(scene: Scene, rng: random.Random) -> str:
    colour = word(rng, HAIR_COLOURS, scene.hair)
    style = word(rng, HAIR_STYLES, scene.hair_style)
    if scene.hair_style == "bald":
        return f"with {style}"
    if scene.hair_style in ("long", "short", "curly"):
        if rng.random() < 0.2:
            return f"{style}-haired"
        return f"with {style} {colour}" if rng.random() < 0.7 else f"with {colour}"
    return rng.choice((f"with {colour}", f"with {style}", f"with {colour} and {style}"))


def _accessory(scene: Scene, rng: random.Random) -> str:
    noun = word(rng, ACCESSORIES, scene.accessory)
    if scene.count > 1 or noun in MASS:
        return f"with {noun if noun in MASS else plural(noun)}"
    return f"{rng.choice(('with', 'wearing'))} {with_article(noun)}"


def named_thing(thing: Thing, rng: random.Random) -> str:
    adjectives = (
        [word(rng, COLOURS, thing.colour)] if thing.colour != NONE and rng.random() < 0.85 else []
    )
    return counted(rng, thing.count, adjectives, word(rng, OBJECTS, thing.name))
