"""How a picture is drawn where memory is short: one way after the other, from fast to slow.

A lack of memory in the denoising is helped by fewer pictures at a time, one in the decoding by
tiles; then the parts of the model that are not at work wait in main memory, then all layers but
one, and at last the CPU draws. Most ways move pixels a little, so the record tells them and a
replay begins with them.
"""

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from sdgen.engine import Kernels, Offloading, Slots
from sdgen.engine.devices import can_fuse
from sdgen.engine.failures import Stage
from sdgen.engine.graphs import forget_graphs
from sdgen.recipe.sizes import MOST_TOGETHER

SMALLEST_TILE = 256
"""Pixels; a tile of the decoder is half as long as the picture's longer side, but not smaller.

Each tile is decoded with means of its own, so that its colours are a little off; the more, the
smaller it is.
"""

UPSCALE_TILES = (256, 128, 64)
"""Lengths of the tiles that an upscaler computes, in pixels of the small picture."""

_DOING: Mapping[Stage, str] = {
    "load": "loading", "encode": "encoding", "denoise": "denoising", "decode": "decoding",
    "upscale": "enlarging",
}  # fmt: skip


_OFFLOADED: Mapping[Offloading, str] = {
    "model": "with the model's parts one after the other",
    "sequential": "with the model's layers one after the other",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How to draw. The plain one is `Way()`.

    Attributes:
        most: Pictures in one call, at most.
        tile: Length of the tiles that the VAE decodes, in pixels; 0 is the whole picture at once.
        offload: Only the part of the model, or the layer, that is at work lies on the device.
        on_cpu: The CPU draws, whatever device was chosen.
        vae_dtype: Number format of the VAE; empty is that of the model.
        layout: How weights lie in memory; empty is what format and device do well.
        kernels: What computes the networks: eager, or fused (`sdgen.engine.fused`).
        upscale_tile: Length of the tiles that an upscaler computes, one of `UPSCALE_TILES`.
    """

    most: int = MOST_TOGETHER
    tile: int = 0
    offload: Offloading = "none"
    on_cpu: bool = False
    vae_dtype: str = ""
    layout: str = ""
    kernels: Kernels = "eager"
    upscale_tile: int = UPSCALE_TILES[0]

    def __str__(self) -> str:
        told = ["on the CPU"] if self.on_cpu else []
        told += [_OFFLOADED[self.offload]] if self.offload != "none" else []
        told += [f"decoded in tiles of {self.tile} pixels"] if self.tile else []
        small = self.upscale_tile < UPSCALE_TILES[0]
        told += [f"enlarged in tiles of {self.upscale_tile} pixels"] if small else []
        told += [f"{self.most} at a time"] if self.most < MOST_TOGETHER and not told else []
        return ", ".join(told) or "as usual"

    def parts(self, slots: Slots) -> list[Slots]:
        """`slots` in parts of one size that is not above `most`; those without a picture left out.

        Halves of halves, so that a slot has the same place in its part whatever was in the others,
        and whether memory ran out in this call or in one before.
        """
        if len(slots) <= self.most:
            return [slots] if any(slots) else []
        half = (len(slots) + 1) // 2
        padded = [*slots, *[None] * (len(slots) % 2)]
        return [*self.parts(padded[:half]), *self.parts(padded[half:])]


AS_USUAL = Way()


def next_way(way: Way, stage: Stage, size: int, side: int, *, is_cuda: bool) -> Way | None:
    """The way to try after `way` ran out of memory; None when there is no other.

    Args:
        way: What was tried.
        stage: Where it ran out.
        size: Slots in the call.
        side: The longer side of the picture, in pixels.
        is_cuda: Whether the chosen device is a GPU.
    """
    if stage == "decode" and not way.tile and side > SMALLEST_TILE:
        return replace(way, tile=tile_for(side))
    smaller = [length for length in UPSCALE_TILES if length < way.upscale_tile]
    if stage == "upscale" and smaller:
        return replace(way, upscale_tile=smaller[0])
    if stage != "load" and size > 1:  # a decode, too, may find no room in what a large call left
        return replace(way, most=(size + 1) // 2)
    if is_cuda and not way.on_cpu and way.offload != "sequential":
        further: Offloading = "model" if way.offload == "none" else "sequential"
        return replace(way, offload=further, kernels="eager")
    if is_cuda and not way.on_cpu:
        return Way(most=1, on_cpu=True)
    return None


def tile_for(side: int) -> int:
    """The length of a tile where the longer side is `side`, both in pixels: a multiple of 8."""
    return max(SMALLEST_TILE, -(-side // 16) * 8)


def way_recorded(environment: Mapping[str, Any]) -> Way:
    """The way that a record tells; what it tells wrongly, or not at all, is as usual.

    The layout was always contiguous before it was recorded.
    """
    tile, vae_dtype = environment.get("vae_tile"), environment.get("vae_dtype")
    is_tile = type(tile) is int and SMALLEST_TILE <= tile <= 4096 and tile % 8 == 0
    of_upscaler = environment.get("upscale_tile")
    return Way(
        tile=tile if is_tile else 0,  # type: ignore[arg-type]
        offload=_offload_recorded(environment.get("offload")),
        vae_dtype="float32" if vae_dtype == "float32" else "",
        layout="channels_last" if environment.get("layout") == "channels_last" else "contiguous",
        kernels="fused" if environment.get("kernels") == "fused" and can_fuse() else "eager",
        upscale_tile=of_upscaler if of_upscaler in UPSCALE_TILES else UPSCALE_TILES[0],
    )


def _offload_recorded(value: Any) -> Offloading:
    """What a record says; it was true for `model` before there was another."""
    if value is True or value == "model":
        return "model"
    return "sequential" if value == "sequential" else "none"


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides how much memory a picture takes; without a size, the weights alone."""

    folder: str
    dtype: str
    width: int = 0
    height: int = 0


class Ways:
    """The ways that were found for pictures of each shape, kept for the rest of the process.

    Args:
        is_cuda: Whether a GPU draws.
        first: What to begin with.
        is_open: Whether that may be another way, where it is known to need too much memory.
    """

    def __init__(self, *, is_cuda: bool, first: Way | None = None, is_open: bool = False) -> None:
        self._is_cuda = is_cuda
        self.first = first or Way()
        self.is_open = is_open
        self._known: dict[Shape, Way] = {}
        self._untold: list[str] = []

    def beginning_with(self, way: Way) -> "Ways":
        """Others, which know nothing yet but where to begin."""
        return Ways(is_cuda=self._is_cuda, first=way)

    def of(self, shape: Shape) -> Way:
        """How to draw pictures of `shape`."""
        weights = replace(shape, width=0, height=0)
        return self._known.get(shape) or self._known.get(weights) or self.first

    def knows(self, shape: Shape) -> bool:
        """Whether a way was found for pictures of `shape`."""
        return shape in self._known or replace(shape, width=0, height=0) in self._known

    def learn(self, shape: Shape, way: Way, why: str = "") -> None:
        """Draw pictures of `shape` in this way; `why` is told if there is something to tell."""
        self._known[shape] = way
        self._untold += [why] if why else []

    def step_down(self, way: Way, stage: Stage, size: int, shape: Shape) -> Way | None:
        """The way to take from now on after `way` ran out of memory, which is freed; None if none.

        Args:
            way: What was tried.
            stage: Where it ran out.
            size: Slots in the call.
            shape: Of the pictures.
        """
        gc.collect()  # an exception's frames may be in a cycle, and hold the tensors
        if self._is_cuda:
            forget_graphs()
            torch.cuda.empty_cache()
        side = max(shape.width, shape.height)
        lower = next_way(way, stage, size, side, is_cuda=self._is_cuda)
        if lower is not None:
            self._known[shape] = lower
            what = f" {shape.width}x{shape.height}" if side else ""
            self._untold.append(f"out of memory {_DOING[stage]}{what}: trying again, {lower}")
        return lower

    def untold(self) -> Iterator[str]:
        """What the user does not know yet; told once."""
        while self._untold:
            yield self._untold.pop(0)
