"""Weights that wait in main memory and are on the device only while they are at work.

`model` brings one part of the pipeline at a time, `sequential` one layer. The device computes with
the same numbers in the same kernels, so that no pixel changes. What waits is kept and not copied
back, as libraries do: drawing changes no weights, so that bringing them is all the work.
"""

from collections.abc import Iterable
from typing import Any

import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from accelerate.utils import send_to_device
from torch import Tensor, nn

from sdgen.engine import Offloading

Here = dict[tuple[nn.Module, str], Tensor]
"""A layer and the name of one of its tensors → the one that waits in main memory."""


def offload_parts(pipeline: Any, how: Offloading, device: torch.device) -> None:
    """Let the parts of `pipeline`, which lie in main memory, compute on `device` from now on."""
    parts = [part for part in pipeline.components.values() if isinstance(part, nn.Module)]
    shared = Turns(device)
    for part in parts:
        if how == "model":
            add_hook_to_module(part, _WholePart(shared))
            continue
        for layer in part.modules():
            if layer is not part and (layer._parameters or layer._buffers):
                add_hook_to_module(layer, _Layer(device))
        add_hook_to_module(part, _Layer(device))  # its inputs, too


class Turns:
    """Which part is on the device: one at a time.

    Args:
        device: Where it computes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._waiting: Here = {}
        self._part: nn.Module | None = None

    def bring(self, part: nn.Module) -> None:
        """Let `part` be on the device, and no other."""
        if part is not self._part:
            put_back(self._waiting)
            self._part = part  # before it is there: what came of it must go back when memory ends
            fetch(part.modules(), self.device, self._waiting)


class _WholePart(ModelHook):  # type: ignore[misc]
    """Brings a part when it is called; it stays until another one is."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.execution_device = turns, turns.device

    def pre_forward(self, module: nn.Module, *args: Any, **options: Any) -> Any:
        self.turns.bring(module)
        return _sent(args, options, self.execution_device)


class _Layer(ModelHook):  # type: ignore[misc]
    """Brings what a layer itself has for the length of its call."""

    def __init__(self, device: torch.device) -> None:
        self.execution_device = device
        self._waiting: Here = {}

    def pre_forward(self, module: nn.Module, *args: Any, **options: Any) -> Any:
        put_back(self._waiting)  # of a call that failed
        fetch([module], self.execution_device, self._waiting)
        return _sent(args, options, self.execution_device)

    def post_forward(self, module: nn.Module, output: Any) -> Any:
        put_back(self._waiting)
        return output


def fetch(layers: Iterable[nn.Module], device: torch.device, waiting: Here) -> None:
    """Copy what `layers` themselves have to `device`; `waiting` keeps what was copied.

    Raises:
        torch.OutOfMemoryError: There is no room; what is to be put back is in `waiting`.
    """
    for layer in layers:
        for own in (layer._parameters, layer._buffers):
            for name, tensor in own.items():
                if tensor is not None:
                    waiting[layer, name] = tensor
                    own[name] = _copied(tensor, device)


def put_back(waiting: Here) -> None:
    """Let go of what was copied, and use again what waited; empties `waiting`.

    What was given another number format meanwhile, as a VAE that overflows is, comes back with it.
    """
    for (layer, name), before in waiting.items():
        own: Any = layer._parameters if name in layer._parameters else layer._buffers
        now = own[name]
        own[name] = before if now.dtype == before.dtype else _copied(now, before.device)
    waiting.clear()


def _copied(tensor: Tensor, device: torch.device) -> Any:
    moved = _moved(tensor.detach(), device)
    is_weight = isinstance(tensor, nn.Parameter)
    return nn.Parameter(moved, requires_grad=tensor.requires_grad) if is_weight else moved


def _sent(args: Any, options: Any, device: torch.device) -> Any:
    return send_to_device(args, device), send_to_device(options, device)


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    with torch.inference_mode(mode=False):  # what is drawn after may not be in that mode
        return tensor.to(device, non_blocking=True)
