"""What the families have in common that were trained by flow matching: transformers, whole prompts.

Their text encoders read a prompt at once, and give it without weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from sdgen.engine.families.architecture import Texts
from sdgen.engine.prompts import Text, TextCache, as_arguments
from sdgen.recipe.prompt.weights import parse, text_of
from sdgen.recipe.settings import Settings


def words_of(settings: Settings, name: str) -> str:
    """The words of the prompt `name`, without the marks of its syntax, which say nothing here."""
    text: str = getattr(settings, name)
    return text if settings.prompt_syntax == "plain" else text_of(parse(text))


def encoded(
    cache: TextCache, settings: Settings, prompt: Callable[[str], Text],
    negative: Callable[[str], Text],
) -> tuple[Text, Text | None]:  # fmt: skip
    """The embeddings of both prompts, each from `cache` or made; no guidance needs no negative one.

    Args:
        cache: Of the model.
        settings: Whose prompts.
        prompt: Encodes the prompt.
        negative: Encodes the negative prompt, in which `clip_skip` does not act.
    """
    text = words_of(settings, "prompt")
    own = cache.get(("whole", text, settings.clip_skip), lambda: prompt(text))
    if settings.guidance_scale <= 1:
        return own, None
    other = words_of(settings, "negative_prompt")
    return own, cache.get(("whole negative", other), lambda: negative(other))


Given = tuple[tuple[Any, ...], dict[str, Any]]
"""Arguments of a call, without names and with."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a transformer got and gave in one call, one row or, guided, two for each picture.

    Attributes:
        sample: The noisy latents, unpacked; float32 on the CPU.
        sigma: The share of noise in them, 0 to 1: they are (1 - sigma) clean + sigma noise.
        without: Noise less clean picture, as the network says it without the prompt; None where it
            was not asked.
        with_prompt: The same with the prompt; shape (rows, channels, height, width).
    """

    sample: torch.Tensor
    sigma: float
    without: torch.Tensor | None
    with_prompt: torch.Tensor


def called(sample: torch.Tensor, sigma: float, said: torch.Tensor, rows: int) -> Call:
    """A call in which rows without the prompt, if there are any, come first.

    Args:
        sample: Unpacked.
        sigma: Share of noise.
        said: Unpacked.
        rows: Pictures.
    """
    sample, said = sample.float().cpu(), said.float().cpu()
    if len(said) == rows:
        return Call(sample, sigma, None, said)
    return Call(sample[rows:], sigma, said[:rows], said[rows:])


class Transformer:
    """An `Architecture` whose texts all have one length, and whose latents lie as a UNet's."""

    def lengths(self, _: Any, __: Settings) -> int:
        """All are filled up to the length that the model was trained with."""
        return 1

    def arguments(self, settings: Settings, texts: Texts) -> dict[str, Any]:
        """Embeddings and guidance."""
        return {**as_arguments(texts), "guidance_scale": settings.guidance_scale}

    def packed(self, pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
        """As they are."""
        return latents.to(dtype=pipeline.transformer.dtype)

    def unpacked(self, _: Any, latents: torch.Tensor, __: tuple[int, ...]) -> torch.Tensor:
        """As they are."""
        return latents

    def prepared(self, _: Any, packed: torch.Tensor, __: tuple[int, ...]) -> Any:
        """The latents."""
        return packed

    per_level = 1000.0
    """What the network's timestep is where there is noise alone."""

    def seen(self, pipeline: Any, given: Given, output: Any, like: torch.Size) -> Call:
        """What one call of the network saw.

        Args:
            pipeline: In a call.
            given: Its arguments, with and without names.
            output: What it gave.
            like: Shape of the latents of all pictures.
        """
        _, named = given
        sample, said = (
            self.unpacked(pipeline, each, like[-2:]) for each in (named["hidden_states"], output[0])
        )
        return called(sample, float(named["timestep"][0]) / self.per_level, said, like[0])

    def guided(self, call: Call, guidance: float) -> torch.Tensor:
        """What the pipeline makes of both answers: Ho & Salimans 2022, equation 6."""
        if call.without is None:
            return call.with_prompt
        return call.without + guidance * (call.with_prompt - call.without)
