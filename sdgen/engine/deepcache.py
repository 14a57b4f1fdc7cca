"""DeepCache: the deep blocks of a UNet change slowly, and their outcome serves some steps.

Source: Ma, Fang, Wang 2023, DeepCache: Accelerating Diffusion Models for Free (arXiv 2312.00858),
with its cache before the last of the up blocks and equal steps between. In a step that is not full
the first down block and the last up block are computed; the blocks between answer with what the
last of them gave in the last full step. They get a forward of their own, which is taken away again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from sdgen.engine.graphs import called_through, in_phase

_known: "WeakKeyDictionary[nn.Module, _Deep]" = WeakKeyDictionary()


@contextmanager
def deep_blocks_kept(unet: Any, every: int) -> Iterator["_Deep | None"]:
    """While it is open, the deep blocks of `unet` are there to be skipped.

    Args:
        unet: A UNet of diffusers, with two down blocks or more.
        every: Each so manieth call is a full one; 1 is every call, and changes nothing.

    Yields:
        What counts the calls, in `counted`.
    """
    if every == 1:
        yield None
        return
    deep = _known.setdefault(unet, _Deep())
    deep.begin(every)
    blocks = [*unet.down_blocks[1:], unet.mid_block, *unet.up_blocks[:-1]]
    for block in blocks:
        block.forward = deep.forward_of(block, is_last=block is blocks[-1])
    try:
        yield deep
    finally:
        for block in blocks:
            del block.forward
        in_phase(unet, "deepcache", None)


@contextmanager
def counted(unet: Any, deep: "_Deep | None") -> Iterator[None]:
    """While it is open, each call of `unet` is a full one or not. Goes around CUDA graphs."""
    if deep is None:
        yield
        return
    with called_through(unet, deep.call):
        yield


class _Deep:
    """What the deep blocks of one UNet gave, and whose turn it is.

    Kept with the UNet from picture to picture, so that graphs that were recorded stay right.
    """

    def __init__(self) -> None:
        self._forwards: dict[nn.Module, Callable[..., Any]] = {}
        self._shapes: dict[nn.Module, Any] = {}
        self._kept: dict[torch.Size, torch.Tensor] = {}
        self._every = self._number = 1
        self._shape: torch.Size | None = None
        self._is_full = True

    def begin(self, every: int) -> None:
        """A picture begins, with a full step."""
        self._every, self._number, self._shape = every, 0, None

    def call(self, unet: Any, forward: Callable[..., Any], sample: torch.Tensor, *args: Any,
             **options: Any) -> Any:  # fmt: skip
        """One call; where guidance ends, the number of rows changes, and it is a full one."""
        if sample.shape != self._shape:
            self._number = 0
        self._is_full = self._number % self._every == 0
        self._shape, self._number = sample.shape, self._number + 1
        in_phase(unet, "deepcache", "full" if self._is_full else "shallow")
        return forward(sample, *args, **options)

    def forward_of(self, block: nn.Module, *, is_last: bool) -> Callable[..., Any]:
        """The same one each time, by which graphs know that nothing has changed."""
        if block not in self._forwards:
            compute = self._last if is_last else self._other
            self._forwards[block] = partial(compute, block, block.forward)
        return self._forwards[block]

    def _last(self, _: nn.Module, forward: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Of the last deep block: what it gave is copied, and stays where graphs look for it."""
        key = self._shape
        assert key is not None
        if self._is_full:
            given = forward(*args, **options)
            if key not in self._kept:
                self._kept[key] = torch.empty_like(given)
            self._kept[key].copy_(given)
        return self._kept[key].clone()

    def _other(
        self, block: nn.Module, forward: Callable[..., Any], *args: Any, **options: Any
    ) -> Any:
        """Of another one: what would read what it gave is skipped too, but asks for its shape."""
        if self._is_full:
            given = forward(*args, **options)
            self._shapes[block] = _without_memory(given)
            return given
        return self._shapes[block]


def _without_memory(given: Any) -> Any:
    """Tensors of the same shapes, of one number each."""
    if isinstance(given, torch.Tensor):
        return given.new_zeros(1).expand(given.shape)
    return tuple(map(_without_memory, given))
