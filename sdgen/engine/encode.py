"""A picture becomes latents: what the decoder undoes."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from sdgen.engine.decode import HALVES, tiles_of, usual_format, vae_in
from sdgen.engine.ladder import Way
from sdgen.engine.tiling import seamless
from sdgen.errors import GenerationError
from sdgen.sources.fitting import WHITE_FROM


def encode_picture(
    pipeline: Any,
    image: Image.Image,
    way: Way,
    tiling: str = "none",
    hidden: Image.Image | None = None,
) -> torch.Tensor:
    """The mode of the VAE's distribution for `image`, as the UNet takes it.

    The mode and not a sample of it: a seed's noise is then the same with a picture and without one,
    and the picture has one encoding. The distribution is so narrow that nobody sees the difference.

    Args:
        pipeline: A loaded pipeline.
        image: RGB, of a size that the model draws.
        way: Whether in tiles, and whether in float32 from the start.
        tiling: Which edges of the picture meet; with tiles of the VAE, none do.
        hidden: A mask; what is white in it is a middle grey, as models that repaint were trained.

    Returns:
        Shape (1, channels, height / 8, width / 8), float32, on the pipeline's device.

    Raises:
        GenerationError: They are not finite, in float32 too.
    """
    formats = [torch.float32] if way.vae_dtype else [usual_format(pipeline)]
    if formats[0] in HALVES:
        formats.append(torch.float32)
    pixels = pipeline.image_processor.preprocess(image)
    if hidden is not None:
        pixels = pixels * torch.from_numpy(np.asarray(hidden) < WHITE_FROM)
    for dtype in formats:
        meeting = seamless(pipeline.vae, "none" if way.tile else tiling)
        with vae_in(pipeline.vae, dtype), tiles_of(pipeline, way.tile), meeting:
            given = pixels.to(device=pipeline._execution_device, dtype=dtype)
            mode = pipeline.vae.encode(given).latent_dist.mode()
        latents = scaled(mode.float(), pipeline.vae.config)
        if torch.isfinite(latents).all():
            return latents
    raise GenerationError("the picture to draw from cannot be encoded: the numbers overflow")


def scaled(latents: torch.Tensor, config: Any) -> torch.Tensor:
    """Latents as the UNet was trained on them, computed as the pipelines of diffusers do."""
    if (shift := getattr(config, "shift_factor", None)) is not None:
        return (latents - float(shift)) * float(config.scaling_factor)
    mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None or std is None:
        return latents * float(config.scaling_factor)
    means, stds = (torch.tensor(each).view(1, -1, 1, 1).to(latents) for each in (mean, std))
    return (latents - means) * float(config.scaling_factor) / stds
