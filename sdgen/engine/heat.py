"""Where the model looks for each word: its cross-attention, as maps of the picture.

In every cross-attention layer each place of the picture asks all tokens of the prompt, and takes
from them in shares that sum to one: softmax(q·kᵀ/√d). A token's map is its share, averaged over
heads, layers and steps, all brought to one size. Source: Tang et al. 2022, "What the DAAM".
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from sdgen.engine.weighted import COMMA, readers
from sdgen.models.tokens import MARKS
from sdgen.models.words import places_of
from sdgen.recipe.prompt.chunks import chunked
from sdgen.recipe.prompt.weights import parse
from sdgen.recipe.settings import Settings


class Heat:
    """The sum of what one picture's cross-attention layers looked at.

    Args:
        settings: Of the picture, which is in the first row of the call.
        rows: Pictures in the call. While it is guided, as many rows without the prompts come first.
    """

    def __init__(self, settings: Settings, rows: int) -> None:
        self._settings, self._rows = settings, rows
        self._total: torch.Tensor | None = None
        self._size = (0, 0)

    @contextmanager
    def watching(self, unet: Any) -> Iterator[None]:
        """While it is open, add up what the layers of `unet` look at. They compute as ever."""

        def begins(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            height, width = (given[0] if given else named["sample"]).shape[-2:]
            self._size = height, width

        with ExitStack() as hooks:
            hooks.callback(unet.register_forward_pre_hook(begins, with_kwargs=True).remove)
            for name, layer in unet.named_modules():
                if name.endswith("attn2"):
                    for hook in self._hooks(layer):
                        hooks.callback(hook.remove)
            yield

    def _hooks(self, layer: Any) -> list[Any]:
        """On the two projections whose products are the shares, LoRAs on them included."""
        asked: list[torch.Tensor] = []

        def queries(_: Any, __: Any, output: torch.Tensor) -> None:
            asked[:] = [output]

        def keys(_: Any, __: Any, output: torch.Tensor) -> None:
            self._add(asked.pop(), output, layer.heads, layer.scale)

        return [
            layer.to_q.register_forward_hook(queries),
            layer.to_k.register_forward_hook(keys),
        ]

    def _add(self, asked: torch.Tensor, known: torch.Tensor, heads: int, scale: float) -> None:
        row = self._rows if len(asked) == 2 * self._rows else 0
        q, k = (one[row].float().view(len(one[row]), heads, -1).transpose(0, 1)
                for one in (asked, known))  # fmt: skip
        shares = torch.softmax(q @ k.transpose(1, 2) * scale, dim=-1).mean(dim=0)
        place = _shape_of(len(shares), self._size)
        if place is None:
            return
        maps = shares.T.reshape(1, -1, *place)
        sized = torch.nn.functional.interpolate(
            maps, size=self._size, mode="bilinear", align_corners=False
        )[0]
        self._total = sized if self._total is None else self._grown(self._total) + sized

    def _grown(self, total: torch.Tensor) -> torch.Tensor:
        """`total` in the size of the pass that goes on; a second one may be larger."""
        if total.shape[-2:] == self._size:
            return total
        return torch.nn.functional.interpolate(
            total[None], size=self._size, mode="bilinear", align_corners=False
        )[0]

    def maps(self, pipeline: Any, words: Sequence[str]) -> list[tuple[str, Image.Image]]:
        """Each of `words` that is in the prompt, with its map: 0 is its least, 255 its most."""
        if self._total is None:
            return []
        total = self._total.cpu()
        return [
            (word.text, _as_image(total[list(word.places)].sum(dim=0)))
            for word in found_in(pipeline, self._settings, words)
            if max(word.places) < len(total)
        ]


def _shape_of(count: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Height and width of a layer with so many places, in a UNet that halves them."""
    height, width = size
    while height and width:
        if height * width == count:
            return height, width
        if height * width < count or (height, width) == (1, 1):
            return None
        height, width = -(-height // 2), -(-width // 2)
    return None


def _as_image(heat: torch.Tensor) -> Image.Image:
    low, high = float(heat.min()), float(heat.max())
    levels = (heat - low) / max(high - low, 1e-12) * 255
    return Image.fromarray(levels.round().numpy().astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a prompt, and the places of its tokens in the embedding."""

    text: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    id: int
    start: int
    end: int


def found_in(pipeline: Any, settings: Settings, words: Sequence[str]) -> list[Word]:
    """Where the tokens of `words` are; a word that stands there twice has both."""
    text, tokens = _placed(pipeline, settings)
    found = []
    for word in words:
        spans = places_of(word, text)
        places = {at for (a, b), at in tokens if any(a < end and b > start for start, end in spans)}
        if places:
            found.append(Word(word, tuple(sorted(places))))
    return found


def _placed(pipeline: Any, settings: Settings) -> tuple[str, list[tuple[tuple[int, int], int]]]:
    """The plain text of the prompt, and for each token its characters and place, from 1 a chunk."""
    reader = readers(pipeline)[0]
    spans = [[settings.prompt]]
    if settings.prompt_syntax != "plain":
        spans = [[span.text for span in section] for section in parse(settings.prompt)]
    text, sections = "", []
    for section in spans:
        tokens: list[_Token] = []
        for part in section:
            tokens += _tokens(reader.tokenizer, part, len(text))
            text += part
        sections.append(tokens)
        text += "\n"
    comma = reader.tokenizer.convert_tokens_to_ids(COMMA)
    chunks = chunked(sections, lambda token: token.id == comma, reader.length - MARKS)
    return text, [
        ((token.start, token.end), number * reader.length + 1 + at)
        for number, chunk in enumerate(chunks)
        for at, token in enumerate(chunk)
    ]


def _tokens(tokenizer: Any, text: str, start: int) -> list[_Token]:
    read = tokenizer(
        text, add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True
    )
    offsets = zip(read.input_ids, read.offset_mapping, strict=True)
    return [_Token(number, start + a, start + b) for number, (a, b) in offsets]
