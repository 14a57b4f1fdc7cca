"""Which words a model was taught, where it says so; a small model knows few, and should say which.

A model may carry `tokenizer/words.txt`: one word or phrase a line, English in lower case.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from sdgen.errors import ModelError
from sdgen.models.scripts import is_chinese

_RUN = re.compile(
    r"[\u3400-\u9fff]+|[^\W_]+(?:['’-][^\W_]+)*"
    r"|[\u2600-\u27bf\U0001f000-\U0001faff][\u200d\ufe0f\u2600-\u27bf\U0001f000-\U0001faff]*"
)
"""A run of Chinese characters, which have no spaces between words, one word of other letters, or a
run of picture characters, which people use as words."""

MAX_WORDS_BYTES = 4 * 1024 * 1024


@lru_cache(maxsize=8)
def known_words(folder: Path) -> frozenset[str]:
    """The words that the model in `folder` was taught; empty where it does not say.

    Raises:
        ModelError: Its list is no text in UTF-8, or implausibly long.
    """
    words = folder / "tokenizer" / "words.txt"
    if not words.is_file():
        return frozenset()
    lines = _text_of(words).lower().splitlines()
    return frozenset(lines) | {run for line in lines for run in _RUN.findall(line)}


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_WORDS_BYTES + 1)
        if len(data) <= MAX_WORDS_BYTES:
            return data.decode("utf-8-sig")
        reason = f"it has more than {MAX_WORDS_BYTES // 2**20} MiB"
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 (byte {error.start})"
    raise ModelError(f"the model's tokenizer/{path.name} cannot be read: {reason}")


def unknown_words(text: str, known: frozenset[str]) -> list[str]:
    """The words of `text` that are not in `known`, each once, in their order.

    Case and width of letters do not count. Chinese is cut into known words so that as few
    characters as possible are left over; these are the unknown ones.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for run in _RUN.findall(plain):
        is_chinese = "\u3400" <= run[0] < "\U0001f000"
        found += _left_over(run, known) if is_chinese else _unknown_word(run, known)
    return list(dict.fromkeys(found))


_SMALL_WORDS = frozenset(
    "a an the of in on at by to from with without and or is are its his her".split()  # noqa: SIM905
)


def seen_words(text: str, known: frozenset[str]) -> list[str]:
    """The words of `text` that stand for something to be seen, each once, in their order.

    Chinese is cut into known words of two characters and more, or, where none is known, into
    characters.
    """
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if "\u3400" <= run[0] < "\U0001f000":
            pieces = [run[start:end] for start, end in _cut(run, known)]
            found += [piece for piece in pieces if len(piece) > 1] or pieces
        elif run not in _SMALL_WORDS:
            found.append(run)
    return list(dict.fromkeys(found))


def places_of(word: str, text: str) -> list[tuple[int, int]]:
    """Where `word`, or several in a row, stands in `text`, as (start, end).

    In any case, with any space between, and not inside of a longer word; Chinese has no spaces
    between words.
    """
    quoted = r"\s+".join(map(re.escape, word.split()))
    if not quoted:
        return []
    if not is_chinese(word):
        quoted = rf"(?<![^\W_]){quoted}(?![^\W_])"
    return [match.span() for match in re.finditer(quoted, text, re.IGNORECASE)]


def _unknown_word(word: str, known: frozenset[str]) -> list[str]:
    if word in known or word.isdigit():
        return []
    if not word[0].isalnum():  # a picture character
        return [word]
    is_known = all(part in known or len(part) < 2 for part in re.split("[-’']", word))
    return [] if is_known else [word]


def _left_over(run: str, known: frozenset[str]) -> Iterator[str]:
    """What no known word covers, when as much as possible is covered."""
    yield from _joined(run, _cut(run, known), known)


def _cut(run: str, known: frozenset[str]) -> list[tuple[int, int]]:
    """Pieces of `run` as (start, end): known words, and single characters as few as possible."""
    longest = max(map(len, known), default=0)
    # best[i]: the fewest characters left over in run[:i], and where the last piece begins.
    best = [(0, 0)]
    for end in range(1, len(run) + 1):
        choices = [(best[end - 1][0] + 1, end - 1)]
        for start in range(max(0, end - longest), end):
            if run[start:end] in known:
                choices.append((best[start][0], start))
        best.append(min(choices))
    return _pieces(best)


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
