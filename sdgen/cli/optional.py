"""Options that may stand alone: `--ray`, and `--ray HOST:6379`."""

import re
from collections.abc import Sequence
from itertools import zip_longest

HERE = "local"
"""The address of a cluster that is begun on this machine, for this run."""

_ADDRESS = re.compile(r"local|auto|(ray://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


def is_cluster(text: str) -> bool:
    """Whether `text` is the address of a cluster."""
    return _ADDRESS.fullmatch(text) is not None


def with_values(words: Sequence[str]) -> list[str]:
    """`words` with an address behind each `--ray` that has none: what follows is no value of it."""
    filled: list[str] = []
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        filled.append(word)
        if word == "--ray" and not is_cluster(following):
            filled.append(HERE)
    return filled
