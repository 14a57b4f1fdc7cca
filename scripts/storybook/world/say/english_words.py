"""English noun phrases."""

import random

from world.vocabulary import (
    Words,
    plural,
)  # fmt: skip

NUMBERS = {2: ("two", "two", "2", "a pair of"), 3: ("three", "three", "3")}


MASS = ("armour", "armor", "overalls", "dungarees", "flowers", "blossoms", "glasses", "spectacles")


def word(rng: random.Random, values: dict[str, Words], value: str) -> str:
    """One of the English words of a value, the plainest most often."""
    choices = values[value]["en"]
    return choices[0] if rng.random() < 0.4 else rng.choice(choices)


def with_article(phrase: str) -> str:
    """``a`` or ``an`` before a phrase."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def counted(rng: random.Random, count: int, adjectives: list[str], noun: str) -> str:
    """One or several of a noun: "a red balloon", "two red balloons"."""
    if count == 1:
        phrase = " ".join([*adjectives, noun])
        return phrase if noun in MASS else with_article(phrase)
    return " ".join([rng.choice(NUMBERS[count]), *adjectives, plural(noun)])
