"""Which attention kernel the network really uses: torch chooses one by shape, format and device."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend
from torch.overrides import TorchFunctionMode

from sdgen.engine.environment import allowed_kernels
from sdgen.engine.families import network_of
from sdgen.engine.loader import LoadedModel


class _Watch(TorchFunctionMode):
    """Within it, each call of torch's attention leaves the name of its kernel in `seen`."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Look, and pass the call on."""
        if func is torch.nn.functional.scaled_dot_product_attention:
            self.seen.add(_chosen(*args, **(kwargs or {})))
        return func(*args, **(kwargs or {}))


def _chosen(*args: Any, **kwargs: Any) -> str:
    """The kernel that torch takes for these arguments: flash, efficient, cudnn or math."""
    number = torch._fused_sdp_choice(*args, **kwargs)
    return SDPBackend(number).name.removesuffix("_ATTENTION").lower()


def kernel_used(loaded: LoadedModel, shape: tuple[int, ...]) -> str:
    """What the network uses in a call of `shape` (several joined by +); it was watched before."""
    return loaded.attention[_key(shape)]


def _key(shape: tuple[int, ...]) -> tuple[object, ...]:
    """What torch's choice depends on, for one model."""
    return shape, allowed_kernels()


@contextmanager
def watched_attention(loaded: LoadedModel, shape: tuple[int, ...]) -> Iterator[None]:
    """Note in `loaded.attention` what the first call of this shape uses; later ones are known.

    Only one call is watched, since watching costs time on every operation of torch. `shape` is all
    that decides what the network gets: the latents, the text, and whether there is a negative one.
    """
    key = _key(shape)
    if key in loaded.attention:
        yield
        return
    watch, opened, network = _Watch(), ExitStack(), network_of(loaded.pipeline)

    def begin(*_: Any) -> None:
        before.remove()
        opened.enter_context(watch)

    def end(_: Any, __: Any, output: Any) -> None:
        after.remove()
        opened.close()
        if output is not None:  # else the call failed, perhaps before all was seen
            loaded.attention[key] = "+".join(sorted(watch.seen)) or "none"

    before = network.register_forward_pre_hook(begin)
    after = network.register_forward_hook(end, always_call=True)
    try:
        yield
    finally:
        before.remove()
        after.remove()
