"""Scripts that a tokenizer has no words for: it takes them apart into letters or bytes."""

import re
import unicodedata
from collections.abc import Container, Sequence
from functools import lru_cache

MAX_SHOWN = 30

_CHINESE = re.compile(r"[\u3400-\u9fff]")


def spelled_out(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The first words of `text` in another script than Latin, if none of them is a token.

    Such words mean little to a model: it saw their letters, or the bytes of these, in no order
    that it could have learned from.

    Args:
        text: What was read.
        spans: The characters of each token: first, and behind the last. Tokens that are bytes of
            one character have the same.

    Returns:
        At most 30 characters; empty where a token holds more than one of their letters, or there is
        but one letter, and a token for it.
    """
    letters = {at for at, character in enumerate(text) if _is_foreign(character)}
    tokens = sum(not letters.isdisjoint(range(*span)) for span in spans)
    if tokens < max(2, len(letters)):
        return ""
    start = end = min(letters)
    while end in letters or _goes_on(text, end, letters):
        end += 1
    return text[start:end] if end - start <= MAX_SHOWN else f"{text[start : start + MAX_SHOWN]}…"


def is_chinese(text: str) -> bool:
    """Whether Chinese characters are in it."""
    return _CHINESE.search(text) is not None


def _goes_on(text: str, at: int, letters: Container[int]) -> bool:
    """Whether a mark on a letter stands there, or a space between two words of the script."""
    is_space = text[at : at + 1] == " " and at + 1 in letters
    return is_space or (at < len(text) and unicodedata.category(text[at]).startswith("M"))


@lru_cache(maxsize=4096)
def _is_foreign(character: str) -> bool:
    is_letter = unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo")
    return is_letter and not unicodedata.name(character, "LATIN").startswith("LATIN")
