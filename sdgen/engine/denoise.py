"""Settings of one or more pictures, prompts encoded, become latents in one pipeline call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from sdgen.engine import OnStep
from sdgen.engine.attention import kernel_used, watched_attention
from sdgen.engine.beginning import Beginning, beginning_at
from sdgen.engine.controlnet import steered
from sdgen.engine.deepcache import counted, deep_blocks_kept
from sdgen.engine.families import architecture_of, network_of
from sdgen.engine.families.architecture import latent_shape
from sdgen.engine.graphs import Pace, replayed
from sdgen.engine.guidance import guided_inputs, guided_until
from sdgen.engine.ip_adapter import looking
from sdgen.engine.loader import LoadedModel
from sdgen.engine.noise import is_brownian, starting_noise
from sdgen.engine.packed import packed
from sdgen.engine.prompts import Text
from sdgen.engine.schedulers import build_scheduler
from sdgen.engine.texts_kept import texts_kept, texts_seen
from sdgen.engine.tiling import seamless
from sdgen.engine.watch import Watch
from sdgen.engine.watching import watched_by
from sdgen.recipe.approximations import approximated
from sdgen.recipe.settings import Settings


def denoise(
    loaded: LoadedModel,
    rows: Sequence[Settings],
    texts: Sequence[tuple[Text, Text | None]],
    on_step: OnStep,
    beginning: Beginning | None = None,
    around: tuple[int, int] = (0, 0),
) -> tuple[torch.Tensor, str]:
    """Draw latents, one row of the call for each of `rows`.

    The pipeline's scheduler is built anew, always from the trained configuration and never from
    the last picture's; it stays in the pipeline for the record.

    Args:
        loaded: The model.
        rows: Settings of one `shape_key`.
        texts: Their embeddings, from `encode`.
        on_step: Hears of each step; a `Watch` looks into the UNet's calls too, which must then be
            made, not played again.
        beginning: Pictures to begin at.
        around: Steps of another pass that `on_step` hears of as before and after these.

    Returns:
        Latents as the VAE takes them, but for its scaling: shape (rows, channels, height / 8,
        width / 8), in the model's dtype, on its device. And the attention kernel of the network.
    """
    pipeline, shared = loaded.pipeline, rows[0]
    kind = architecture_of(pipeline)
    pipeline.scheduler = build_scheduler(shared.scheduler, _trained(loaded, shared))
    shift = 0 if is_brownian(pipeline.scheduler) else shared.ensd
    drawn = [starting_noise(row, latent_shape(pipeline, row), shift) for row in rows]
    noise = torch.cat([latents for latents, _ in drawn])

    pace = Pace(next(network_of(pipeline).parameters()).device)
    guided = approximated(shared.approximate).guidance_until

    def step_end(_: Any, index: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        pace.keep()
        before, after = around
        on_step(before + index + 1, before + pipeline.num_timesteps + after)
        kept = {**tensors, "latents": keep(index, tensors["latents"])}
        return guided_until(guided, pipeline, index + 1, kept)

    shape = (*noise.shape, *(size for text in texts[0] if text for size in text[0].shape))
    with (
        watched_attention(loaded, shape),
        _computing(loaded, rows, on_step),
        beginning_at(pipeline, beginning, noise, shared.steps) as keep,
    ):
        latents: torch.Tensor = pipeline(
            **kind.arguments(shared, list(texts)),
            num_inference_steps=shared.steps,
            width=shared.width,
            height=shared.height,
            generator=[generator for _, generator in drawn],
            latents=kind.packed(pipeline, noise),
            output_type="latent",
            callback_on_step_end=step_end,
            callback_on_step_end_tensor_inputs=guided_inputs(pipeline),
        ).images
    return kind.unpacked(pipeline, latents, noise.shape[-2:]), kernel_used(loaded, shape)


@contextmanager
def _computing(loaded: LoadedModel, rows: Sequence[Settings], on_step: OnStep) -> Iterator[None]:
    """While it is open, the UNet computes as the settings of the call say, and as fast as it can.

    The order matters: what changes the layers comes before graphs, which are kept by it, and what
    counts the calls after them, since a graph is played without Python.
    """
    unet, shared = network_of(loaded.pipeline), rows[0]
    is_new = not hasattr(loaded.pipeline, "unet")  # graphs are known to be right for UNets
    with (
        seamless(unet, shared.tiling),
        looking(loaded, rows),
        steered(loaded, rows) as steering,
        watched_by(on_step, loaded, rows),
        texts_kept(unet) as products,
        packed(unet),
        deep_blocks_kept(unet, approximated(shared.approximate).deepcache) as deep,
        replayed(None if isinstance(on_step, Watch) or is_new else unet, *steering),
        counted(unet, deep),
        texts_seen(unet, products),
    ):
        yield


def _trained(loaded: LoadedModel, settings: Settings) -> dict[str, Any]:
    """What the checkpoint's training decided, as far as its files or `settings` say it."""
    said = settings.prediction_type
    return {**loaded.trained, "prediction_type": said} if said else loaded.trained
