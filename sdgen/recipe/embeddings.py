"""Embeddings as a setting: `FILE[:WORD]`, words that a model learns for prompts from a file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sdgen.recipe.loras import SUFFIX

TAG = re.compile(r"<([^<>:\n]+)>")
"""`<dusk>` in a prompt: the embedding of that name, if there is one."""

MOST_WORD = 64


@dataclass(frozen=True, slots=True)
class EmbeddingEntry:
    """An embedding: `source` is a file or a name, `word` where it stands in prompts, if said."""

    source: str
    word: str = ""

    def __str__(self) -> str:
        return f"{self.source}:{self.word}" if self.word else self.source


def parse_embedding(text: str) -> EmbeddingEntry:
    """Read `FILE`, or `FILE:WORD`.

    Raises:
        ValueError: No name, or a word that cannot stand in a prompt; the message goes on after the
            setting's name.
    """
    source, colon, word = (part.strip() for part in text.rpartition(":"))
    if not colon or any(sign in word for sign in "/\\") or word.lower().endswith(SUFFIX):
        source, word, colon = text.strip(), "", ""  # a path with a colon in it
    if not source:
        raise ValueError(f"has no name of an embedding: {text!r}")
    if colon and (not word or len(word) > MOST_WORD or re.search(r"[\s,()\[\]{}|\\]", word)):
        raise ValueError(f"has a word that cannot stand in a prompt: {text!r}")
    return EmbeddingEntry(source, word)


def read_embeddings(value: Any) -> tuple[str, ...]:
    """The setting in its one form, from text with commas, or from a list.

    Raises:
        ValueError: It is neither, or an entry cannot be read.
    """
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list | tuple) or not all(isinstance(one, str) for one in said):
        raise ValueError("must be text or a list of texts, such as ink:inky")
    return tuple(str(parse_embedding(one)) for one in said if one.strip())


def parted(text: str, words: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """`text` in parts: what is no word of an embedding, and such words, in their order.

    Letters of either case are the same, and a word is no part of a longer one.

    Yields:
        The part, the word of `words` that it is (empty if it is none), and where it begins.
    """
    known = {word.lower(): word for word in words}
    if not known:
        yield text, "", 0
        return
    longest_first = sorted(known, key=len, reverse=True)
    choices = "|".join(re.escape(word) for word in longest_first)
    end = 0
    for match in re.finditer(rf"(?<!\w)(?:{choices})(?!\w)", text, re.IGNORECASE):
        if match.start() > end:
            yield text[end : match.start()], "", end
        yield match[0], known[match[0].lower()], match.start()
        end = match.end()
    if end < len(text):
        yield text[end:], "", end


def without_words(text: str, words: Iterable[str]) -> str:
    """`text` less the words of embeddings, with a space for each."""
    return "".join(" " if word else part for part, word, _ in parted(text, words))
