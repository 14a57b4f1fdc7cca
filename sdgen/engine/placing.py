"""What fits where, told before anything is loaded, and the first way of drawing that does.

The ways are tried from the best on: all on the device and in one call, fewer pictures at a time,
the model's parts in turn, and only then what can be seen, tiles, and what is slow, layers in turn.
It is an estimate; when memory runs out nevertheless, the ladder goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from sdgen.engine.devices import DTYPES, choose_dtype
from sdgen.engine.free_memory import free_on
from sdgen.engine.ladder import Way, tile_for
from sdgen.models import LocalModel
from sdgen.models.footprint import Footprint, footprint_of
from sdgen.recipe.passes import hires_size
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size

RESERVE = 512 * 2**20
"""Bytes of a GPU for what is in no formula: workspaces of libraries, gaps. A guess."""

SLACK = 1.1
"""Activations come in blocks of the allocator, which are larger than they."""

TEXT = 64 * 2**20
"""Bytes that a text encoder holds beside its weights: 77 tokens need less."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is drawn: the size of the pictures, how many together, and in which format.

    Attributes:
        size: Width and height in pixels.
        rows: Rows of the network for each picture: two with guidance.
        pictures: In one call.
        itemsize: Bytes of a number of the model.
        is_cuda: Whether a GPU draws.
    """

    size: Size
    rows: int
    pictures: int
    itemsize: int
    is_cuda: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """The way to begin with, and why it is not the plain one; empty where it is."""

    way: Way
    why: str = ""


def placed(
    model: LocalModel, settings: Settings, pictures: int, device: torch.device, first: Way
) -> Placed:
    """The first way in which `pictures` of these settings fit the memory of `device`.

    `first` where all does, where nobody knows, and where nothing does: then it is for the ladder to
    find out.
    """
    free = free_on(device)
    if free is None:
        return Placed(first)
    known, call = print_of(model), call_of(settings, pictures, device)
    way = first_that_fits(known, call, free, first)
    if way is None or way == first:
        return Placed(first)
    width, height = call.size
    need = needed(known, call, first) or 0
    return Placed(
        way,
        f"{model.name} at {width}x{height} takes about {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB"
        f" are free: drawing {way}",
    )


def call_of(settings: Settings, pictures: int, device: torch.device) -> Call:
    """What memory has to hold for so many pictures of these settings.

    Raises:
        InputError: The device cannot do the number format.
    """
    return Call(
        size=hires_size(settings),
        rows=2 if settings.guidance_scale > 1 else 1,
        pictures=pictures,
        itemsize=DTYPES[choose_dtype(settings.dtype, device)].itemsize,
        is_cuda=device.type == "cuda",
    )


def usual_settings(model: LocalModel, dtype: str = "auto") -> Settings:
    """What `model` draws when nobody says anything."""
    own = {
        name: value
        for name, value in model.defaults.items()
        if name in ("width", "height", "guidance_scale") and isinstance(value, int | float)
    }
    return Settings.model_validate({"prompt": "a picture", "seed": 0, "dtype": dtype, **own})


def print_of(model: LocalModel) -> Footprint:
    """What `model` takes; its files are looked at once, as long as they do not change."""
    return _print_of(model.folder, model.fingerprint(), _Unkeyed(model))


@dataclass(frozen=True, slots=True)
class _Unkeyed:
    """A model that the cache does not compare: its files' fingerprint says all."""

    model: LocalModel

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unkeyed)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=8)
def _print_of(_: object, __: object, unkeyed: _Unkeyed) -> Footprint:
    return footprint_of(unkeyed.model)


def needed(model: Footprint, call: Call, way: Way) -> int | None:
    """Bytes that drawing takes at its fullest moment in this way; None where nobody knows.

    Args:
        model: Of the model.
        call: What is drawn.
        way: How; what lies in main memory meanwhile is not counted.
    """
    moments = list(_moments(model, call, way))
    if any(held is None for _, held in moments):
        return None
    weights = weights_of(model, call)
    if way.offload == "none":
        fullest = sum(weights.values()) + max(held or 0 for _, held in moments)
    elif way.offload == "model":
        fullest = max(weights.get(part, 0) + (held or 0) for part, held in moments)
    else:
        layer = max(part.largest for part in model.parts.values()) * call.itemsize
        fullest = 2 * layer + max(held or 0 for _, held in moments)
    return fullest + (RESERVE if call.is_cuda else 0)


def _moments(model: Footprint, call: Call, way: Way) -> Iterator[tuple[str, int | None]]:
    """Each part at work, and what it then holds beside weights."""
    width, height = call.size
    for name in model.parts:
        if name.startswith("text_encoder"):
            yield name, TEXT
    pictures = min(call.pictures, way.most)
    latents = (width // model.scale) * (height // model.scale)
    held = model.per_latent
    rows = call.rows * pictures * latents * call.itemsize
    yield model.network, None if held is None else int(held * rows * SLACK)
    sides = (min(side, way.tile) if way.tile else side for side in call.size)
    pixels = next(sides) * next(sides)
    yield "vae", int(model.per_pixel * pixels * _vae_item(model, call) * SLACK)


def weights_of(model: Footprint, call: Call) -> dict[str, int]:
    """Name of each part → bytes of its weights, in the formats in which they draw."""
    vae = _vae_item(model, call)
    return {
        name: part.bytes(vae if name == "vae" else call.itemsize)
        for name, part in model.parts.items()
    }


def _vae_item(model: Footprint, call: Call) -> int:
    return 4 if model.upcast and call.is_cuda else call.itemsize


def ways(call: Call, first: Way) -> Iterator[Way]:
    """All ways to draw, the best first; `first` has what was asked for."""
    tile = tile_for(max(call.size))
    has_tiles = tile < max(call.size)
    yield from _fewer(call, first)
    if call.is_cuda:
        yield replace(first, most=1, offload="model", kernels="eager")
    if has_tiles:
        yield from _fewer(call, replace(first, tile=tile))
        if call.is_cuda:
            yield replace(first, most=1, offload="model", kernels="eager", tile=tile)
    if call.is_cuda:
        yield replace(first, most=1, offload="sequential", kernels="eager")
        if has_tiles:
            yield replace(first, most=1, offload="sequential", kernels="eager", tile=tile)


def _fewer(call: Call, way: Way) -> Iterator[Way]:
    """All pictures of the call together, then half of them, and so on."""
    yield way
    pictures = call.pictures
    while pictures > 1:
        pictures = (pictures + 1) // 2
        yield replace(way, most=pictures)


def first_that_fits(model: Footprint, call: Call, free: int, first: Way) -> Way | None:
    """The best way that needs no more than `free` bytes; None where none does, or nobody knows."""
    for way in ways(call, first):
        need = needed(model, call, way)
        if need is None:
            return None
        if need <= free:
            return way
    return None
