"""What fits here and how: the ways to draw with a model, each with the memory that it takes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from sdgen.engine.devices import choose_dtype
from sdgen.engine.free_memory import free_on, main_memory
from sdgen.engine.ladder import Way
from sdgen.engine.placing import Call, call_of, first_that_fits, needed, print_of, ways, weights_of
from sdgen.models import LocalModel
from sdgen.models.footprint import Footprint
from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to draw one picture, and what it takes.

    Attributes:
        way: In words.
        switch: What to type for it; empty where nothing has to be said.
        needed: Bytes of the device; None where nobody knows.
        fits: Whether they are free; None where nobody knows.
    """

    way: str
    switch: str
    needed: int | None
    fits: bool | None


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What `sdgen doctor --model` tells of a model that is here.

    Attributes:
        dtype: The number format, by name.
        size: Width and height of the picture that was planned for.
        parts: Name → bytes of its weights, in that format, or float32 for a decoder that overflows.
        free: Bytes of the device; None where nobody knows.
        main: Free bytes of main memory, where weights wait.
        choices: The ways, the best first.
        chosen: What auto takes, in words; empty where nothing fits.
    """

    dtype: str
    size: tuple[int, int]
    parts: dict[str, int]
    free: int | None
    main: int | None
    choices: tuple[Choice, ...]
    chosen: str


def memory_plan(model: LocalModel, settings: Settings, device: torch.device) -> MemoryPlan:
    """The plan for one picture of `settings` by `model` on `device`.

    Raises:
        ModelError: A file of weights is damaged.
        InputError: The device cannot do the number format.
    """
    known, call = print_of(model), call_of(settings, 1, device)
    free = free_on(device)
    dtype = choose_dtype(settings.dtype, device)
    chosen = first_that_fits(known, call, free, Way()) if free is not None else None
    return MemoryPlan(
        dtype=dtype,
        size=call.size,
        parts=weights_of(known, call),
        free=free,
        main=main_memory(),
        choices=tuple(_choices(known, call, free, device)),
        chosen=str(chosen) if chosen else "",
    )


def _choices(
    known: Footprint, call: Call, free: int | None, device: torch.device
) -> Iterator[Choice]:
    for way in ways(call, Way()):
        need = needed(known, call, way)
        fits = None if need is None or free is None else need <= free
        offload = way.offload if way.offload != "none" else ""
        yield Choice(str(way), f"--offload {offload}" if offload else "", need, fits)
    if device.type == "cuda":
        slow = replace(call, itemsize=4, is_cuda=False)
        need, main = needed(known, slow, Way()), main_memory()
        fits = None if need is None or main is None else need <= main
        yield Choice("on the CPU", "--device cpu", need, fits)
