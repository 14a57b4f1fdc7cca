"""Chinese captions of posters, motifs and patterns."""

import random
from collections.abc import Callable

from world.say.chinese_words import word
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
    shade = word(rng, COLOURS, scene.colour)
    shade = shade + "色" if len(shade) == 1 else shade
    return rng.choice((f"{text}，{shade}背景", f"{shade}背景的{text}", f"{text}，背景是{shade}"))


def poster(scene: Scene, rng: random.Random, say: Say) -> str:
    kind = word(rng, KINDS, "poster")
    if scene.theme not in PRODUCTS:
        place = word(rng, PLACES, scene.theme)
        return _ground(
            scene,
            rng,
            say,
            rng.choice((f"{place}旅行海报", f"{place}的旅行海报", f"宣传{place}旅行的海报")),
        )
    product = word(rng, PRODUCTS, scene.theme)
    if rng.random() < 0.4:
        text = rng.choice(
            (
                f"宣传新产品发布的{kind}",
                f"新产品发布{kind}",
                f"新品发布{kind}",
                f"新产品{kind}",
                kind,
                f"宣传新产品的{kind}",
            )
        )
    else:
        text = rng.choice(
            (
                f"宣传新款{product}的{kind}",
                f"{product}{kind}",
                f"新{product}发布的{kind}",
                f"宣传新产品发布的{kind}，{product}",
                f"{product}的{kind}",
            )
        )
    return _ground(scene, rng, say, text)


def motif(scene: Scene, rng: random.Random, say: Say) -> str:
    kind, emblem = word(rng, KINDS, "motif"), word(rng, EMBLEMS, scene.theme)
    if scene.view == "shirt" and rng.random() < 0.5:
        kind = rng.choice(("T恤", "T 恤", "T恤设计", "T恤图案"))
    text = (
        rng.choice((f"{emblem}{kind}", f"{emblem}的{kind}", f"有{emblem}的{kind}"))
        if say(2)
        else kind
    )
    return _ground(scene, rng, say, text)


def pattern(scene: Scene, rng: random.Random, say: Say) -> str:
    kind, thing = word(rng, KINDS, "pattern"), word(rng, PATTERN_THINGS, scene.theme)
    text = (
        rng.choice((f"{thing}{kind}", f"{thing}的{kind}", f"由{thing}组成的{kind}"))
        if say(6)
        else kind
    )
    return _ground(scene, rng, say, text)
