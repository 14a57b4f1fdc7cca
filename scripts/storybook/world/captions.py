"""Captions (a first, plain version)."""

import random

from world.scene import NONE, Scene
from world.vocabulary import VOCABULARY


def caption(scene: Scene, rng: random.Random, language: str, detail: float | None = None) -> str:
    """What the scene shows, in words."""
    words = []
    for key in ("subject", "place", "time", "weather", "style"):
        value = getattr(scene, key)
        if value != NONE:
            words.append(rng.choice(VOCABULARY[key][value][language]))
    return ", ".join(words)
