"""Which words a model was taught, where it says so; a small model knows few, and should say which.

A model may carry `tokenizer/words.txt`: one word or phrase a line, English in lower case.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:['’-][^\W_]+)*")
"""A run of Chinese characters, which have no spaces between words, or one word of other letters."""


@lru_cache(maxsize=8)
def known_words(folder: Path) -> frozenset[str]:
    """The words that the model in `folder` was taught; empty where it does not say."""
    words = folder / "tokenizer" / "words.txt"
    if not words.is_file():
        return frozenset()
    lines = words.read_text(encoding="utf-8").lower().split("\n")
    return frozenset(lines) | {run for line in lines for run in _RUN.findall(line)}


def unknown_words(text: str, known: frozenset[str]) -> list[str]:
    """The words of `text` that are not in `known`, each once, in their order.

    Case and width of letters do not count. Chinese is cut into known words so that as few
    characters as possible are left over; these are the unknown ones.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for run in _RUN.findall(plain):
        found += _left_over(run, known) if run[0] >= "\u3400" else _unknown_word(run, known)
    return list(dict.fromkeys(found))


def _unknown_word(word: str, known: frozenset[str]) -> list[str]:
    parts = re.split("[-’']", word)
    if word in known or word.isdigit() or all(part in known or len(part) < 2 for part in parts):
        return []
    return [word]


def _left_over(run: str, known: frozenset[str]) -> Iterator[str]:
    """What no known word covers, when as much as possible is covered."""
    longest = max(map(len, known), default=0)
    # best[i]: the fewest characters left over in run[:i], and where the last piece begins.
    best = [(0, 0)]
    for end in range(1, len(run) + 1):
        choices = [(best[end - 1][0] + 1, end - 1)]
        for start in range(max(0, end - longest), end):
            if run[start:end] in known:
                choices.append((best[start][0], start))
        best.append(min(choices))
    yield from _joined(run, _pieces(best), known)


def _pieces(best: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces of the best cut, as (start, end), first to last."""
    pieces = []
    end = len(best) - 1
    while end:
        pieces.append((best[end][1], end))
        end = best[end][1]
    return pieces[::-1]


def _joined(run: str, pieces: list[tuple[int, int]], known: frozenset[str]) -> Iterator[str]:
    """Neighbouring left-over characters as one word."""
    word = ""
    for start, end in pieces:
        piece = run[start:end]
        if piece not in known:
            word += piece
            continue
        if word:
            yield word
        word = ""
    if word:
        yield word
