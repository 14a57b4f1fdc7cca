"""How a model reads a prompt in its syntax: chunks, weights, and what is lost. Without torch."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sdgen.errors import InputError
from sdgen.models.local import LocalModel
from sdgen.models.scripts import spelled_out
from sdgen.models.tokens import Piece, PromptReader, losses, text_notices
from sdgen.recipe.embeddings import without_words
from sdgen.recipe.prompt.chunks import chunked
from sdgen.recipe.prompt.weights import Sections, Span, parse, text_of
from sdgen.recipe.settings import PROMPTS, Settings

STRICT = "--strict-tokens refuses this; without it there is a warning"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to `room` tokens that the text encoder reads at once: `count`, and pieces with weights.

    A piece whose tokens fall into two chunks is in the one where it begins.
    """

    pieces: tuple[tuple[Piece, float], ...]
    count: int


@dataclass(frozen=True, slots=True)
class PromptReading:
    """A prompt as one tokenizer reads it; `cut_off` is the end that a plain one has no room for."""

    chunks: tuple[Chunk, ...]
    room: int
    cut_off: str
    spelled: str
    """What the tokenizer has no words for."""

    @property
    def count(self) -> int:
        """Tokens of the whole prompt, also those without room, the marks left out."""
        return sum(chunk.count for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """A prompt, the setting `name`, as each tokenizer of a model reads it."""

    name: str
    words: str
    """Without brackets and weights."""
    readings: dict[str, PromptReading]

    def notices(self, model: LocalModel) -> list[str]:
        """What is told before it is drawn."""
        chunks = max(len(each.chunks) for each in self.readings.values())
        tails, spelled = self._lost(model)
        return text_notices(self.name, self.words, tails, model, chunks=chunks, spelled=spelled)

    def losses(self, model: LocalModel) -> list[str]:
        """What of it the model does not read or does not know."""
        tails, spelled = self._lost(model)
        return losses(self.name, self.words, tails, model, spelled)

    def _lost(self, model: LocalModel) -> tuple[list[str], str]:
        """The ends that are cut off, and what there are no words for.

        Where one tokenizer reads more than the others by far (T5 beside CLIP), it decides.
        """
        whole = list(self.readings.values())
        decisive = whole[-1:] if model.family.flow else whole
        spelled = next((each.spelled for each in decisive if each.spelled), "")
        return [each.cut_off for each in decisive], spelled


def read_prompts(reader: PromptReader, settings: Settings) -> Iterator[ReadPrompt]:
    """Prompt and negative prompt of `settings`, an empty one left out.

    Raises:
        ModelError: The vocabulary lacks what they need.
    """
    for name in PROMPTS:
        if text := getattr(settings, name):
            is_plain = settings.prompt_syntax == "plain"
            sections = ((Span(text),),) if is_plain else parse(text)
            words = text if is_plain else text_of(sections)
            if reader.is_whole:
                sections, is_plain = ((Span(words),),), True
            readings = _readings(reader, words, sections, is_plain=is_plain)
            yield ReadPrompt(name, without_words(words, reader.words), readings)


def refuse_losses(drawn: Iterable[tuple[str, Settings, LocalModel]]) -> None:
    """Refuse pictures whose prompts have words that their models do not read or do not know.

    Args:
        drawn: Of each picture what stands before a message about it, its settings and its model.

    Raises:
        InputError: There are such words; each line tells some.
        ModelError: A tokenizer cannot be read.
    """
    readers: dict[Hashable, PromptReader] = {}
    found: dict[str, None] = {}
    for place, settings, model in drawn:
        key = (model.folder, model.embeddings)
        if key not in readers:
            readers[key] = PromptReader(model)
        for read in read_prompts(readers[key], settings):
            found.update(dict.fromkeys(f"{place}{loss}" for loss in read.losses(model)))
    lines = list(found)
    if len(lines) == 1:
        raise InputError(lines[0], hint=STRICT)
    if lines:
        told = f"{len(lines)} prompts are not read as they stand"
        raise InputError(told, hint=STRICT, details=lines)


_Token = tuple[Piece, float, bool]
"""A token's piece and weight, and whether it is the first of the piece."""


def _readings(
    reader: PromptReader, words: str, sections: Sections, *, is_plain: bool
) -> dict[str, PromptReading]:
    found = {}
    for name, whole in reader.read(words).items():
        own = [list(_tokens(reader, name, section)) for section in sections]
        cut = own
        if not is_plain:
            [comma] = reader.read(",")[name].pieces
            cut = chunked(own, partial(_is_same, comma), whole.room)
        chunks = tuple(map(_chunk, cut))
        cut_off = whole.cut_off if is_plain else ""
        found[name] = PromptReading(chunks, whole.room, cut_off, spelled_out(words, whole.to_spell))
    return found


def _is_same(piece: Piece, token: _Token) -> bool:
    return token[0].ids == piece.ids


def _tokens(reader: PromptReader, name: str, section: Sequence[Span]) -> Iterator[_Token]:
    """The tokens of a section; its words are numbered through."""
    word = 0
    for span in section:
        pieces = reader.read(span.text)[name].pieces
        for piece in pieces:
            numbered = replace(piece, word=piece.word + word)
            for place, _ in enumerate(piece.ids):
                yield numbered, span.weight, place == 0
        word += 1 + max((piece.word for piece in pieces), default=0)


def _chunk(tokens: Sequence[_Token]) -> Chunk:
    pieces = tuple((piece, weight) for piece, weight, is_first in tokens if is_first)
    return Chunk(pieces, len(tokens))
