"""CUDA graphs: a network's kernels are recorded once and then launched as one.

A small network on a large GPU waits for Python, which launches its thousand kernels one by one. A
graph launches the same kernels, so that the numbers stay the same, bit for bit. The first call of a
shape runs as ever and the second is recorded, so that no picture waits for it.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.utils import _pytree as pytree

from sdgen.engine.environment import SWITCHES
from sdgen.engine.memory_signs import is_lack_of_memory

KEPT = 6
"""Graphs kept of one network; each holds its launches, and all share their memory."""


@dataclass(frozen=True, slots=True)
class _Graph:
    """What was recorded: its inputs are copied in, its output is copied out."""

    graph: torch.cuda.CUDAGraph
    inputs: list[torch.Tensor]
    output: Any

    def replay(self, tensors: list[torch.Tensor]) -> Any:
        for place, tensor in zip(self.inputs, tensors, strict=True):
            _put(place, tensor)
        self.graph.replay()
        return pytree.tree_map_only(torch.Tensor, torch.clone, self.output)


@dataclass(slots=True)
class _Kept:
    """The graphs of one network in one state; `None` stands for a call that was seen once."""

    state: Hashable
    graphs: dict[Hashable, _Graph | None]
    fits: bool = True


_kept: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()

_PHASES = "phases"
"""Attribute of a network that tells which of its ways of computing are at work."""

_CHANGES = (
    "forward", "_conv_forward", "padding_mode", "processor", "scale", "b1", "b2", "s1", "s2"
)  # fmt: skip
"""What is set on a layer to make it compute otherwise; scale by IP-Adapters, the last by FreeU."""


@contextmanager
def replayed(*networks: nn.Module | None) -> Iterator[None]:
    """While it is open, calls of `networks` go through graphs, where they are on a CUDA device.

    A network that something else calls in its own way (offloading) is left alone. Hooks, other
    weights and other switches of the arithmetic make graphs of their own.

    Args:
        networks: Whose `forward` takes and gives tensors, of shapes that come again.
    """
    own = [network for network in networks if network is not None and _can_be_recorded(network)]
    for network in own:
        state = _state(network)
        kept = _kept.get(network)
        if kept is None or kept.state != state:
            kept = _kept[network] = _Kept(state, {})
        network.forward = partial(_call, network, kept, network.forward)
    try:
        yield
    finally:
        for network in own:
            del network.forward


def in_phase(network: Any, feature: str, phase: Hashable) -> None:
    """Tell that `network` now computes as `feature` does in `phase`, which other graphs do not.

    Args:
        network: Whose calls launch other kernels from now on, or the same in other memory.
        feature: Each has a phase of its own.
        phase: None is as without the feature.
    """
    phases = vars(network).get(_PHASES, {})
    phases = {name: at for name, at in phases.items() if name != feature}
    if phase is not None:
        phases[feature] = phase
    setattr(network, _PHASES, phases)
    if not phases:
        delattr(network, _PHASES)


@contextmanager
def called_through(network: Any, call: Callable[..., Any]) -> Iterator[None]:
    """While it is open, calls of `network` go through `call`, around graphs that may be open.

    Args:
        network: What is called.
        call: Gets the network and what its calls went to before, then their arguments.
    """
    before = vars(network).get("forward")
    network.forward = partial(call, network, network.forward)
    try:
        yield
    finally:
        del network.forward
        if before is not None:
            network.forward = before


def forget_graphs() -> None:
    """Free all graphs, and the memory that they share."""
    _kept.clear()


def _can_be_recorded(network: nn.Module) -> bool:
    first = next(network.parameters(), None)
    return first is not None and first.is_cuda and "forward" not in network.__dict__


def _state(network: nn.Module) -> Hashable:
    """What a graph holds for good: where the weights lie, what hangs on the layers, switches."""
    weights = tuple(tensor.data_ptr() for tensor in network.parameters())
    layers = tuple(
        (*layer._forward_hooks, *layer._forward_pre_hooks, *map(layer.__dict__.get, _CHANGES))
        for layer in network.modules() if layer is not network
    )  # fmt: skip
    switches = tuple(switch.read() for switch in SWITCHES)
    return weights, layers, switches


def _call(
    network: nn.Module, kept: _Kept, forward: Callable[..., Any], *args: Any, **options: Any
) -> Any:
    leaves, shape = pytree.tree_flatten((args, options))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    key = (
        *sorted(vars(network).get(_PHASES, {}).items()),
        str(shape),
        tuple((*leaf.shape, leaf.dtype) if isinstance(leaf, torch.Tensor) else leaf
              for leaf in leaves),
    )  # fmt: skip
    if (graph := kept.graphs.get(key)) is not None:
        return graph.replay(tensors)
    if key in kept.graphs and kept.fits:
        graph = _recorded(forward, leaves, shape)
        if graph is not None:
            kept.graphs[key] = graph
            return graph.replay(tensors)
        kept.fits = False
    if len(kept.graphs) >= KEPT:
        kept.graphs.pop(next(iter(kept.graphs)))
    kept.graphs[key] = None
    return forward(*args, **options)


def _recorded(forward: Callable[..., Any], leaves: list[Any], shape: Any) -> _Graph | None:
    """Record one call, or None where the memory is too small for that."""
    device = next(leaf.device for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.is_cuda)
    places = [_place(leaf, device) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
    args, options = pytree.tree_unflatten(places, shape)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, pool=_memory(), capture_error_mode="thread_local"):
            output = forward(*args, **options)
    except Exception as error:
        if not is_lack_of_memory(error):
            raise
        torch.cuda.empty_cache()
        return None
    return _Graph(graph, [place for place in places if isinstance(place, torch.Tensor)], output)


def _memory() -> Any:
    """That of all graphs: they never run at the same time, and outputs are copied."""
    graphs = (one for kept in _kept.values() for one in kept.graphs.values() if one is not None)
    return next((one.graph.pool() for one in graphs), None)


def _place(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    place = torch.empty_like(tensor, device=device)
    _put(place, tensor)
    return place


def _put(place: torch.Tensor, tensor: torch.Tensor) -> None:
    """Copy without waiting for the device: a single number, such as a timestep, as an argument."""
    if tensor.device.type == "cpu" and tensor.dim() == 0:
        place.fill_(tensor.item())
    else:
        place.copy_(tensor, non_blocking=True)


class Pace:
    """Lets Python run ahead of the device by two steps and no more.

    Ahead, so that the device never waits; no more, so that progress is told as it is made, and a
    wish to stop is heard.
    """

    def __init__(self, device: torch.device) -> None:
        self._is_cuda = device.type == "cuda"
        self._steps: deque[torch.cuda.Event] = deque()

    def keep(self) -> None:
        """A step was launched; wait until the one two before it is done."""
        if self._is_cuda:
            self._steps.append(torch.cuda.current_stream().record_event())
            if len(self._steps) > 2:
                self._steps.popleft().synchronize()
