"""One pipeline call for several pictures, and what came out in each slot."""

from collections.abc import Sequence
from dataclasses import dataclass

import PIL
import torch
from PIL import Image

from sdgen.engine import OnStep, Slots, no_progress
from sdgen.engine.beginning import beginning_of
from sdgen.engine.decode import Decoded, decode, usual_format
from sdgen.engine.denoise import denoise
from sdgen.engine.failures import failures_of
from sdgen.engine.families import architecture_of
from sdgen.engine.hires import enlarged, second_pass
from sdgen.engine.ladder import AS_USUAL, Way
from sdgen.engine.loader import LoadedModel, layout_of
from sdgen.engine.prompts import Text
from sdgen.errors import GenerationError
from sdgen.metadata.record import Environment
from sdgen.recipe.passes import has_second_pass, steps_drawn_over
from sdgen.recipe.settings import Settings
from sdgen.sources.fitting import repainted


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, how it was drawn, for the record, and what the user should know of it.

    `upscale_tile` is the length of the tiles in which it may be enlarged, from its `Way`.
    """

    image: Image.Image
    how: Environment
    notices: tuple[str, ...] = ()
    upscale_tile: int = 0


def draw_together(
    loaded: LoadedModel, slots: Slots, way: Way, on_step: OnStep
) -> dict[int, Drawn | GenerationError]:
    """Draw the filled slots in one call, or in one for each length of their prompts.

    Where the call as a whole fails, each picture is drawn in a call of its own, in the same shape
    and slot, so that one bad picture does not take the others with it, nor change their pixels.

    Args:
        loaded: The model.
        slots: One row of the call each; an empty one gets a copy of a filled one.
        way: How to decode.
        on_step: Hears of each step.

    Returns:
        Filled slot → its picture, or why there is none.

    Raises:
        LackOfMemoryError: In any stage.
        InterruptedRunError: `on_step` stopped the call.
    """
    filled = [slot for slot, settings in enumerate(slots) if settings is not None]
    lengths = _slots_by_chunks(loaded, slots)
    if len(lengths) > 1:
        return _apart(loaded, slots, lengths, way, on_step)
    rows = padded(slots)
    try:
        latents, kernel = latents_of(loaded, rows, on_step, way)
    except GenerationError as error:
        if len(filled) == 1:
            return {filled[0]: error}
        return _apart(loaded, slots, [[slot] for slot in filled], way, on_step)
    with torch.inference_mode(), failures_of("decode"):
        decoded = decode(loaded.pipeline, latents[filled], way, rows[0].tiling)
    return {
        slot: _drawn(loaded, rows[slot], one, way, kernel)
        for slot, one in zip(filled, decoded, strict=True)
    }


def _apart(
    loaded: LoadedModel, slots: Slots, groups: Sequence[Sequence[int]], way: Way, on_step: OnStep
) -> dict[int, Drawn | GenerationError]:
    """Draw each group in a call of its own, its slots where they were."""
    found: dict[int, Drawn | GenerationError] = {}
    for group in groups:
        own = [settings if at in group else None for at, settings in enumerate(slots)]
        found |= draw_together(loaded, own, way, on_step)
    return dict(sorted(found.items()))


def _slots_by_chunks(loaded: LoadedModel, slots: Slots) -> list[list[int]]:
    """The filled slots, those together whose prompts take as many chunks.

    A picture padded to its neighbours' chunks would depend on them.
    """
    groups: dict[int, list[int]] = {}
    kind = architecture_of(loaded.pipeline)
    for slot, settings in enumerate(slots):
        if settings is not None:
            groups.setdefault(kind.lengths(loaded.pipeline, settings), []).append(slot)
    return list(groups.values())


def padded(slots: Slots) -> list[Settings]:
    """`slots` with each empty one filled by a copy of the first picture that there is."""
    filler = next(settings for settings in slots if settings is not None)
    return [filler if settings is None else settings for settings in slots]


def latents_of(
    loaded: LoadedModel,
    rows: Sequence[Settings],
    on_step: OnStep = no_progress,
    way: Way = AS_USUAL,
) -> tuple[torch.Tensor, str]:
    """The latents of one call, a row for each of `rows`, and the network's attention kernel."""
    with torch.inference_mode():
        with failures_of("encode"):
            kind = architecture_of(loaded.pipeline)
            lengths = max(kind.lengths(loaded.pipeline, row) for row in rows)
            texts = [kind.encode(loaded.pipeline, loaded.texts, row, lengths) for row in rows]
        if has_second_pass(rows[0]):
            return _in_two_passes(loaded, rows, texts, on_step, way)
        with failures_of("decode"):  # the same part of the model, with the same remedy
            beginning = beginning_of(loaded, rows, way)
        with failures_of("denoise"):
            return denoise(loaded, rows, texts, on_step, beginning)


def _in_two_passes(
    loaded: LoadedModel,
    rows: Sequence[Settings],
    texts: Sequence[tuple[Text, Text | None]],
    on_step: OnStep,
    way: Way,
) -> tuple[torch.Tensor, str]:
    """The second pass over the first one, or over the pictures where that has no steps."""
    latents, first = None, 0
    if rows[0].strength != 0:
        with failures_of("decode"):
            beginning = beginning_of(loaded, rows, way)
        with failures_of("denoise"):
            around = (0, steps_drawn_over(rows[0]))
            latents, _ = denoise(loaded, rows, texts, on_step, beginning, around)
        first = loaded.pipeline.num_timesteps
    with failures_of("decode"):
        beginning = enlarged(loaded, rows, latents, way)
    with failures_of("denoise"):
        larger = list(map(second_pass, rows))
        return denoise(loaded, larger, texts, on_step, beginning, around=(first, 0))


def _drawn(
    loaded: LoadedModel,
    settings: Settings,
    decoded: Decoded | GenerationError,
    way: Way,
    kernel: str,
) -> Drawn | GenerationError:
    if isinstance(decoded, GenerationError):
        return decoded
    try:
        with failures_of("decode"):
            image = repainted(settings, decoded.image)
    except GenerationError as error:
        return error
    usual, dtype = str(usual_format(loaded.pipeline)).removeprefix("torch."), decoded.dtype
    notices = []
    if dtype != usual:
        notices.append(f"the VAE gives no picture in {usual}; it decoded in {dtype}")
    if image.getcolors(maxcolors=1):
        notices.append("every pixel has the same colour; something is probably wrong")
    how: Environment = {
        "attention": kernel, "vae_dtype": dtype, "vae_tile": way.tile,
        "offload": False if way.offload == "none" else way.offload,
        "layout": layout_of(loaded.pipeline),
        "kernels": way.kernels,
    }  # fmt: skip
    if settings.upscaler:
        how["upscale_tile"] = way.upscale_tile
    if settings.image or settings.hires_upscaler in ("lanczos", "esrgan"):
        how["pillow"] = PIL.__version__  # it brings pictures to size
    return Drawn(image, how, tuple(notices), way.upscale_tile)
