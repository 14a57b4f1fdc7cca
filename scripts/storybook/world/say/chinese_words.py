"""Chinese noun phrases."""

import random

from world.say import chinese_grammar
from world.vocabulary import (
    COLOURS,
    PEOPLE,
    VOCABULARY,
    Words,
)  # fmt: skip


def word(rng: random.Random, values: dict[str, Words], value: str) -> str:
    """One of the Chinese words of a value, the plainest most often."""
    choices = values[value]["zh"]
    return choices[0] if rng.random() < 0.4 else rng.choice(choices)


def coloured(rng: random.Random, colour: str, noun: str) -> str:
    """红色连衣裙, 红色的连衣裙, 红裙子."""
    shade = word(rng, COLOURS, colour)
    if len(shade) == 1:
        return shade + (noun if len(noun) < 4 else f"色{noun}")
    return f"{shade}{rng.choice(('', '', '的'))}{noun}"


def counted(rng: random.Random, name: str, count: int, phrase: str) -> str:
    """一只, 两棵, 三朵 before a phrase; one may stay unsaid."""
    if count == 1 and rng.random() < 0.3:
        return phrase
    usual = (
        rng.choice(("个", "个", "位"))
        if name in PEOPLE
        else "只"
        if name in VOCABULARY["subject"]
        else "个"
    )
    measure = chinese_grammar.MEASURES.get(name, usual)
    return rng.choice(chinese_grammar.NUMBERS[count]) + measure + phrase
