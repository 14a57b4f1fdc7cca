"""Prompts in A1111's syntax to embeddings, as that program computes them.

A prompt is cut into chunks of 75 tokens. Each goes through the text encoder alone, between marks of
its own; its embedding is multiplied by the weights of its tokens and scaled back to the mean that
it had, which is A1111's "Original" emphasis. The chunks' embeddings in a row are the prompt's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sdgen.engine.graphs import replayed
from sdgen.models.tokens import MARKS
from sdgen.recipe.prompt.chunks import chunked
from sdgen.recipe.prompt.weights import parse
from sdgen.recipe.settings import Settings

COMMA = ",</w>"
"""A comma of its own, as CLIP's vocabulary writes it."""

Token = tuple[int, float]
"""A token's number, and what it weighs."""

Chunks = Sequence[Sequence[Token]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A text encoder of a pipeline, and the tokenizer that reads for it."""

    tokenizer: Any
    encoder: Any

    def chunks(self, prompt: str) -> list[list[Token]]:
        """The tokens of `prompt`, at least one chunk of at most 75."""
        sections = [
            [(token, span.weight) for span in section for token in self._tokens(span.text)]
            for section in parse(prompt)
        ]
        comma = self.tokenizer.convert_tokens_to_ids(COMMA)
        return chunked(sections, lambda token: token[0] == comma, self.length - MARKS)

    @property
    def length(self) -> int:
        """Tokens that the encoder reads, its marks among them: 77."""
        return int(self.tokenizer.model_max_length)

    def read(self, chunk: Sequence[Token]) -> Any:
        """What the encoder makes of a chunk. One that is offloaded fetches its input itself."""
        with replayed(self.encoder):
            return self.encoder(self.ids(chunk).to(self.encoder.device), output_hidden_states=True)

    def ids(self, chunk: Sequence[Token]) -> torch.Tensor:
        """The chunk between its marks and filled up, shape (1, length)."""
        own = self.tokenizer
        whole = [own.bos_token_id, *(token for token, _ in chunk), own.eos_token_id]
        return torch.tensor([whole + [own.pad_token_id] * (self.length - len(whole))])

    def weights(self, chunk: Sequence[Token]) -> torch.Tensor | None:
        """One for each of the chunk's places, shape (1, length, 1); None where all are 1."""
        if all(weight == 1 for _, weight in chunk):
            return None
        weights = torch.ones(1, self.length, 1)
        weights[0, 1 : 1 + len(chunk), 0] = torch.tensor([weight for _, weight in chunk])
        return weights

    def _tokens(self, text: str) -> list[int]:
        options = {"add_special_tokens": False, "truncation": False, "verbose": False}
        tokens: list[int] = self.tokenizer(text, **options).input_ids
        return tokens


def readers(pipeline: Any) -> list[Reader]:
    """The text encoders of `pipeline`: one in Stable Diffusion, two in SDXL."""
    named = [("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")]
    pairs = [(getattr(pipeline, a, None), getattr(pipeline, b, None)) for a, b in named]
    return [Reader(tokenizer, encoder) for tokenizer, encoder in pairs if encoder is not None]


def chunks_needed(pipeline: Any, settings: Settings) -> int:
    """Chunks of the longer of the two prompts, which both get; plain prompts have one."""
    if settings.prompt_syntax == "plain":
        return 1
    prompts = [settings.prompt]
    if settings.guidance_scale > 1:
        prompts.append(settings.negative_prompt)
    return max(len(one.chunks(prompt)) for one in readers(pipeline) for prompt in prompts)


def weighted(
    pipeline: Any, prompt: str, count: int, skipped: int | None
) -> tuple[torch.Tensor, ...]:
    """The embedding of `prompt`.

    Args:
        pipeline: A loaded Stable Diffusion or SDXL pipeline.
        prompt: In A1111's syntax.
        count: Chunks to make of it; what it does not fill is filled with empty ones.
        skipped: Layers of the text encoder to leave out; None is the model's own choice.

    Returns:
        Shape (1, 77 * count, width), and for SDXL, whose width is that of its two encoders, the
        pooled embedding of the first chunk, (1, width); in the encoder's dtype, on its device.
    """
    columns, pooled = [], None
    own = readers(pipeline)
    for reader in own:
        rows = []
        chunks = reader.chunks(prompt)
        for number, chunk in enumerate([*chunks, *[[]] * (count - len(chunks))]):
            output = reader.read(chunk)
            if number == 0:
                pooled = getattr(output, "text_embeds", None)
            hidden = _layer(pipeline, output, skipped, is_pair=len(own) > 1)
            rows.append(_weighed(hidden, reader.weights(chunk)))
        columns.append(torch.cat(rows, dim=1))
    embedded = torch.cat(columns, dim=-1).to(dtype=own[-1].encoder.dtype)
    return (embedded,) if pooled is None else (embedded, pooled)


def _layer(pipeline: Any, output: Any, skipped: int | None, *, is_pair: bool) -> torch.Tensor:
    """The layer that the UNet was trained on, or one before it, as diffusers' pipelines take it."""
    hidden: torch.Tensor
    if is_pair:
        hidden = output.hidden_states[-2 - (skipped or 0)]
    elif skipped is None:
        hidden = output[0]
    else:
        norm = pipeline.text_encoder.text_model.final_layer_norm
        hidden = norm(output.hidden_states[-1 - skipped])
    return hidden


def _weighed(hidden: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """`hidden` times `weights`, with its old mean; in float32, since half precision loses it."""
    if weights is None:
        return hidden
    exact = hidden.float()
    product = exact * weights.to(hidden.device)
    return (product * (exact.mean() / product.mean())).to(hidden.dtype)
