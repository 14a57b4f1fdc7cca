"""The second pass: what was drawn is enlarged, and drawn over.

A model that draws well in the size of its training repeats itself in a larger one; over an enlarged
picture it only adds what a larger one has room for.
"""

from collections.abc import Sequence

import torch
from PIL import Image

from sdgen.engine.beginning import Beginning, beginning_of
from sdgen.engine.decode import decode
from sdgen.engine.encode import encode_picture
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel
from sdgen.engine.upscaling import upscaled
from sdgen.errors import GenerationError
from sdgen.recipe.passes import hires_size, hires_steps
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size
from sdgen.sources.fitting import fitted, given


def second_pass(settings: Settings) -> Settings:
    """`settings` in which the second pass is drawn: its size, its steps, and no pass after it."""
    width, height = hires_size(settings)
    own = {"width": width, "height": height, "steps": hires_steps(settings)}
    return settings.model_copy(update={**own, "hires_scale": None, "hires_size": None})


def enlarged(
    loaded: LoadedModel, rows: Sequence[Settings], latents: torch.Tensor | None, way: Way
) -> Beginning:
    """What the second pass begins at.

    Args:
        loaded: The model.
        rows: Settings of the first pass.
        latents: Which it gave, one row each; None where it drew nothing over their pictures.
        way: How to decode and to encode.

    Raises:
        GenerationError: A first pass gave no picture.
    """
    shared, size = rows[0], hires_size(rows[0])
    assert shared.hires_strength is not None  # a setting's own rule
    if shared.hires_upscaler == "latent":
        whole = beginning_of(loaded, rows, way) if latents is None else None
        given_latents = latents if whole is None else whole.latents
        assert given_latents is not None
        factor = loaded.pipeline.vae_scale_factor
        grid = (size[0] // factor, size[1] // factor)
        return Beginning(_latents_in(given_latents.float(), grid), shared.hires_strength)
    pictures = []
    for number, row in enumerate(rows):
        image = _first_picture(loaded, row, latents, number, way)
        pictures.append(
            encode_picture(loaded.pipeline, _in_size(loaded, row, image, way), way, row.tiling)
        )
    return Beginning(torch.cat(pictures), shared.hires_strength)


def _latents_in(latents: torch.Tensor, size: Size) -> torch.Tensor:
    """`latents` (rows, channels, h, w) bilinearly so that they fill `size` (width, height)."""
    height, width = latents.shape[2:]
    cover = max(size[0] / width, size[1] / height)
    whole = (max(size[1], round(height * cover)), max(size[0], round(width * cover)))
    larger = torch.nn.functional.interpolate(latents, size=whole, mode="bilinear")
    top, left = (whole[0] - size[1]) // 2, (whole[1] - size[0]) // 2
    return larger[:, :, top : top + size[1], left : left + size[0]]


def _in_size(loaded: LoadedModel, row: Settings, image: Image.Image, way: Way) -> Image.Image:
    """`image` enlarged to the second pass, by the network that is asked for, or by Lanczos."""
    size = hires_size(row)
    if row.hires_upscaler == "esrgan":
        device = loaded.pipeline._execution_device
        cover = max(size[0] / image.width, size[1] / image.height)
        whole = (round(image.width * cover), round(image.height * cover))
        image = upscaled(image, loaded.upscaler, whole, device, way.upscale_tile)
    if row.hires_size is not None:
        return fitted(image, size, "crop")
    return image.resize(size, Image.Resampling.LANCZOS) if image.size != size else image


def _first_picture(
    loaded: LoadedModel, row: Settings, latents: torch.Tensor | None, number: int, way: Way
) -> Image.Image:
    """What is seen of picture `number` after the first pass."""
    if latents is not None:
        [decoded] = decode(loaded.pipeline, latents[number : number + 1], way, row.tiling)
        if isinstance(decoded, GenerationError):
            raise decoded
        return decoded.image
    picture = given(row)
    assert picture is not None  # a pass that draws nothing has a picture
    return picture.image
