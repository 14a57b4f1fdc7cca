"""What the engine asks of each kind of model beside what diffusers' pipelines all do alike."""

from typing import Any, Protocol

import torch

from sdgen.engine.prompts import Text, TextCache
from sdgen.recipe.settings import Settings

Texts = list[tuple[Text, Text | None]]
"""For each row of a call the embeddings of its prompt and of its negative prompt."""


class Architecture(Protocol):
    """How pipelines of one kind of network take texts and latents.

    Latents are of shape (rows, channels, height, width) everywhere in the engine, in the number
    format of the pipeline; what a pipeline wants otherwise is made of them at its door.
    """

    def lengths(self, pipeline: Any, settings: Settings) -> int:
        """A number that is equal for pictures whose texts have one shape in the network.

        Where texts are cut into chunks it is that of the chunks.
        """

    def encode(
        self, pipeline: Any, cache: TextCache, settings: Settings, lengths: int
    ) -> tuple[Text, Text | None]:
        """The embeddings of the prompt and of the negative prompt, which no guidance needs.

        Args:
            pipeline: A loaded pipeline.
            cache: Of this pipeline.
            settings: Whose prompts.
            lengths: What `lengths` gives for the call.
        """

    def arguments(self, settings: Settings, texts: Texts) -> dict[str, Any]:
        """What a call of the pipeline takes for `texts`, and of settings only such pipelines have.

        Args:
            settings: What the rows of the call have in common.
            texts: One a row.
        """

    def packed(self, pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
        """Latents as the pipeline takes and gives them in its steps, in its number format."""

    def unpacked(self, pipeline: Any, latents: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
        """The other way round; `size` is height and width in latents."""

    def prepared(self, pipeline: Any, packed: torch.Tensor, size: tuple[int, ...]) -> Any:
        """What `prepare_latents` of such a pipeline returns where its latents are `packed`."""


def network_of(pipeline: Any) -> Any:
    """The network that removes the noise: a UNet, or a transformer."""
    return pipeline.unet if hasattr(pipeline, "unet") else pipeline.transformer


def latent_shape(pipeline: Any, settings: Settings) -> tuple[int, int, int]:
    """Channels, height and width of a picture's latents."""
    factor = pipeline.vae_scale_factor
    channels = pipeline.vae.config.latent_channels
    return channels, settings.height // factor, settings.width // factor
