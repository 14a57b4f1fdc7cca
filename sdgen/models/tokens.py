"""How a model reads a text: into which tokens, and which end of it has no room.

Reads the small files of a tokenizer with the `tokenizers` library alone, which takes a few
milliseconds (T5's and Qwen's way is in `whole_tokens.py`); the pipeline reads the same files
through transformers, and the tests hold the two equal. What follows from the tokens (`tail`,
`text_notices`) is the same code for both.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdgen.errors import ModelError
from sdgen.models.families import CLIP_LENGTH
from sdgen.models.folder import read_json
from sdgen.models.layouts import shipped_vocabulary
from sdgen.models.local import LocalModel
from sdgen.models.scripts import is_chinese
from sdgen.models.whole_tokens import WholeTokenizer, open_whole
from sdgen.models.words import known_words, unknown_words
from sdgen.recipe.embeddings import parted

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Span = tuple[int, int]
"""First character of a token in the text, and the one behind its last."""

MARKS = 2
"""Tokens that stand around every text: start and end."""

CLIP_WORDS = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
"""Where CLIP parts a text before it looks for tokens. Source: OpenAI's CLIP, simple_tokenizer."""

_START, _END = "<|startoftext|>", "<|endoftext|>"
_MARKS = {"bos_token": _START, "eos_token": _END, "unk_token": _END, "pad_token": _END}
"""How the marks are written where a tokenizer does not say."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that share their tokens: mostly one token, for a rare character several.

    `word` numbers the words of the text; pieces of one word have the same.
    """

    text: str
    ids: tuple[int, ...]
    word: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as one tokenizer reads it: `count` tokens, `room` for so many, and what is lost.

    `pieces` are all, also those without room; `cut_off` is the end of the text that the model
    never sees, empty where everything fits.
    """

    pieces: tuple[Piece, ...]
    room: int
    cut_off: str
    spans: tuple[Span, ...]
    """The characters of each token."""
    unknown: tuple[Span, ...] = ()
    """The characters of those that stand for nothing."""

    @property
    def count(self) -> int:
        """Tokens of the whole text, the marks left out."""
        return sum(len(piece.ids) for piece in self.pieces)

    @property
    def to_spell(self) -> tuple[Span, ...]:
        """For `spelled_out`: what is not known counts as if each letter took several tokens."""
        letters = [(at, at + 1) for start, end in self.unknown for at in range(start, end)]
        return (*(span for span in self.spans if span not in self.unknown), *letters, *letters)


class PromptReader:
    """A model's tokenizers, by their names in the pipeline; SDXL has two.

    Raises:
        ModelError: One is damaged.
    """

    def __init__(self, model: LocalModel) -> None:
        self._tokenizers: dict[str, tuple[Tokenizer, int] | WholeTokenizer] = {}
        for reader in model.readers:
            folder = model.parts / reader.part
            with _readable(reader.part):
                is_clip = reader.kind == "clip"
                self._tokenizers[reader.part] = (
                    _open(folder) if is_clip else open_whole(folder, reader)
                )
        self.is_whole = model.family.flow
        self._words = {one.word: one.vectors for one in model.embeddings}

    def read(self, text: str) -> dict[str, Reading]:
        """The text as each of them reads it.

        Raises:
            ModelError: The vocabulary lacks what the text needs.
        """
        readings = {}
        for name, tokenizer in self._tokenizers.items():
            with _readable(name):
                if isinstance(tokenizer, WholeTokenizer):
                    readings[name] = _read_whole(tokenizer, text)
                else:
                    own, length = tokenizer
                    readings[name] = self._read(own, length - MARKS, text)
        return readings

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the model's embeddings."""
        return tuple(self._words)

    def _read(self, tokenizer: "Tokenizer", room: int, text: str) -> Reading:
        """The words of embeddings are a piece each, of as many tokens as they have vectors."""
        pieces: list[Piece] = []
        spans: list[Span] = []
        first = tokenizer.get_vocab_size()
        for part, word, start in parted(text, self._words):
            number = pieces[-1].word + 1 if pieces else 0
            if word:
                count = self._words[word]
                ids = range(first, first + count)
                pieces.append(Piece(part, tuple(ids), number))
                spans += [(start, start + len(part))] * count
                continue
            encoding = tokenizer.encode(part, add_special_tokens=False)
            found = _pieces(part, encoding.ids, encoding.offsets, encoding.word_ids)
            pieces += [replace(piece, word=piece.word + number) for piece in found]
            spans += [(start + begin, start + end) for begin, end in encoding.offsets]
        return Reading(tuple(pieces), room, tail(text, spans, room), tuple(spans))


def _read_whole(tokenizer: WholeTokenizer, text: str) -> Reading:
    tokens = list(tokenizer.tokens(text))
    spans = tuple((token.start, token.end) for token in tokens)
    pieces = tuple(_pieces(text, [t.id for t in tokens], spans, [t.word for t in tokens]))
    unknown = tuple((token.start, token.end) for token in tokens if not token.is_known)
    return Reading(pieces, tokenizer.room, tail(text, spans, tokenizer.room), spans, unknown)


def tail(text: str, spans: Sequence[Span], room: int) -> str:
    """The end of `text` from the first token on that has no room; empty if it fits."""
    first = max(room, 0)
    return text[spans[first][0] :] if len(spans) > first else ""


def text_notices(
    name: str,
    text: str,
    tails: Sequence[str],
    model: LocalModel,
    *,
    chunks: int = 1,
    spelled: str = "",
) -> list[str]:
    """What must be known before `text`, the setting `name`, is drawn.

    Args:
        name: `prompt` or `negative_prompt`.
        text: Its words, without weights.
        tails: What each tokenizer of the model cuts off.
        model: Says which words it was taught, if it does.
        chunks: Into which it is cut.
        spelled: What of it a tokenizer has no words for, from `spelled_out`.
    """
    notices = losses(name, text, tails, model, spelled)
    if chunks > 1 and known_words(model.folder):
        notices.append(f"{model.name} was taught texts of one chunk; the {name} has {chunks}")
    return notices


def losses(
    name: str, text: str, tails: Sequence[str], model: LocalModel, spelled: str
) -> list[str]:
    """What of `text` the model does not read or know, told in lines; see `text_notices`."""
    notices = []
    if lost := max(tails, key=len, default=""):
        notices.append(f"the model does not read the end of the {name}: {lost!r}")
    known = known_words(model.folder)
    if known and (strange := unknown_words(text, known)):
        words = ", ".join(strange)
        notices.append(f"{model.name} was not taught these words of the {name}: {words}")
    if spelled and not known:
        chinese = ", or use --model storybook or z-image-turbo" * is_chinese(spelled)
        way_out = f"write English{chinese}"
        notices.append(f"{model.name} has no words for {spelled!r} in the {name}: {way_out}")
    return notices


def _pieces(
    text: str, ids: Sequence[int], spans: Sequence[Span], words: Sequence[int | None]
) -> Iterator[Piece]:
    """Tokens that stand for parts of one character come together; no terminal shows a byte."""
    start = 0
    for end in range(1, len(ids) + 1):
        if end < len(ids) and spans[end][0] < spans[end - 1][1]:
            continue
        shown = text[spans[start][0] : spans[end - 1][1]]
        yield Piece(shown, tuple(ids[start:end]), words[start] or 0)
        start = end


def _open(folder: Path) -> tuple["Tokenizer", int]:
    """The tokenizer in `folder`, and how many tokens it makes at most, marks included."""
    config = _config(folder)
    return _clip_tokenizer(folder, config), int(config.get("model_max_length", CLIP_LENGTH))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the library reports hostile files as many types
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"the model's {name} cannot be read: {reason}") from error


def _config(folder: Path) -> dict[str, Any]:
    """What the tokenizer's files say beside its vocabulary; older ones have a file for marks."""
    config = _optional_json(folder, "tokenizer_config.json")
    if "added_tokens_decoder" in config:
        return config
    return {**config, **_optional_json(folder, "special_tokens_map.json")}


def _optional_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return read_json(path, f"{folder.name}/{name}") if path.is_file() else {}


def _clip_tokenizer(folder: Path, config: dict[str, Any]) -> "Tokenizer":
    """Byte-level BPE on words in lower case, as CLIP reads: Radford et al. 2021, section 2.4."""
    from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import BPE

    marks = {name: _content(config.get(name)) or usual for name, usual in _MARKS.items()}
    vocabulary, merges = _vocabulary(folder)
    tokenizer = Tokenizer(
        BPE(
            vocab=vocabulary,
            merges=merges,
            end_of_word_suffix="</w>",
            unk_token=marks["unk_token"],
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = pre_tokenizers.Split(Regex(CLIP_WORDS), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [words, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.add_tokens([AddedToken(**said) for said in _added(folder, config)])
    tokenizer.add_special_tokens(list(marks.values()))
    return tokenizer


def _vocabulary(folder: Path) -> tuple[Any, Any]:
    """What `BPE` takes: a table and its merges, or the names of the two files that hold them."""
    if shipped := shipped_vocabulary(folder):
        return shipped
    whole = _optional_json(folder, "tokenizer.json")
    if not whole:
        return str(folder / "vocab.json"), str(folder / "merges.txt")
    merges = [
        pair.split(" ") if isinstance(pair, str) else pair for pair in whole["model"]["merges"]
    ]
    return whole["model"]["vocab"], [tuple(pair) for pair in merges]


def _added(folder: Path, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Tokens that are looked for before all others, in the order of their numbers."""
    added = dict(config.get("added_tokens_decoder") or {})
    if not added:
        whole = _optional_json(folder, "tokenizer.json").get("added_tokens") or []
        added = {said["id"]: {k: v for k, v in said.items() if k != "id"} for said in whole}
    return [said for _, said in sorted(added.items(), key=lambda item: int(item[0]))]


def _content(said: Any) -> str:
    """A mark is written as text or as an object that holds it."""
    return str(said.get("content", "")) if isinstance(said, dict) else str(said or "")
