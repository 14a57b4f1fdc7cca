"""Latents become a picture, or the reason why there is none.

Each picture is decoded alone: its pixels then do not depend on how many were drawn together, and
the decoder, which needs the most memory of all parts at large sizes, needs it for one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image

from sdgen.engine.ladder import Way
from sdgen.engine.tiling import decoded_in_tiles, seamless
from sdgen.errors import GenerationError, SafetyError

HALVES = (torch.float16, torch.bfloat16)


class _BadPixelsError(Exception):
    """The decoder gave numbers that are no picture; `str` says which."""


def decode(
    pipeline: Any, latents: torch.Tensor, way: Way, tiling: str = "none"
) -> tuple[Image.Image, str]:
    """Decode one picture, in float32 where the VAE's own format gives nothing.

    Args:
        pipeline: Its VAE, and its safety checker if it has one, are used.
        latents: From `denoise`, shape (1, channels, height / 8, width / 8).
        way: Whether in tiles, and whether in float32 from the start.
        tiling: Which edges of the picture meet.

    Returns:
        The picture, and the number format that the VAE had.

    Raises:
        GenerationError: Not finite, black all over, or blanked by the safety checker.
    """
    if not torch.isfinite(latents).all():
        raise GenerationError(
            "the picture came out as NaN: the numbers overflowed in the denoising",
            hint="--dtype float32, or a lower --guidance-scale",
        )
    formats = [torch.float32] if way.vae_dtype else [usual_format(pipeline)]
    if formats[0] in HALVES:
        formats.append(torch.float32)
    for dtype in formats:
        try:
            image = _picture(pipeline, latents, dtype, way.tile, tiling)
        except _BadPixelsError as error:
            reason = str(error)
        else:
            return image, str(dtype).removeprefix("torch.")
    raise GenerationError(
        f"the picture came out {reason} in float32 too"
        if len(formats) > 1
        else f"the picture came out {reason}",
        hint="another --seed, or a lower --guidance-scale",
    )


def usual_format(pipeline: Any) -> torch.dtype:
    """What diffusers decodes in: SDXL's VAE, which overflows in float16, is made float32.

    The configuration of other models may ask for it too, since it is the default; diffusers looks
    at it in SDXL only.
    """
    dtype: torch.dtype = pipeline.vae.dtype
    is_asked = "XL" in type(pipeline).__name__ and pipeline.vae.config.force_upcast
    return torch.float32 if is_asked and dtype == torch.float16 else dtype


def _picture(
    pipeline: Any, latents: torch.Tensor, dtype: torch.dtype, tile: int, tiling: str
) -> Image.Image:
    """One attempt.

    Raises:
        _BadPixelsError: Not finite, or black all over.
        SafetyError: The safety checker blanked it.
    """
    with vae_in(pipeline.vae, dtype), tiles_of(pipeline, tile):
        scaled = unscaled(latents.to(dtype), pipeline.vae.config)
        decoded = _decoded(pipeline, scaled, tile, tiling)
    if not torch.isfinite(decoded).all():
        raise _BadPixelsError("as NaN: the numbers overflowed in the decoder")
    if _is_blanked(pipeline, decoded, latents.dtype):
        raise SafetyError(
            "the model's safety checker blanked the picture",
            hint="another --seed or prompt; --safety-checker off lets every picture through",
        )
    levels = _levels(pipeline, decoded)
    if not levels.any():
        raise _BadPixelsError("black all over")
    return Image.fromarray(levels)


def _levels(pipeline: Any, decoded: torch.Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The picture in whole numbers, shape (height, width, 3), as diffusers rounds them.

    Rounded where it was decoded: a quarter of the bytes leave the device.
    """
    [parts] = pipeline.image_processor.postprocess(decoded, output_type="pt")  # 0 to 1
    levels = (parts.float() * 255).round().to(torch.uint8)
    found: np.ndarray[Any, np.dtype[np.uint8]] = levels.permute(1, 2, 0).contiguous().cpu().numpy()
    return found


def _decoded(pipeline: Any, latents: torch.Tensor, tile: int, tiling: str) -> torch.Tensor:
    def decode_whole(given: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = pipeline.vae.decode(given, return_dict=False)[0]
        return found

    if tile and tiling != "none":
        return decoded_in_tiles(decode_whole, latents, tiling, pipeline.vae_scale_factor)
    with seamless(pipeline.vae, tiling):
        return decode_whole(latents)


def unscaled(latents: torch.Tensor, config: Any) -> torch.Tensor:
    """Latents as the decoder was trained on them, computed as the pipelines of diffusers do."""
    mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None or std is None:
        return latents / float(config.scaling_factor)
    means, stds = (torch.tensor(each).view(1, -1, 1, 1).to(latents) for each in (mean, std))
    return latents * stds / float(config.scaling_factor) + means


def _is_blanked(pipeline: Any, decoded: torch.Tensor, dtype: torch.dtype) -> bool:
    """What the safety checker of the model says, if it has one."""
    if getattr(pipeline, "safety_checker", None) is None:
        return False
    device = pipeline._execution_device
    _, flags = pipeline.run_safety_checker(decoded, device, dtype)
    return bool(flags and flags[0])


@contextmanager
def vae_in(vae: Any, dtype: torch.dtype) -> Iterator[None]:
    """The VAE in `dtype`; whatever happens, it then has its own format again.

    diffusers puts it back only after a good decode, so that one failure would spoil all later
    pictures. To float32 and back changes no weight.
    """
    own = vae.dtype
    try:
        if dtype != own:
            vae.to(dtype=dtype)
        yield
    finally:
        if vae.dtype != own:
            vae.to(dtype=own)


@contextmanager
def tiles_of(pipeline: Any, tile: int) -> Iterator[None]:
    """The VAE decoding in tiles of `tile` pixels, or, for 0, at once."""
    vae = pipeline.vae
    before = (vae.use_tiling, vae.tile_sample_min_size, vae.tile_latent_min_size)
    try:
        vae.use_tiling = tile > 0
        if tile:
            vae.tile_sample_min_size = tile
            vae.tile_latent_min_size = tile // pipeline.vae_scale_factor
        yield
    finally:
        vae.use_tiling, vae.tile_sample_min_size, vae.tile_latent_min_size = before
