"""Latents become pictures, or the reasons why there are none.

Each picture is decoded alone: its pixels then do not depend on how many were drawn together, and
the decoder, which needs the most memory of all parts at large sizes, needs it for one. A GPU is
given the work of all at once, and Python makes pictures of the first while it decodes the last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from sdgen.engine.failures import failures_of
from sdgen.engine.graphs import replayed
from sdgen.engine.ladder import Way
from sdgen.engine.tiling import decoded_in_tiles, seamless
from sdgen.errors import GenerationError, SafetyError

HALVES = (torch.float16, torch.bfloat16)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture, and the number format that the VAE had."""

    image: Image.Image
    dtype: str


class _BadPixelsError(Exception):
    """The decoder gave numbers that are no picture; `str` says which."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """What a GPU may still be at work on.

    `levels` are the pixels in main memory, shape (height, width, 3), `is_finite` one truth value;
    both are there when `done` is, which the CPU does not need.
    """

    levels: torch.Tensor
    is_finite: torch.Tensor
    done: torch.cuda.Event | None


def decode(
    pipeline: Any, latents: torch.Tensor, way: Way, tiling: str = "none"
) -> list[Decoded | GenerationError]:
    """Decode pictures, one by one; in float32 where the VAE's own format gives nothing.

    Args:
        pipeline: Its VAE, and its safety checker if it has one, are used.
        latents: From `denoise`, shape (pictures, channels, height / 8, width / 8).
        way: Whether in tiles, and whether in float32 from the start.
        tiling: Which edges of the pictures meet.

    Returns:
        For each its picture, or why there is none: not finite, black all over, or blanked by the
        safety checker.

    Raises:
        LackOfMemoryError: In any of them.
    """
    sound = torch.isfinite(latents).flatten(1).all(1).tolist()
    found = {at: _overflown() for at, is_sound in enumerate(sound) if not is_sound}
    waiting = {at: latents[at : at + 1] for at, is_sound in enumerate(sound) if is_sound}
    formats = [torch.float32] if way.vae_dtype else [usual_format(pipeline)]
    if formats[0] in HALVES:
        formats.append(torch.float32)
    for dtype in formats:
        if not waiting:
            break
        tried, again = _attempt(pipeline, waiting, dtype, way, tiling), dtype != formats[0]
        found |= {
            at: _no_picture(one, again=again) if isinstance(one, _BadPixelsError) else one
            for at, one in tried.items()
        }
        waiting = {at: waiting[at] for at, one in tried.items() if isinstance(one, _BadPixelsError)}
    return [found[at] for at in range(len(latents))]


def _attempt(
    pipeline: Any, latents: dict[int, torch.Tensor], dtype: torch.dtype, way: Way, tiling: str
) -> dict[int, Decoded | GenerationError | _BadPixelsError]:
    """All pictures in one number format, in which some may be none."""
    found: dict[int, Decoded | GenerationError | _BadPixelsError] = {}
    pending: dict[int, _Pending] = {}
    with vae_in(pipeline.vae, dtype), tiles_of(pipeline, way.tile):
        for at, own in latents.items():
            try:
                with failures_of("decode"):
                    pending[at] = _begun(pipeline, own, dtype, way.tile, tiling)
            except GenerationError as error:
                found[at] = error
    for at, begun in pending.items():
        try:
            found[at] = Decoded(_ended(begun), str(dtype).removeprefix("torch."))
        except _BadPixelsError as error:
            found[at] = error
    return found


def _overflown() -> Decoded | GenerationError:
    return GenerationError(
        "the picture came out as NaN: the numbers overflowed in the denoising",
        hint="--dtype float32, or a lower --guidance-scale",
    )


def _no_picture(reason: _BadPixelsError, *, again: bool) -> GenerationError:
    return GenerationError(
        f"the picture came out {reason}" + (" in float32 too" if again else ""),
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


def _begun(
    pipeline: Any, latents: torch.Tensor, dtype: torch.dtype, tile: int, tiling: str
) -> _Pending:
    """One attempt on one picture, for which nothing waits.

    Raises:
        SafetyError: The safety checker blanked it.
    """
    decoded = _decoded(pipeline, unscaled(latents.to(dtype), pipeline.vae.config), tile, tiling)
    is_finite = torch.isfinite(decoded).all()
    if _has_checker(pipeline) and is_finite and _is_blanked(pipeline, decoded, latents.dtype):
        raise SafetyError(
            "the model's safety checker blanked the picture",
            hint="another --seed or prompt; --safety-checker off lets every picture through",
        )
    levels = _levels(pipeline, decoded)
    if not decoded.is_cuda:
        return _Pending(levels, is_finite, None)
    return _Pending(_off(levels), _off(is_finite), torch.cuda.current_stream().record_event())


def _ended(pending: _Pending) -> Image.Image:
    """The picture, as soon as it is there.

    Raises:
        _BadPixelsError: Not finite, or black all over.
    """
    if pending.done is not None:
        pending.done.synchronize()
    if not pending.is_finite:
        raise _BadPixelsError("as NaN: the numbers overflowed in the decoder")
    levels = pending.levels.numpy()
    if not levels.any():
        raise _BadPixelsError("black all over")
    return Image.fromarray(levels)


def _off(tensor: torch.Tensor) -> torch.Tensor:
    """A copy in main memory, under way."""
    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return copy.copy_(tensor, non_blocking=True)


def _levels(pipeline: Any, decoded: torch.Tensor) -> torch.Tensor:
    """The picture in whole numbers, shape (height, width, 3), as diffusers rounds them.

    Rounded where it was decoded: a quarter of the bytes leave the device.
    """
    parts: torch.Tensor
    [parts] = pipeline.image_processor.postprocess(decoded, output_type="pt")  # 0 to 1
    return (parts.float() * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()


def _decoded(pipeline: Any, latents: torch.Tensor, tile: int, tiling: str) -> torch.Tensor:
    def decode_whole(given: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = pipeline.vae.decode(given, return_dict=False)[0]
        return found

    if tile and tiling != "none":
        return decoded_in_tiles(decode_whole, latents, tiling, pipeline.vae_scale_factor)
    with seamless(pipeline.vae, tiling), replayed(pipeline.vae.decoder):
        return decode_whole(latents)


def unscaled(latents: torch.Tensor, config: Any) -> torch.Tensor:
    """Latents as the decoder was trained on them, computed as the pipelines of diffusers do."""
    if (shift := getattr(config, "shift_factor", None)) is not None:
        return latents / float(config.scaling_factor) + float(shift)
    mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None or std is None:
        return latents / float(config.scaling_factor)
    means, stds = (torch.tensor(each).view(1, -1, 1, 1).to(latents) for each in (mean, std))
    return latents * stds / float(config.scaling_factor) + means


def _has_checker(pipeline: Any) -> bool:
    return getattr(pipeline, "safety_checker", None) is not None


def _is_blanked(pipeline: Any, decoded: torch.Tensor, dtype: torch.dtype) -> bool:
    """What the safety checker of the model says."""
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
