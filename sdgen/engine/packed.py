"""Weights as the CPU's bfloat16 kernels want them, brought into that order once.

Such a kernel reads weights in blocks, and oneDNN, which has the kernels, reorders them in every
call. `torch.compile` does it once; its operators for that are used here without it. The kernels are
the same, and so are the numbers.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from sdgen.engine.free_memory import main_memory

MOST_SHARE = 0.25
"""Of the free main memory may be taken by weights in a second order."""


@contextmanager
def packed(network: nn.Module) -> Iterator[None]:
    """While it is open, layers of `network` compute with reordered weights, where that is possible.

    Possible is it on a CPU, in bfloat16, for layers that nothing else has changed. In float32 torch
    has other kernels than these, whose numbers are others.

    Args:
        network: Whose weights do not change; those of the last shapes are kept with it.
    """
    layers = _layers(network)
    kept = _known.setdefault(network, {})
    for layer in layers:
        layer.forward = partial(_WAYS[type(layer)], layer, kept)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


_Kept = dict[nn.Module, tuple[Hashable, torch.Tensor]]
_known: "WeakKeyDictionary[nn.Module, _Kept]" = WeakKeyDictionary()


def _layers(network: nn.Module) -> list[Any]:
    first = next(network.parameters(), None)
    if first is None or (first.device.type, first.dtype) != ("cpu", torch.bfloat16):
        return []
    found = [layer for layer in network.modules() if type(layer) in _WAYS and _is_plain(layer)]
    size = sum(int(layer.get_parameter("weight").nbytes) for layer in found)
    return found if _known.get(network) or size <= MOST_SHARE * (main_memory() or 0) else []


def _is_plain(layer: nn.Module) -> bool:
    own = vars(layer)
    is_usual = getattr(layer, "padding_mode", "zeros") == "zeros"
    return is_usual and "forward" not in own and "_conv_forward" not in own


def _convolved(layer: nn.Conv2d, kept: _Kept, x: torch.Tensor) -> torch.Tensor:
    places = layer.padding, layer.stride, layer.dilation, layer.groups
    weight = _ordered(layer, kept, x.shape, lambda: torch.ops.mkldnn._reorder_convolution_weight(
        layer.weight, *places, list(x.shape)))  # fmt: skip
    out: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, weight, layer.bias, *places, "none", [], ""
    )
    return out


def _multiplied(layer: nn.Linear, kept: _Kept, x: torch.Tensor) -> torch.Tensor:
    rows = x.numel() // layer.in_features
    weight = _ordered(layer, kept, rows, lambda: torch.ops.mkldnn._reorder_linear_weight(
        layer.weight, rows))  # fmt: skip
    out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, layer.bias, "none", [], "")
    return out


def _ordered(
    layer: nn.Module, kept: _Kept, shape: Hashable, reorder: Callable[[], torch.Tensor]
) -> torch.Tensor:
    """The weights of `layer`; which order is best hangs on the shape of what they meet."""
    if layer not in kept or kept[layer][0] != shape:
        kept.pop(layer, None)  # first, so that there are never two in memory
        kept[layer] = (shape, reorder())
    return kept[layer][1]


_WAYS: dict[type, Callable[..., torch.Tensor]] = (
    {nn.Conv2d: _convolved, nn.Linear: _multiplied}
    if hasattr(torch.ops.mkldnn, "_linear_pointwise")  # not on every processor
    else {}
)
