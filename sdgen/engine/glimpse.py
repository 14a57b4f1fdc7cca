"""What a UNet call saw: its latents, as pictures."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PIL import Image

from sdgen.engine.decode import Decoded, decode, unscaled, vae_in
from sdgen.engine.failures import LackOfMemoryError, failures_of
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
        """A quick look, a pixel for each place of the latents; grey where memory is lacking.

        Raises:
            GenerationError: The VAE failed.
        """
        latents = self._latents(row, guess=guess)[0]
        try:
            with failures_of("decode"):
                colours = colours_of(self.loaded.pipeline)
        except LackOfMemoryError:
            return _no_picture(latents)
        flat = torch.cat([latents, torch.ones_like(latents[:1])]).permute(1, 2, 0) @ colours
        return Image.fromarray((flat.clamp(0, 1) * 255).round().numpy().astype(np.uint8))

    def whole(self, row: int = 0, *, guess: bool = True) -> Image.Image:
        """The same, decoded by the VAE; a grey one where it gives nothing.

        Where the device lacks the memory it is the quick look, enlarged: looking on must not make
        the engine draw in another way, which would change the picture.

        Raises:
            GenerationError: The VAE failed.
        """
        latents = self._latents(row, guess=guess)
        try:
            with failures_of("decode"):
                decoded = self._decoded(latents)
        except LackOfMemoryError:
            decoded = None
        if isinstance(decoded, Decoded):
            return decoded.image
        factor = self.loaded.pipeline.vae_scale_factor
        found = self.small(row, guess=guess) if decoded is None else _no_picture(latents)
        size = factor * found.width, factor * found.height
        return found.resize(size, Image.Resampling.BICUBIC)

    def _decoded(self, latents: torch.Tensor) -> Decoded | GenerationError:
        pipeline = self.loaded.pipeline
        with torch.inference_mode():
            on_device = latents.to(pipeline._execution_device, pipeline.vae.dtype)
            [decoded] = decode(pipeline, on_device, Way())
        return decoded

    def _latents(self, row: int, *, guess: bool) -> torch.Tensor:
        return (self.clean if guess else self.noisy)[row : row + 1]


def _no_picture(latents: torch.Tensor) -> Image.Image:
    """Grey, a pixel for each place of the latents."""
    height, width = latents.shape[-2:]
    return Image.new("RGB", (width, height), NO_PICTURE)


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
