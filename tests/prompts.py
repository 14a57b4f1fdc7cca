"""Prompts at random: letters of many scripts, words of two languages, marks of the tokenizer."""

import random
from collections.abc import Callable

from sdgen.models.catalogue import STORYBOOK

WORDS = STORYBOOK / "tokenizer/words.txt"
LETTERS = "abcXYZ  \t\n0189!!,.'`-_(){}:;é\u0301犀牛夕阳下的海滩🦊👨\u200d👩\u200b\u3000ｆßİⅷ²"
SCRAPS = ("<|endoftext|>", "<|startoftext|>", "!", " ", "fox", "犀", "'S", "It's", "海滩")


def random_prompts(count: int) -> list[str]:
    """The same `count` texts in every run; most are short, some longer than a model reads."""
    chance = random.Random(7)
    words = WORDS.read_text(encoding="utf-8").split("\n")
    chinese = [word for word in words if word >= "\u3400"]
    kinds: tuple[Callable[[], str], ...] = (
        lambda: "".join(chance.choices(LETTERS, k=chance.randrange(60))),
        lambda: " ".join(chance.choices(words, k=chance.randrange(90))),
        lambda: "".join(chance.choices(chinese, k=chance.randrange(60))),
        lambda: "".join(chance.choices(SCRAPS, k=chance.randrange(12))),
    )
    return [chance.choice(kinds)() for _ in range(count)]
