"""FLUX.1: T5's text, CLIP's pooled one, latents in patches of two by two, guidance as an input."""

from typing import Any

import torch

from sdgen.engine.families.flow import Transformer, words_of
from sdgen.engine.prompts import Text, TextCache
from sdgen.models.families import FAMILIES, SCHNELL_LENGTH
from sdgen.recipe.settings import Settings


class Flux(Transformer):
    """The `Architecture` of `FluxPipeline`."""

    per_level = 1.0

    def encode(
        self, pipeline: Any, cache: TextCache, settings: Settings, _: int
    ) -> tuple[Text, Text | None]:
        """The prompt's alone: guidance is an input of the network, which needs no second look."""
        is_guided = pipeline.transformer.config.guidance_embeds
        length = FAMILIES["flux"].readers[-1].length if is_guided else SCHNELL_LENGTH

        def read(text: str) -> Text:
            found = pipeline.encode_prompt(prompt=text, prompt_2=None, max_sequence_length=length)
            return tuple(found[:2])

        text = words_of(settings, "prompt")
        return cache.get(("whole", text), lambda: read(text)), None

    def packed(self, pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
        """Shape (rows, height / 2 * width / 2, 4 * channels)."""
        rows, channels, height, width = latents.shape
        packed: torch.Tensor = pipeline._pack_latents(latents, rows, channels, height, width)
        return packed.to(dtype=pipeline.transformer.dtype)

    def unpacked(self, pipeline: Any, latents: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
        """Shape (rows, channels, height, width)."""
        height, width = size
        unpacked: torch.Tensor = pipeline._unpack_latents(latents, height, width, 1)
        return unpacked

    def prepared(self, pipeline: Any, packed: torch.Tensor, size: tuple[int, ...]) -> Any:
        """With the place of each patch, which the pipeline takes from here, too."""
        height, width = size
        places = pipeline._prepare_latent_image_ids(
            len(packed), height // 2, width // 2, packed.device, packed.dtype
        )
        return packed, places
