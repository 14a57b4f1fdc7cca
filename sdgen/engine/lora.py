"""LoRAs on a loaded model: hooks on its layers, which are gone when the call is over.

The model's own weights are never touched, so that a picture drawn without a LoRA after one drawn
with it has the same bits as before. That is why nothing is fused, and the layers are not replaced.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sdgen.engine.families import network_of
from sdgen.engine.loader import LoadedModel
from sdgen.engine.prompts import TextCache
from sdgen.engine.tensors import tensors_of
from sdgen.errors import ModelError
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile
from sdgen.models.lora import scaled
from sdgen.models.lora_keys import PARTS, Pair, Place, flat_path, read_names
from sdgen.recipe.loras import LoraEntry
from sdgen.recipe.settings import Settings


class Change:
    """What a LoRA adds to the outcome of one layer: `up(down(x))`, scaled.

    Args:
        layer: A linear layer or a convolution.
        down: Shape (rank, inputs), or (rank, inputs, height, width) on a convolution.
        up: Shape (outputs, rank), or (outputs, rank, 1, 1), times the scale.
    """

    def __init__(self, layer: nn.Module, down: Tensor, up: Tensor) -> None:
        self.layer, self.down, self.up = layer, down, up

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor, ...], outcome: Tensor) -> Tensor:
        """As a forward hook of the layer."""
        x = inputs[0]
        if self.down.device != x.device:  # an offloaded model computes elsewhere than it lies
            self.down, self.up = self.down.to(x.device), self.up.to(x.device)
        if isinstance(layer, nn.Conv2d):  # in the layer's own way, which may be seamless
            return outcome + functional.conv2d(layer._conv_forward(x, self.down, None), self.up)
        return outcome + functional.linear(functional.linear(x, self.down), self.up)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA that fits a loaded model: what it changes there, and what the record says of it."""

    changes: Sequence[Change]
    record: AddedRecord


@dataclass(frozen=True, slots=True)
class Added:
    """What was added to the model last, and the embeddings of prompts with it."""

    adapters: tuple[Adapter, ...]
    texts: TextCache


def added_to(loaded: LoadedModel, model: LocalModel, settings: Settings) -> tuple[Adapter, ...]:
    """The LoRAs of `settings`, read and fitted to `loaded`, to which nothing happens yet.

    Raises:
        ModelError: One does not fit the model.
        LackOfMemoryError: One does not fit the memory.
    """
    return _added(loaded, scaled(settings, model)).adapters


@contextmanager
def with_added(loaded: LoadedModel, model: LocalModel, settings: Settings) -> Iterator[LoadedModel]:
    """While it is open the model draws with the LoRAs of `settings`; afterwards as before.

    Raises:
        ModelError: One does not fit the model.
        LackOfMemoryError: One does not fit the memory.
    """
    asked = scaled(settings, model)
    if not asked:
        yield loaded
        return
    added = _added(loaded, asked)
    with ExitStack() as hooks:
        for adapter in added.adapters:
            for change in adapter.changes:
                hooks.callback(change.layer.register_forward_hook(change).remove)
        yield replace(loaded, texts=added.texts)


def notices_of(adapters: Sequence[Adapter]) -> list[str]:
    """What of the LoRAs finds no place in the model."""
    return [
        f"{record.name}: {record.left_out} of its {record.left_out + record.modules} layers are "
        "not in this model and are left out"
        for record in (adapter.record for adapter in adapters)
        if record.left_out
    ]


def _added(loaded: LoadedModel, asked: Sequence[tuple[AddedFile, LoraEntry]]) -> Added:
    """From what was added last, where it is the same."""

    def fitted() -> Added:
        layers = _layers(loaded.pipeline) if asked else {}
        return Added(tuple(_fitted(lora, entry, layers) for lora, entry in asked), TextCache())

    key = tuple((lora.sha256, str(entry)) for lora, entry in asked)
    return loaded.keeping("lora", key, fitted)


def _layers(pipeline: Any) -> dict[Place, nn.Module]:
    """Every layer that a LoRA may change, by its place."""
    found: dict[Place, nn.Module] = {}
    for part in PARTS:
        whole = network_of(pipeline) if part == "unet" else getattr(pipeline, part, None)
        for path, layer in whole.named_modules() if whole is not None else ():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                found[part, flat_path(path)] = layer
    return found


def _fitted(lora: AddedFile, entry: LoraEntry, layers: Mapping[Place, nn.Module]) -> Adapter:
    tensors = tensors_of(lora)
    contents = read_names(tensors)
    here = {place: pair for place, pair in contents.pairs.items() if place in layers}
    if not here:
        raise ModelError(
            f"{lora.name} was made for another model: this one has none of its "
            f"{len(contents.pairs)} layers"
        )
    changes = [
        _change(lora.name, place, layers[place], pair, tensors, _scale_of(entry, place))
        for place, pair in here.items()
    ]
    record = AddedRecord(
        kind="lora",
        name=lora.name,
        sha256=lora.sha256,
        tensors_sha256=lora.tensors_sha256 or None,
        repository=lora.repository or None,
        revision=lora.revision or None,
        file=lora.file or None,
        modules=len(here),
        left_out=len(contents.pairs) - len(here),
    )
    return Adapter([one for one in changes if one.up.any()], record)  # 0 is as without


def _scale_of(entry: LoraEntry, place: Place) -> float:
    return entry.unet_scale if place[0] == "unet" else entry.text_scale


def _change(
    name: str, place: Place, layer: nn.Module, pair: Pair, tensors: Mapping[str, Tensor],
    scale: float,
) -> Change:  # fmt: skip
    weight: Tensor = layer.weight  # type: ignore[assignment]
    down, up = (_as_on(weight, tensors[matrix]) for matrix in (pair.down, pair.up))
    if not _fits(weight, down, up):
        raise ModelError(
            f"{name} was made for another model: it changes {'.'.join(place)} from {_sizes(down)} "
            f"to {_sizes(up)}, and that is {_sizes(weight)} here"
        )
    alpha = tensors[pair.alpha] if pair.alpha else torch.tensor(down.shape[0])
    if alpha.numel() != 1:
        raise ModelError(f"{name} is damaged: {pair.alpha} is not one number")
    factor = scale * alpha.item() / down.shape[0]
    return Change(layer, down.to(weight), (up.float() * factor).to(weight))


def _sizes(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def _as_on(weight: Tensor, tensor: Tensor) -> Tensor:
    """A matrix as a convolution of one pixel, or the other way round, as the layer is."""
    if weight.ndim == 4 and tensor.ndim == 2:
        return tensor[:, :, None, None]
    if weight.ndim == 2 and tensor.ndim == 4 and tensor.shape[2:] == (1, 1):
        return tensor[:, :, 0, 0]
    return tensor


def _fits(weight: Tensor, down: Tensor, up: Tensor) -> bool:
    """Whether `up @ down` has the shape of `weight`."""
    if not down.ndim == up.ndim == weight.ndim or not 0 < down.shape[0] == up.shape[1]:
        return False
    is_point = weight.ndim == 2 or up.shape[2:] == (1, 1)
    return is_point and (up.shape[0], *down.shape[1:]) == tuple(weight.shape)
