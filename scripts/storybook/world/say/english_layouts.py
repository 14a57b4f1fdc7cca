"""English captions of posters, motifs and patterns."""

import random
from collections.abc import Callable

from world.say.english_words import with_article, word
from world.scene import Scene
from world.vocabulary import (
    COLOURS,
    EMBLEMS,
    KINDS,
    PATTERN_THINGS,
    PLACES,
    PRODUCTS,
)  # fmt: skip

Say = Callable[[float], bool]


def _ground(scene: Scene, rng: random.Random, say: Say, text: str) -> str:
    if not say(1.6):
        return text
    colour = word(rng, COLOURS, scene.colour)
    return rng.choice(
        (
            f"{text} on {with_article(colour)} background",
            f"{text}, {colour} background",
            f"{text} with {with_article(colour)} background",
        )
    )


def poster(scene: Scene, rng: random.Random, say: Say) -> str:
    kind = word(rng, KINDS, "poster")
    if scene.theme not in PRODUCTS:
        place = word(rng, PLACES, scene.theme)
        text = rng.choice(
            (
                f"a travel poster of {place}",
                f"a travel poster for {place}",
                f"{place} travel poster",
            )
        )
        return _ground(scene, rng, say, text)
    product = word(rng, PRODUCTS, scene.theme)
    if rng.random() < 0.35:
        text = rng.choice(
            (
                f"{with_article(kind)} for a new product launch",
                f"a product launch {kind}",
                f"a new product {kind}",
                kind,
            )
        )
    else:
        text = rng.choice(
            (
                f"{with_article(kind)} for a new {product}",
                f"{with_article(kind)} with a {product}",
                f"a {product} {kind}",
                f"{with_article(kind)} for a new product launch, {product}",
            )
        )
    return _ground(scene, rng, say, text)


def motif(scene: Scene, rng: random.Random, say: Say) -> str:
    kind = word(rng, KINDS, "motif")
    emblem = word(rng, EMBLEMS, scene.theme)
    text = with_article(kind)
    if scene.view == "shirt" and rng.random() < 0.5:
        text = rng.choice(("a t-shirt with a print", "a t-shirt design", "a t-shirt"))
    if say(2):
        text = rng.choice(
            (
                f"{text} with {_plain(emblem)}",
                f"{text} of {_plain(emblem)}",
                f"{emblem} {text.removeprefix('a ').removeprefix('an ')}",
            )
        )
    return _ground(scene, rng, say, text)


def _plain(noun: str) -> str:
    return noun if noun.endswith("s") else with_article(noun)


def pattern(scene: Scene, rng: random.Random, say: Say) -> str:
    kind, thing = word(rng, KINDS, "pattern"), word(rng, PATTERN_THINGS, scene.theme)
    text = rng.choice(
        (
            f"{with_article(kind)} of {thing}",
            f"{thing} {kind}",
            f"{with_article(kind)} with {thing}",
        )
    )
    if not say(6):
        text = with_article(kind)
    return _ground(scene, rng, say, text)
