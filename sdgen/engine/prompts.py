"""Prompts to embeddings: each distinct text once, and alone.

Alone, because the shape of a call moves the last bits of what comes out of it: encoded beside other
prompts, a picture would depend on its neighbours.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

from sdgen.engine.weighted import weighted
from sdgen.recipe.settings import Settings

_NAMES = ("prompt_embeds", "pooled_prompt_embeds")

KEPT = 32
"""Embeddings kept for a model; one takes 0.65 MB a chunk at most (SDXL in float32)."""

KEPT_BYTES = 32 * 2**20
"""Of them all, but for the last two: prompts of hundreds of chunks may be written."""

Text = tuple[torch.Tensor, ...]
"""One text's embedding, shape (1, tokens, width), and for SDXL the pooled one, (1, width)."""


class TextCache:
    """The last embeddings of one loaded model."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Text] = OrderedDict()
        self._beside: tuple[Hashable, TextCache] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: tuple[object, ...], make: Callable[[], Text]) -> Text:
        """What is kept under `key`, else what `make` returns, from now on kept."""
        if key not in self._kept:
            self._kept[key] = make()
            while len(self._kept) > KEPT or (len(self._kept) > 2 and self._bytes() > KEPT_BYTES):
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def beside(self, key: Hashable) -> "TextCache":
        """The embeddings of the same model with what `key` tells of added; those of the last one.

        Nothing in it can be taken for something of this one.
        """
        if self._beside is None or self._beside[0] != key:
            self._beside = (key, TextCache())
        return self._beside[1]

    def _bytes(self) -> int:
        return sum(tensor.nbytes for text in self._kept.values() for tensor in text)


def encode(
    pipeline: Any, cache: TextCache, settings: Settings, chunks: int = 1
) -> tuple[Text, Text | None]:
    """The embeddings of the prompt and of the negative prompt; no guidance needs no negative one.

    Args:
        pipeline: A loaded pipeline.
        cache: Of this pipeline.
        settings: Whose prompts.
        chunks: To make of each of the two, from `chunks_needed`.
    """
    if settings.prompt_syntax == "plain":
        return _encode_plain(pipeline, cache, settings)
    skipped = settings.clip_skip - 1 or None  # diffusers counts the layers skipped

    def embedded(text: str) -> Text:
        key = ("a1111", text, skipped, chunks)
        return cache.get(key, lambda: weighted(pipeline, text, chunks, skipped))

    prompt = embedded(settings.prompt)
    if settings.guidance_scale <= 1:
        return prompt, None
    if not settings.negative_prompt and pipeline.config.get("force_zeros_for_empty_prompt"):
        return prompt, tuple(map(torch.zeros_like, prompt))
    return prompt, embedded(settings.negative_prompt)


def _encode_plain(pipeline: Any, cache: TextCache, settings: Settings) -> tuple[Text, Text | None]:
    """The embeddings, bit for bit, that the pipeline computes for one picture.

    An absent negative prompt is zeros in SDXL and the empty text elsewhere, and `clip_skip` acts on
    the prompt alone.
    """
    skipped = settings.clip_skip - 1 or None
    key = ("plain", settings.prompt, skipped)
    prompt = cache.get(key, lambda: _prompt(pipeline, settings.prompt, skipped))
    if settings.guidance_scale <= 1:
        return prompt, None
    text = settings.negative_prompt or None
    return prompt, cache.get(("negative", text), lambda: _negative(pipeline, prompt, text))


def _prompt(pipeline: Any, text: str, clip_skip: int | None) -> Text:
    encoded = _call(pipeline, prompt=text, do_classifier_free_guidance=False, clip_skip=clip_skip)
    return tuple(encoded[0::2])


def _negative(pipeline: Any, prompt: Text, text: str | None) -> Text:
    """The length, and for zeros the shape, are those of the prompt's own embedding."""
    options = {"prompt": None, "negative_prompt": text, "do_classifier_free_guidance": True}
    encoded = _call(pipeline, **options, **_named("", [prompt]))
    return tuple(encoded[1::2])


def _call(pipeline: Any, **options: Any) -> Sequence[torch.Tensor]:
    """(prompt, negative) and in SDXL (prompt, negative, pooled prompt, pooled negative)."""
    device = pipeline._execution_device
    encoded: Sequence[torch.Tensor] = pipeline.encode_prompt(
        device=device, num_images_per_prompt=1, **options
    )
    return encoded


def as_arguments(texts: Sequence[tuple[Text, Text | None]]) -> dict[str, torch.Tensor]:
    """The embeddings of all slots as the pipeline takes them, one row a slot."""
    negatives = [negative for _, negative in texts if negative is not None]
    return _named("", [prompt for prompt, _ in texts]) | _named("negative_", negatives)


def _named(prefix: str, texts: Sequence[Text]) -> dict[str, torch.Tensor]:
    rows = [torch.cat(column) for column in zip(*texts, strict=True)]
    return {f"{prefix}{name}": row for name, row in zip(_NAMES, rows, strict=False)}
