"""How many bytes of tensors are alive at most while something runs; on the meta device, too."""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode


class _Followed(TorchDispatchMode):
    """Counts storages from when an operation gives them until nobody holds them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._alive: dict[int, Any] = {}

    def __torch_dispatch__(self, operation, types, args=(), options=None):
        found = operation(*args, **(options or {}))
        pytree.tree_map_only(torch.Tensor, self._seen, found)
        return found

    def _seen(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._alive:
            return

        def gone(_: Any) -> None:
            self.now -= size
            self._alive.pop(key, None)

        self._alive[key] = weakref.ref(storage, gone)
        self.now += size
        self.most = max(self.most, self.now)


class _AttentionInOnePiece(TorchFunctionMode):
    """As the kernels of real devices do it: nothing but the outcome is allocated."""

    def __torch_function__(self, function, types, args=(), options=None):
        if function is functional.scaled_dot_product_attention:
            return torch.empty_like(args[0] if args else options["query"])
        return function(*args, **(options or {}))


def most_alive(run: Callable[[], Any]) -> int:
    """Bytes of what operations in `run` made, at the fullest moment."""
    with torch.inference_mode(), _AttentionInOnePiece(), _Followed() as followed:
        run()
    return followed.most
