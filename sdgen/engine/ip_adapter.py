"""IP-Adapters on a loaded model: its attention to the text is one to pictures too, for one call.

diffusers computes it. Its own switch leaves other attention processors and a changed configuration
behind; here each is put back. The embeddings of the pictures are given to the UNet's calls by a
hook and not by the pipeline, which would go on with both halves where guidance has ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from torch import Tensor, nn

from sdgen.engine.libraries import transformers
from sdgen.engine.loader import LoadedModel
from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.engine.tensors import fitting, tensors_of
from sdgen.errors import ModelError
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile
from sdgen.models.ip_adapter import ASK, ASK_ENCODER, layers_in
from sdgen.models.weights import check_weights
from sdgen.recipe.ip_adapter import parse_ip, pictures_of
from sdgen.recipe.settings import Settings
from sdgen.sources.store import pixels_named

_KEPT = "ip_adapter"
_TYPE = "encoder_hid_dim_type"
_SEES = "ip_image_proj"
"""What a UNet's configuration calls a projection of pictures."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Image encoder and adapters of a model: what they see is told by `key`, of their files."""

    key: tuple[str, ...]
    encoder: Any
    processor: Any
    projection: Any
    attentions: Mapping[str, nn.Module]


@contextmanager
def with_ip_adapters(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open the model attends to pictures too, which `looking` shows it.

    Raises:
        ModelError: An adapter or the encoder does not fit.
        LackOfMemoryError: They do not fit the memory.
    """
    if not settings.ip_adapter:
        yield loaded
        return
    files, encoder = _files(model, settings)
    key = (encoder.sha256, *(one.sha256 for one in files))
    eyes = loaded.keeping(_KEPT, key, lambda: _load(loaded.pipeline, files, encoder, key))
    scales = [parse_ip(text).scale for text in settings.ip_adapter]
    with _seeing(loaded.pipeline.unet, eyes, scales):
        yield replace(loaded, eyes=eyes)


def ip_adapter_records(model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the IP-Adapters of `settings`, and of their image encoder."""
    if not settings.ip_adapter:
        return []
    files, encoder = _files(model, settings)
    layers = [layers_in(check_weights(one.path, one.path.name)) for one in files]
    return [
        AddedRecord(kind=one.kind, name=one.name, sha256=one.sha256, modules=count)
        for one, count in zip((*files, encoder), (*layers, 1), strict=True)
    ]


def _files(model: LocalModel, settings: Settings) -> tuple[list[AddedFile], AddedFile]:
    by_name = {one.name: one for one in model.ip_adapters}
    names = [parse_ip(text).source for text in settings.ip_adapter]
    for name in names:
        if name not in by_name:
            raise ModelError(f"the IP-Adapter {name!r} is not at hand", hint=ASK)
    if model.image_encoder is None:
        raise ModelError("the image encoder is not at hand", hint=ASK_ENCODER)
    return [by_name[name] for name in names], model.image_encoder


def _load(
    pipeline: Any, files: Sequence[AddedFile], encoder: AddedFile, key: tuple[str, ...]
) -> Eyes:
    unet, device = pipeline.unet, pipeline._execution_device
    network = _encoder(encoder).to(device=device, dtype=unet.dtype)
    side = network.config.image_size
    reader = transformers.CLIPImageProcessorPil(size=side, crop_size=side)
    parts = [_parts(file) for file in files]
    name = ", ".join(file.name for file in files)
    with fitting(f"{name} was made for another model"):
        found = unet._convert_ip_adapter_attn_to_diffusers(parts, low_cpu_mem_usage=False)
        projections = [
            unet._convert_ip_adapter_image_proj_to_diffusers(
                part["image_proj"], low_cpu_mem_usage=False
            )
            for part in parts
        ]
    attentions = {path: one for path, one in found.items() if isinstance(one, nn.Module)}
    projection = MultiIPAdapterImageProjection(projections)
    for part in (projection, *attentions.values()):
        part.to(device=device, dtype=unet.dtype).eval().requires_grad_(requires_grad=False)
    return Eyes(key, network, reader, projection, attentions)


def _parts(file: AddedFile) -> dict[str, dict[str, Tensor]]:
    """The tensors of an adapter in the two parts that diffusers reads."""
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in tensors_of(file).items():
        part, _, rest = name.partition(".")
        if part in parts:
            parts[part][rest] = tensor
    return parts


def _encoder(file: AddedFile) -> Any:
    """CLIP's image encoder, every tensor of which is from the file.

    Raises:
        ModelError: It cannot be loaded, or lacks some.
    """
    tensors = tensors_of(file)
    try:
        config = transformers.CLIPVisionConfig.from_pretrained(
            file.path.parent, local_files_only=True
        )
        network, told = transformers.CLIPVisionModelWithProjection.from_pretrained(
            None, config=config, state_dict=tensors, output_loading_info=True
        )
    except Exception as error:  # transformers reports one cause as many types
        if is_lack_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"the image encoder {file.name} cannot be loaded: {reason}") from error
    if told["missing_keys"]:
        raise ModelError(
            f"the image encoder {file.name} is not whole: it lacks {min(told['missing_keys'])}"
        )
    return network.eval().requires_grad_(requires_grad=False)


@contextmanager
def _seeing(unet: Any, eyes: Eyes, scales: Sequence[float]) -> Iterator[None]:
    """While it is open, the attention of `unet` to texts is one to what `eyes` see too."""
    with ExitStack() as undo:
        undo.callback(setattr, unet.config, _TYPE, getattr(unet.config, _TYPE))
        setattr(unet.config, _TYPE, _SEES)
        _put(unet, "encoder_hid_proj", eyes.projection, undo)
        for path, attention in eyes.attentions.items():
            vars(attention)["scale"] = list(scales)  # a new one each time: graphs look at it
            _put(unet.get_submodule(path.removesuffix(".processor")), "processor", attention, undo)
        yield


def _put(owner: nn.Module, name: str, part: nn.Module, undo: ExitStack) -> None:
    """Set `part` as the attribute `name` of `owner`; what was there comes back in its own place."""
    own = getattr(owner, name)

    def back() -> None:
        delattr(owner, name)
        setattr(owner, name, own)

    setattr(owner, name, part)
    undo.callback(back)


@contextmanager
def looking(loaded: LoadedModel, rows: Sequence[Settings]) -> Iterator[None]:
    """While it is open, the UNet's calls get what the pictures of `rows` are in its eyes.

    Args:
        loaded: From `with_ip_adapters`.
        rows: Of the call; each has its own pictures.
    """
    if loaded.eyes is None:
        yield
        return
    seen = _embeddings(loaded, rows)
    both = [torch.cat([without, with_it]) for with_it, without in seen]

    def shown(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        is_guided = len(given[0]) == 2 * len(rows)
        here = both if is_guided else [with_it for with_it, _ in seen]
        added = {**(named.get("added_cond_kwargs") or {}), "image_embeds": here}
        return given, {**named, "added_cond_kwargs": added}

    hook = loaded.pipeline.unet.register_forward_pre_hook(shown, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _embeddings(loaded: LoadedModel, rows: Sequence[Settings]) -> list[tuple[Tensor, Tensor]]:
    """For each adapter its pictures, and no picture, a row each: as diffusers' pipelines have them.

    Shape (rows, pictures, width), or (rows, pictures, places, width).
    """
    eyes = loaded.eyes
    assert eyes is not None
    every = [pictures_of(row) for row in rows]
    found = []
    for number, projection in enumerate(eyes.projection.image_projection_layers):
        is_plain = isinstance(projection, ImageProjection)
        pairs = [_seen(loaded, eyes, pictures[number], is_plain) for pictures in every]
        with_it, without = (torch.cat(column) for column in zip(*pairs, strict=True))
        found.append((with_it, without))
    return found


def _seen(
    loaded: LoadedModel, eyes: Eyes, pictures: Sequence[str], is_plain: bool
) -> tuple[Tensor, ...]:
    """One row of the above; kept for the next picture that looks at the same."""

    def looked_at() -> tuple[Tensor, Tensor]:
        images = [pixels_named(one) for one in pictures]
        pixels = eyes.processor(images, return_tensors="pt").pixel_values
        pixels = pixels.to(device=loaded.pipeline._execution_device, dtype=eyes.encoder.dtype)
        if is_plain:
            whole = eyes.encoder(pixels).image_embeds[None]
            return whole, torch.zeros_like(whole)
        seen, nothing = (
            eyes.encoder(each, output_hidden_states=True).hidden_states[-2][None]
            for each in (pixels, torch.zeros_like(pixels))
        )
        return seen, nothing

    return loaded.texts.get(("seen", eyes.key[0], is_plain, *pictures), looked_at)
