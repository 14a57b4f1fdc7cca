"""Pictures enlarged by a network of their own, in tiles, always in float32.

A tile is computed with a margin of the picture around it, which is cut off again: where the margin
is as wide as the network sees, the tiles are the very pixels of the whole. A large ESRGAN sees
further, but what lies beyond 32 pixels moves nothing that an eye could find.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from sdgen.engine.devices import choose_device
from sdgen.engine.environment import switches_as
from sdgen.engine.esrgan import build
from sdgen.engine.failures import LackOfMemoryError, failures_of
from sdgen.engine.ladder import UPSCALE_TILES
from sdgen.engine.loader import LoadedModel
from sdgen.engine.tensors import fitting, tensors_of
from sdgen.errors import GenerationError, MemoryExhaustedError, ModelError
from sdgen.metadata.record import AddedRecord, Environment
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile
from sdgen.models.upscaler import ASK, network_in, recorded_as
from sdgen.recipe.settings import Settings

MARGIN = 32
"""Pixels around a tile that are computed with it."""


@contextmanager
def with_upscaler(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open a second pass finds the upscaler that `settings` name."""
    yield replace(loaded, upscaler=model.upscaler) if settings.upscaler else loaded


def upscaler_record(model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the upscaler; nothing where none is used."""
    if not settings.upscaler or model.upscaler is None:
        return []
    return [recorded_as(model.upscaler)]


def upscaled(
    image: Image.Image,
    file: AddedFile | None,
    size: tuple[int, int],
    device: torch.device,
    tile: int,
) -> Image.Image:
    """`image` in `size`, by the network in `file`; what it makes too large or small, by Lanczos.

    Args:
        image: RGB.
        file: From `check_upscaler`.
        size: Width and height of the outcome in pixels.
        device: Which computes.
        tile: One of `UPSCALE_TILES`.

    Raises:
        ModelError: The file is not at hand, or its weights do not fit together.
        GenerationError: What comes out is no picture.
        LackOfMemoryError: A tile does not fit the memory.
    """
    if file is None:
        raise ModelError("the upscaler is not at hand", hint=ASK)
    with failures_of("upscale"), torch.inference_mode():
        network, scale = _network(file, device)
        larger = Image.fromarray(tiled(network, np.asarray(image), scale, tile, device))
    return larger.resize(size, Image.Resampling.LANCZOS) if larger.size != size else larger


def upscaled_alone(
    image: Image.Image,
    file: AddedFile,
    size: tuple[int, int],
    device: str,
    environment: Environment,
) -> tuple[Image.Image, Environment]:
    """`image` in `size`, without a model that draws; and what a record says of how.

    Args:
        image: RGB.
        file: From `check_upscaler`.
        size: Width and height of the outcome in pixels.
        device: By name; the CPU takes its place where its memory does not do.
        environment: Of the picture's record: torch computes by the same switches.

    Raises:
        InputError: There is no such device here.
        SdgenError: As `upscaled`; or not even the smallest tile fits.
    """
    chosen = choose_device(device)
    for place in dict.fromkeys([chosen, torch.device("cpu")]):
        for tile in UPSCALE_TILES:
            try:
                with switches_as(environment, place):
                    return upscaled(image, file, size, place, tile), {"upscale_tile": tile}
            except LackOfMemoryError:
                pass  # the exception ends in here, since its frames hold what filled the memory
            _free()
    raise MemoryExhaustedError(f"the upscaler {file.name} does not fit the memory")


def _free() -> None:
    _network.cache_clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@lru_cache(maxsize=1)
def _network(file: AddedFile, device: torch.device) -> tuple[nn.Module, int]:
    """The network on its device, and its scale; the last one is kept."""
    network = network_in(file)
    with fitting(f"{file.name} does not fit itself"):
        return build(network, tensors_of(file)).to(device), network.scale


def tiled(
    network: Callable[[torch.Tensor], torch.Tensor],
    pixels: NDArray[np.uint8],
    scale: int,
    length: int,
    device: torch.device,
) -> NDArray[np.uint8]:
    """What `network` makes of `pixels` (h, w, 3), one tile of `length` after the other.

    Returns:
        Levels (h * scale, w * scale, 3).
    """
    height, width = pixels.shape[:2]
    larger = np.empty((height * scale, width * scale, 3), np.uint8)
    for top in range(0, height, length):
        for left in range(0, width, length):
            bottom, right = min(top + length, height), min(left + length, width)
            above, before = max(top - MARGIN, 0), max(left - MARGIN, 0)
            seen = pixels[above : bottom + MARGIN, before : right + MARGIN]
            made = _levels(network, seen, device)[
                (top - above) * scale :, (left - before) * scale :
            ]
            place = larger[top * scale : bottom * scale, left * scale : right * scale]
            place[:] = made[: place.shape[0], : place.shape[1]]
    return larger


def _levels(
    network: Callable[[torch.Tensor], torch.Tensor],
    pixels: NDArray[np.uint8],
    device: torch.device,
) -> NDArray[np.uint8]:
    given = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(device).float() / 255
    found = network(given)[0]
    if not torch.isfinite(found).all():
        raise GenerationError("the upscaler gives numbers that are no picture")
    made = found.clamp(0, 1).mul(255).round().to(torch.uint8)
    levels: NDArray[np.uint8] = made.permute(1, 2, 0).cpu().numpy()
    return levels
