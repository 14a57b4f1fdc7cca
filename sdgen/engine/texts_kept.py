"""What cross-attention makes of a prompt is the same in every step, and is made once a picture.

Keys and values are products of the prompt's embedding, which the steps of a picture share. The same
products are used again, so that no bit changes. They stay where they are from picture to picture,
since CUDA graphs look for them there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from sdgen.engine.graphs import called_through, in_phase

KEPT = 2
"""Shapes of embeddings whose products are kept on a GPU; one takes 55 MB at most (SDXL, fp16)."""

_serial = count()
_known: "WeakKeyDictionary[nn.Module, _Texts]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Products:
    """One tensor for each layer, shape (rows, tokens, width); no two of these have one number."""

    of: dict[nn.Module, torch.Tensor] = field(default_factory=dict)
    number: int = field(default_factory=lambda: next(_serial))


@contextmanager
def texts_kept(unet: Any) -> Iterator["_Texts | None"]:
    """While it is open, the layers of `unet` that see the prompt answer with what is kept.

    Args:
        unet: A network of diffusers. One that somebody else calls in its own way (offloading), or
            that makes something else of the prompt first, is left alone.

    Yields:
        What makes the products, in `texts_seen`.
    """
    layers = _layers(unet)
    if not layers:
        yield None
        return
    texts = _known.setdefault(unet, _Texts())
    texts.begin(layers)
    try:
        yield texts
    finally:
        for layer in layers:
            del layer.forward
        texts.end()


@contextmanager
def texts_seen(unet: Any, texts: "_Texts | None") -> Iterator[None]:
    """While it is open, `unet` is called with its products made. Goes around CUDA graphs."""
    if texts is None:
        yield
        return
    try:
        with called_through(unet, texts.call):
            yield
    finally:
        in_phase(unet, "texts", None)


class _Texts:
    """The products of one network, and of which embedding they are.

    Kept with the network from picture to picture, so that graphs that were recorded stay right.
    """

    def __init__(self) -> None:
        self._answers: dict[nn.Module, Callable[[torch.Tensor], torch.Tensor]] = {}
        self._makers: dict[nn.Module, Callable[[torch.Tensor], torch.Tensor]] = {}
        self._kept: dict[Any, _Products] = {}
        self._now: _Products | None = None
        self._embedding: torch.Tensor | None = None

    def begin(self, layers: Sequence[Any]) -> None:
        """A picture begins; each layer gets an answer of its own instead of its product.

        It is the same one each time, by which graphs know that nothing has changed.
        """
        self._makers = {layer: layer.forward for layer in layers}
        for layer in layers:
            layer.forward = self._answers.setdefault(layer, partial(self._answer, layer))

    def call(
        self,
        unet: Any,
        forward: Callable[..., Any],
        *args: Any,
        encoder_hidden_states: torch.Tensor,
        **options: Any,
    ) -> Any:
        """One call; the products are made anew when the embedding is another one."""
        if encoder_hidden_states is not self._embedding:
            self._make(encoder_hidden_states)
            self._embedding = encoder_hidden_states
        assert self._now is not None
        in_phase(unet, "texts", self._now.number)
        return forward(*args, encoder_hidden_states=encoder_hidden_states, **options)

    def end(self) -> None:
        """The picture is done; only a GPU's products stay, for its graphs."""
        if self._embedding is not None and not self._embedding.is_cuda:
            self._kept.clear()
        self._now = self._embedding = None

    def _make(self, embedding: torch.Tensor) -> None:
        key = (*embedding.shape, embedding.dtype, embedding.device)
        self._now = self._kept.pop(key, None) or _Products()
        self._kept[key] = self._now
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)))
        for layer, make in self._makers.items():
            product = make(embedding)
            if layer in self._now.of:
                self._now.of[layer].copy_(product)
            else:
                self._now.of[layer] = product

    def _answer(self, layer: nn.Module, _: torch.Tensor) -> torch.Tensor:
        assert self._now is not None
        return self._now.of[layer]


def _layers(unet: Any) -> list[nn.Linear]:
    """Those that make keys and values of the embedding as it is given to `unet`.

    Hooks on them, as a LoRA has, come after what is kept, as they come after a layer.
    """
    if not isinstance(unet, UNet2DConditionModel) or "forward" in vars(unet):
        return []
    if unet.config.get("encoder_hid_dim_type") not in _UNCHANGED:
        return []
    found = []
    for layer in unet.modules():
        if getattr(layer, "is_cross_attention", False):
            if layer.norm_cross or layer.add_k_proj is not None:
                return []
            found += [layer.to_k, layer.to_v]
    return [] if any("forward" in vars(layer) for layer in found) else found


_UNCHANGED = (None, "ip_image_proj")
"""Kinds of UNets whose layers see the prompt's embedding as it is given."""
