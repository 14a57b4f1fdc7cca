"""What a UNet call saw: its latents, as pictures."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PIL import Image

from sdgen.engine.decode import decode, unscaled, vae_in
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel
from sdgen.errors import GenerationError

Colours = torch.Tensor
"""Shape (channels + 1, 3): what a latent says of its colour, linearly; the last is constant."""

_fitted: "WeakKeyDictionary[Any, Colours]" = WeakKeyDictionary()
"""VAE → its colours."""

NO_PICTURE = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class LatentGlimpse:
    """Latents of one step, float32 on the CPU, shape (rows, channels, height / 8, width / 8).

    `noisy` is what the UNet got: picture and noise, of variance 1 together. `clean` is the picture
    that its answer means.
    """

    loaded: LoadedModel
    noisy: torch.Tensor
    clean: torch.Tensor

    def small(self, row: int = 0, *, guess: bool = True) -> Image.Image:
        """A quick look, a pixel for each place of the latents."""
        latents = self._latents(row, guess=guess)[0]
        colours = colours_of(self.loaded.pipeline)
        flat = torch.cat([latents, torch.ones_like(latents[:1])]).permute(1, 2, 0) @ colours
        return Image.fromarray((flat.clamp(0, 1) * 255).round().numpy().astype(np.uint8))

    def whole(self, row: int = 0, *, guess: bool = True) -> Image.Image:
        """The same, decoded by the VAE; a grey one where it gives nothing."""
        vae = self.loaded.pipeline.vae
        latents = self._latents(row, guess=guess)
        with torch.inference_mode():
            on_device = latents.to(self.loaded.pipeline._execution_device, vae.dtype)
            [decoded] = decode(self.loaded.pipeline, on_device, Way())
        if not isinstance(decoded, GenerationError):
            return decoded.image
        factor = self.loaded.pipeline.vae_scale_factor
        height, width = (factor * side for side in latents.shape[-2:])
        return Image.new("RGB", (width, height), NO_PICTURE)

    def _latents(self, row: int, *, guess: bool) -> torch.Tensor:
        return (self.clean if guess else self.noisy)[row : row + 1]


def colours_of(pipeline: Any) -> Colours:
    """The linear map from latents to colours (0 … 1) that fits the pipeline's VAE best.

    Fitted by least squares to what the VAE makes of soft fields of noise: no table of a known
    model, so that it serves any VAE, though one whose latents are no colours only dimly.
    """
    if pipeline.vae not in _fitted:
        with torch.inference_mode():
            _fitted[pipeline.vae] = _fit(pipeline)
    return _fitted[pipeline.vae]


def _fit(pipeline: Any) -> Colours:
    vae, factor = pipeline.vae, pipeline.vae_scale_factor
    fields = _fields(vae.config.latent_channels)
    with vae_in(vae, torch.float32):
        latents = unscaled(fields.to(pipeline._execution_device), vae.config)
        decoded = vae.decode(latents, return_dict=False)[0].float().cpu()
    colours = torch.nn.functional.avg_pool2d((decoded / 2 + 0.5).clamp(0, 1), factor)
    rows = fields.permute(0, 2, 3, 1).flatten(0, 2)
    known = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    wanted = colours.permute(0, 2, 3, 1).flatten(0, 2)
    found: torch.Tensor = torch.linalg.lstsq(known, wanted, driver="gelsd").solution
    return found


def _fields(channels: int) -> torch.Tensor:
    """Noise of variance 1 in soft fields of several sizes, shape (8, channels, 16, 16).

    From a generator of its own: the noise of pictures is drawn elsewhere.
    """
    own = torch.Generator().manual_seed(0)
    sizes = [size for size in (2, 3, 4, 6) for _ in range(2)]
    return torch.cat(
        [
            torch.nn.functional.interpolate(
                torch.randn(1, channels, size, size, generator=own), size=(16, 16), mode="bicubic"
            )
            for size in sizes
        ]
    )
