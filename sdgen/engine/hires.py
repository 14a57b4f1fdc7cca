"""The second pass: what was drawn is enlarged, and drawn over.

A model that draws well in the size of its training repeats itself in a larger one; over an enlarged
picture it only adds what a larger one has room for.
"""

from collections.abc import Sequence

import torch
from PIL import Image

from sdgen.engine.beginning import Beginning
from sdgen.engine.decode import decode
from sdgen.engine.encode import encode_picture
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel
from sdgen.recipe.passes import hires_size, hires_steps, steps_over
from sdgen.recipe.settings import Settings


def second_pass(settings: Settings) -> Settings:
    """`settings` in which the second pass is drawn: its size, its steps, and no pass after it."""
    width, height = hires_size(settings)
    own = {"width": width, "height": height, "steps": hires_steps(settings), "hires_scale": None}
    return settings.model_copy(update=own)


def enlarged(
    loaded: LoadedModel, rows: Sequence[Settings], latents: torch.Tensor, way: Way
) -> Beginning:
    """What the second pass begins at.

    Args:
        loaded: The model.
        rows: Settings of the first pass.
        latents: Which it gave, one row each.
        way: How to decode and to encode, where pixels are enlarged.

    Raises:
        GenerationError: A first pass gave no picture.
    """
    shared, size = rows[0], hires_size(rows[0])
    assert shared.hires_strength is not None  # a setting's own rule
    if shared.hires_upscaler == "latent":
        factor = loaded.pipeline.vae_scale_factor
        grid = (size[1] // factor, size[0] // factor)
        larger = torch.nn.functional.interpolate(latents.float(), size=grid, mode="bilinear")
        return Beginning(larger, shared.hires_strength)
    pictures = []
    for row in torch.split(latents, 1):
        image, _ = decode(loaded.pipeline, row, way, shared.tiling)
        image = image.resize(size, Image.Resampling.LANCZOS)
        pictures.append(encode_picture(loaded.pipeline, image, way, shared.tiling))
    return Beginning(torch.cat(pictures), shared.hires_strength)


def steps_drawn_over(settings: Settings) -> int:
    """The steps that the second pass draws."""
    return steps_over(hires_steps(settings), settings.hires_strength or 0)
