"""Stable Diffusion 1 and 2, and SDXL: a UNet, CLIP's text encoders, and prompts in chunks."""

from typing import Any

import torch

from sdgen.engine.families.architecture import Texts
from sdgen.engine.prompts import Text, TextCache, as_arguments, encode
from sdgen.engine.weighted import chunks_needed
from sdgen.recipe.settings import Settings


class UNet:
    """The `Architecture` of pipelines with a UNet."""

    def lengths(self, pipeline: Any, settings: Settings) -> int:
        """The chunks of the longer of the two prompts."""
        return chunks_needed(pipeline, settings)

    def encode(
        self, pipeline: Any, cache: TextCache, settings: Settings, lengths: int
    ) -> tuple[Text, Text | None]:
        """With weights, in chunks."""
        return encode(pipeline, cache, settings, lengths)

    def arguments(self, settings: Settings, texts: Texts) -> dict[str, Any]:
        """Guidance that is rescaled, and the eta of DDIM, are for UNets."""
        return {
            **as_arguments(texts),
            "guidance_scale": settings.guidance_scale,
            "guidance_rescale": settings.guidance_rescale,
            "eta": settings.eta,
        }

    def packed(self, pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
        """As they are."""
        return latents.to(dtype=next(pipeline.unet.parameters()).dtype)

    def unpacked(self, _: Any, latents: torch.Tensor, __: tuple[int, ...]) -> torch.Tensor:
        """As they are."""
        return latents

    def prepared(self, _: Any, packed: torch.Tensor, __: tuple[int, ...]) -> torch.Tensor:
        """The latents."""
        return packed


UNET = UNet()
