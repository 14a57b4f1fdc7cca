"""Embeddings (textual inversions) on a loaded model: words whose vectors come from files.

Neither the tokenizer nor the encoder is changed. For one call, a tokenizer that knows the words
stands before the model's own and gives them numbers beyond its vocabulary; hooks on the encoder
put the vectors where these numbers are. The encoder itself sees a number of its vocabulary there:
it looks for the end of a text by the largest.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from sdgen.engine.loader import LoadedModel
from sdgen.engine.tensors import tensors_of
from sdgen.errors import ModelError
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.models.embedding import ASK, ENCODERS, PARTS
from sdgen.models.finding import AddedFile
from sdgen.recipe.embeddings import parse_embedding, parted
from sdgen.recipe.settings import Settings

_TOKENIZERS = ("tokenizer", "tokenizer_2")
_KEPT = "embeddings"


class TaughtTokenizer:
    """A tokenizer that also knows the words of embeddings.

    Args:
        own: The model's.
        words: Word → the numbers of its vectors.
    """

    def __init__(self, own: Any, words: Mapping[str, range]) -> None:
        self._own, self._words = own, words

    def __call__(
        self, text: str, *, return_offsets_mapping: bool = False, **options: Any
    ) -> SimpleNamespace:
        """Numbers of the tokens of `text`, and the characters of each if asked for."""
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        for part, word, start in parted(text, self._words):
            if word:
                ids += self._words[word]
                spans += [(start, start + len(part))] * len(self._words[word])
                continue
            read = self._own(part, return_offsets_mapping=return_offsets_mapping, **options)
            ids += read.input_ids
            if return_offsets_mapping:
                spans += [(start + first, start + last) for first, last in read.offset_mapping]
        return SimpleNamespace(input_ids=ids, offset_mapping=spans)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


@dataclass(slots=True)
class _Placing:
    """Puts vectors where the numbers from `first` on stand in a text; the hooks of one encoder."""

    first: int
    vectors: Tensor
    wanted: list[Tensor] = field(default_factory=list)

    def begin(self, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Before the encoder: numbers of its vocabulary for ours, which are kept."""
        ids: Tensor = inputs[0]
        self.wanted[:] = [ids]
        return torch.where(ids < self.first, ids, 0), *inputs[1:]

    def put(self, _: nn.Module, __: tuple[Any, ...], embedded: Tensor) -> Tensor:
        """After the lookup: (1, length) numbers became (1, length, width) vectors."""
        [ids] = self.wanted
        places = ids >= self.first
        if places.any():
            embedded = embedded.clone()
            embedded[places] = self.vectors.to(embedded)[ids[places] - self.first]
        return embedded


@dataclass(frozen=True, slots=True)
class _Learned:
    """What was learned last: the numbers of the words, and each encoder's vectors."""

    numbers: Mapping[str, Mapping[str, range]]
    vectors: Mapping[str, Tensor]


@contextmanager
def with_embeddings(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open the model reads the words of its embeddings; afterwards as before.

    Raises:
        ModelError: A file cannot be read any more.
        LackOfMemoryError: They do not fit the memory.
    """
    _refuse_missing(model, settings)
    if not settings.embedding:
        yield loaded
        return
    learned = _kept(loaded, model.embeddings)
    parts = vars(loaded.pipeline)
    with ExitStack() as undo:
        for name, encoder in zip(_TOKENIZERS, ENCODERS, strict=True):
            if parts.get(encoder) is None:
                continue
            own, numbers = parts[name], learned.numbers[encoder]
            parts[name] = TaughtTokenizer(own, numbers)
            undo.callback(parts.__setitem__, name, own)
            _hook(parts[encoder], learned.vectors[encoder], undo)
        yield replace(loaded, texts=loaded.texts.beside(_key_of(model.embeddings)))


def embedding_records(model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the embeddings of `settings`."""
    return [
        AddedRecord(kind=one.kind, name=one.name, sha256=one.sha256, modules=one.vectors)
        for one in (model.embeddings if settings.embedding else ())
    ]


def _refuse_missing(model: LocalModel, settings: Settings) -> None:
    here = {one.name for one in model.embeddings}
    for entry in map(parse_embedding, settings.embedding):
        if entry.source not in here:
            raise ModelError(f"the embedding {entry.source!r} is not at hand", hint=ASK)


def _hook(encoder: nn.Module, vectors: Tensor, undo: ExitStack) -> None:
    """Hooks on one encoder; no graph may be recorded of it, which would hold one text's places."""
    if "forward" not in vars(encoder):
        vars(encoder)["forward"] = encoder.forward  # a way of its own: graphs leave it alone
        undo.callback(vars(encoder).pop, "forward")
    table = encoder.get_input_embeddings()  # type: ignore[operator]
    placing = _Placing(table.num_embeddings, vectors)
    undo.callback(encoder.register_forward_pre_hook(placing.begin).remove)
    undo.callback(table.register_forward_hook(placing.put).remove)


def _kept(loaded: LoadedModel, files: Sequence[AddedFile]) -> _Learned:
    """From what was learned last, where it is the same."""
    return loaded.keeping(_KEPT, _key_of(files), lambda: _learn(loaded, files))


def _key_of(files: Sequence[AddedFile]) -> tuple[tuple[str, str], ...]:
    return tuple((one.word, one.sha256) for one in files)


def _learn(loaded: LoadedModel, files: Sequence[AddedFile]) -> _Learned:
    read = [(one, tensors_of(one)) for one in files]
    numbers: dict[str, dict[str, range]] = {}
    vectors: dict[str, Tensor] = {}
    for encoder, part in zip(ENCODERS, PARTS, strict=True):
        whole = getattr(loaded.pipeline, encoder, None)
        if whole is None:
            continue
        first = whole.get_input_embeddings().num_embeddings
        rows: list[Tensor] = []
        numbers[encoder] = {}
        for file, tensors in read:
            own = tensors[part] if part in tensors else next(iter(tensors.values()))
            own = own.reshape(-1, own.shape[-1])
            start = first + sum(map(len, rows))
            numbers[encoder][file.word] = range(start, start + len(own))
            rows.append(own.float())
        vectors[encoder] = torch.cat(rows)
    return _Learned(numbers, vectors)
