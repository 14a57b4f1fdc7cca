"""Captions: what a scene shows, said at any length, in English or Chinese."""

import random
from collections.abc import Callable

from world.say import chinese, english
from world.scene import Scene

Say = Callable[[float], bool]
BARE = 0.2


def caption(scene: Scene, rng: random.Random, language: str, detail: float | None = None) -> str:
    """One way to say what the scene shows.

    Args:
        scene: what is to be said.
        rng: chooses the words.
        language: "en" or "zh".
        detail: 0 says only what the picture is about, 1 says everything that was drawn on purpose;
            without it a length is drawn, with many short ones.
    """
    if detail is None:
        detail = rng.uniform(0, 0.15) if rng.random() < BARE else rng.uniform(0.25, 1)
    share = detail

    def say(weight: float) -> bool:
        """Whether to mention something; the weight makes it likelier, full detail certain."""
        return share >= 1 or rng.random() < share ** (1 / weight)

    describe = english.describe if language == "en" else chinese.describe
    return describe(scene, rng, say)
