"""The generator that stands on diffusers: settings and a model become a picture and its record."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image

from sdgen.engine import Drawing, OnStep, no_progress
from sdgen.engine.devices import choose_device, choose_dtype, describe
from sdgen.engine.environment import environment
from sdgen.engine.loader import load_model
from sdgen.engine.noise import initial_latents
from sdgen.engine.notices import notices_on
from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import GenerationError, MemoryExhaustedError, SdgenError
from sdgen.metadata.record import ModelRecord, Record, SchedulerRecord, now, pixels_of
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings


class DiffusersGenerator:
    """Draws with diffusers on one device.

    Args:
        device: auto, cpu, cuda or cuda:N.
        threads: CPU threads to compute with, as a record says; None leaves torch's choice. The
            number moves pixels by a level at some sizes, since sums are split differently.

    Raises:
        InputError: There is no such device here.
    """

    def __init__(self, device: str = "auto", threads: int | None = None) -> None:
        self._device = choose_device(device)
        if threads is not None:
            torch.set_num_threads(threads)

    @property
    def device(self) -> str:
        """The device for people: `cpu (2 threads)`, `cuda:0 (NVIDIA H200)`."""
        return describe(self._device)

    def check_dtype(self, dtype: str) -> None:
        """Find out, without loading anything, whether the device can do `dtype`."""
        choose_dtype(dtype, self._device)

    def load(self, model: LocalModel, dtype: str) -> None:
        """Load `model`, unless it is the one loaded last."""
        load_model(model, choose_dtype(dtype, self._device), self._device)

    def notices(self, settings: Settings, model: LocalModel) -> list[str]:
        """What the user must know before `settings` are drawn."""
        loaded = load_model(model, choose_dtype(settings.dtype, self._device), self._device)
        return notices_on(loaded.pipeline, model, settings)

    def generate(
        self, settings: Settings, model: LocalModel, on_step: OnStep = no_progress
    ) -> Drawing:
        """Draw one picture."""
        # 1. Load: the device decides what dtype auto means, and the record says which it was.
        dtype = choose_dtype(settings.dtype, self._device)
        settings = settings.model_copy(update={"dtype": dtype})
        loaded = load_model(model, dtype, self._device)
        pipeline = loaded.pipeline
        # 2. Scheduler: always from the trained configuration, never from the last picture's.
        pipeline.scheduler = build_scheduler(settings.scheduler, loaded.trained)
        # 3. Noise: float32, on the CPU, from this picture's own generator; so in the steps too.
        latents, generator = initial_latents(settings.seed, _latent_shape(pipeline, settings))
        notices = notices_on(pipeline, model, settings)
        # 4. Denoise and decode.
        with torch.inference_mode(), _pipeline_errors(self._device), _vae_as_it_was(pipeline):
            pixels, blanked = _call(pipeline, settings, latents, generator, on_step)
        # 5. Check, and record.
        image = _sound_image(pixels, blanked=blanked)
        if image.getcolors(maxcolors=1):
            notices.append("every pixel has the same colour; something is probably wrong")
        scheduler = pipeline.scheduler
        record = Record(
            created=now(),
            settings=settings,
            model=ModelRecord(
                name=model.name,
                pipeline=model.pipeline,
                revision=model.revision,
                files=loaded.hashes,
            ),
            scheduler=SchedulerRecord(
                class_name=type(scheduler).__name__, config=_plain(dict(scheduler.config))
            ),
            environment=environment(self._device),
            image=pixels_of(image),
            notices=notices,
        )
        return Drawing(image, record)


def _latent_shape(pipeline: Any, settings: Settings) -> tuple[int, int, int]:
    factor = pipeline.vae_scale_factor
    channels = pipeline.unet.config.in_channels
    return channels, settings.height // factor, settings.width // factor


def _call(
    pipeline: Any,
    settings: Settings,
    latents: torch.Tensor,
    generator: torch.Generator,
    on_step: OnStep,
) -> tuple[np.ndarray, bool]:
    """Run the pipeline.

    Returns:
        Pixels in 0 … 1, float32, shape (height, width, 3), and whether the model's safety checker
        blanked them.
    """

    def step_end(_: Any, index: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(index + 1, pipeline.num_timesteps)
        return tensors

    output = pipeline(
        prompt=settings.prompt,
        negative_prompt=settings.negative_prompt or None,  # SDXL: none is zeros, not an empty text
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance_scale,
        guidance_rescale=settings.guidance_rescale,
        width=settings.width,
        height=settings.height,
        eta=settings.eta,
        clip_skip=settings.clip_skip - 1 or None,  # diffusers counts the layers skipped
        generator=[generator],
        latents=latents.to(dtype=pipeline.unet.dtype),
        output_type="np",
        callback_on_step_end=step_end,
    )
    flags = getattr(output, "nsfw_content_detected", None) or [False]
    return output.images[0], bool(flags[0])


def _sound_image(pixels: np.ndarray, *, blanked: bool) -> Image.Image:
    """Levels 0 … 255 from pixels in 0 … 1, rounded as diffusers does; refuses a picture of nothing.

    Raises:
        GenerationError: Blanked by the safety checker, not finite, or black all over.
    """
    if blanked:
        raise GenerationError("the model's safety checker blanked the picture")
    if not np.isfinite(pixels).all():
        raise GenerationError(
            "the picture came out as NaN: the numbers overflowed",
            hint="--dtype float32, or a lower --guidance-scale",
        )
    levels = (pixels * 255).round().astype(np.uint8)
    if not levels.any():
        raise GenerationError("the picture came out black all over", hint="try --dtype float32")
    return Image.fromarray(levels)


@contextmanager
def _vae_as_it_was(pipeline: Any) -> Iterator[None]:
    """Undo what a failed decode leaves behind.

    diffusers makes SDXL's VAE float32 for the decode and puts it back only when that went well;
    after one lack of memory no later picture could be decoded.
    """
    dtype = pipeline.vae.dtype
    try:
        yield
    finally:
        if pipeline.vae.dtype != dtype:
            pipeline.vae.to(dtype=dtype)


@contextmanager
def _pipeline_errors(device: torch.device) -> Iterator[None]:
    """Make what goes wrong inside the pipeline the failure of this one picture."""
    try:
        yield
    except SdgenError:
        raise
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise _no_memory(device) from error
    except Exception as error:
        if "allocate memory" in str(error):  # the CPU's way to say it
            raise _no_memory(device) from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise GenerationError(f"the pipeline failed: {reason}") from error


def _no_memory(device: torch.device) -> MemoryExhaustedError:
    return MemoryExhaustedError(
        f"the picture does not fit the memory of {device}", hint="a smaller --size, or --device cpu"
    )


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's configuration as JSON can carry it, without the library's private keys."""
    return {key: _as_json(value) for key, value in config.items() if not key.startswith("_")}


def _as_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity, which is lambda_min_clipped's usual value
    return value.tolist() if hasattr(value, "tolist") else value
