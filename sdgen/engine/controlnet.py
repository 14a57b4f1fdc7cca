"""ControlNets on a loaded model: before each call of the UNet they say what is added inside it.

The UNet and the pipeline stay what they are. A hook gives the UNet's call two arguments more, which
diffusers adds to what its down blocks and its middle give; so every feature of a call holds with a
ControlNet as without one, and when the call is over nothing is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from diffusers import ControlNetModel
from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint
from torch import Tensor

from sdgen.engine.loader import LoadedModel, layout_of
from sdgen.engine.packed import packed
from sdgen.engine.tensors import fitting, tensors_of
from sdgen.engine.tiling import seamless
from sdgen.errors import ModelError
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.models.controlnet import ASK, LDM_PREFIX
from sdgen.models.finding import AddedFile
from sdgen.recipe.control import Guide, guides_of, parse_control
from sdgen.recipe.settings import Settings
from sdgen.sources.preparing import guiding_picture

_KEPT = "controlnet"

_AS_THE_UNET = (
    "flip_sin_to_cos", "freq_shift", "only_cross_attention", "block_out_channels",
    "layers_per_block", "downsample_padding", "mid_block_scale_factor", "act_fn",
    "norm_num_groups", "norm_eps", "cross_attention_dim", "encoder_hid_dim",
    "encoder_hid_dim_type", "attention_head_dim", "num_attention_heads", "use_linear_projection",
    "class_embed_type", "addition_embed_type", "addition_time_embed_dim", "num_class_embeds",
    "upcast_attention", "resnet_time_scale_shift", "projection_class_embeddings_input_dim",
)  # fmt: skip
"""What a ControlNet has from the UNet that it was made for; the rest its tensors tell."""


@contextmanager
def with_controlnets(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open the model has the ControlNets of `settings`, which `steered` puts to work.

    Raises:
        ModelError: One does not fit the model.
        LackOfMemoryError: One does not fit the memory.
    """
    if not settings.controlnet:
        yield loaded
        return
    files = _files(model, settings)
    unique = {file.sha256: file for file in files}
    kept = loaded.keeping(
        _KEPT, tuple(unique), lambda: {k: _load(loaded.pipeline, f) for k, f in unique.items()}
    )
    yield replace(loaded, controlnets=tuple(kept[file.sha256] for file in files))


def controlnet_records(model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the ControlNets of `settings`, each once."""
    found = dict.fromkeys(_files(model, settings) if settings.controlnet else ())
    return [
        AddedRecord(kind="controlnet", name=one.name, sha256=one.sha256, modules=1) for one in found
    ]


def _files(model: LocalModel, settings: Settings) -> list[AddedFile]:
    by_name = {one.name: one for one in model.controlnets}
    names = [parse_control(text).source for text in settings.controlnet]
    for name in names:
        if name not in by_name:
            raise ModelError(f"the ControlNet {name!r} is not at hand", hint=ASK)
    return [by_name[name] for name in names]


def _load(pipeline: Any, file: AddedFile) -> Any:
    """The network, on the device of the pipeline, in its number format and layout."""
    unet, tensors = pipeline.unet, tensors_of(file)
    with fitting(f"{file.name} was made for another model"):
        if "controlnet_mid_block.weight" not in tensors:
            plain = {name.removeprefix(LDM_PREFIX): one for name, one in tensors.items()}
            tensors = convert_controlnet_checkpoint(plain, dict(unet.config))
        network = ControlNetModel(**_config(unet.config, tensors))
        network.load_state_dict(tensors, strict=True)
    if network.config.in_channels != pipeline.vae.config.latent_channels:
        raise ModelError(f"{file.name} was made for a model that repaints, and takes no pictures")
    layout = torch.channels_last if layout_of(pipeline) == "channels_last" else None
    network = network.to(device=pipeline._execution_device, dtype=unet.dtype)
    network = network.to(memory_format=layout) if layout is not None else network
    return network.eval().requires_grad_(requires_grad=False)


def _config(unet: Any, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What `ControlNetModel` is built from: as the UNet is, and what the tensors tell.

    Raises:
        KeyError: They have no way in.
    """
    way_in = "controlnet_cond_embedding."
    levels = range(len(unet.block_out_channels))
    depths = [_depth(tensors, f"down_blocks.{level}.") for level in levels]
    middle = _depth(tensors, "mid_block.")
    steps = sum(n.startswith(f"{way_in}blocks.") and n.endswith(".weight") for n in tensors) // 2
    return {
        **{name: unet[name] for name in _AS_THE_UNET},
        "in_channels": tensors["conv_in.weight"].shape[1],
        "conditioning_channels": tensors[f"{way_in}conv_in.weight"].shape[1],
        "conditioning_embedding_out_channels": (
            len(tensors[f"{way_in}conv_in.weight"]),
            *(len(tensors[f"{way_in}blocks.{2 * step + 1}.weight"]) for step in range(steps)),
        ),
        "down_block_types": tuple(
            "CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths
        ),
        "mid_block_type": "UNetMidBlock2DCrossAttn" if middle else "UNetMidBlock2D",
        "transformer_layers_per_block": (*(max(1, d) for d in depths[:-1]),
                                         max(1, depths[-1], middle)),
    }  # fmt: skip


def _depth(tensors: Mapping[str, Tensor], block: str) -> int:
    """Layers of the first transformer in a block; 0 where there is none."""
    start = f"{block}attentions.0.transformer_blocks."
    return len({n.removeprefix(start).partition(".")[0] for n in tensors if n.startswith(start)})


@contextmanager
def steered(loaded: LoadedModel, rows: Sequence[Settings]) -> Iterator[Sequence[Any]]:
    """While it is open, the ControlNets of `loaded` act in each call of the UNet.

    Args:
        loaded: From `with_controlnets`.
        rows: Of the call; each has its own pictures.

    Yields:
        The networks, each once, which may be played from graphs.
    """
    if not loaded.controlnets:
        yield ()
        return
    networks = tuple(dict.fromkeys(loaded.controlnets))
    with ExitStack() as undo:
        for network in networks:
            undo.enter_context(seamless(network, rows[0].tiling))
            undo.enter_context(packed(network))
        hook = loaded.pipeline.unet.register_forward_pre_hook(
            _Steering(loaded, rows), with_kwargs=True
        )
        undo.callback(hook.remove)
        yield networks


@dataclass(frozen=True, slots=True)
class _Unit:
    """A ControlNet, how it is asked, and what it sees: shape (rows, 3, height, width), 0 to 1."""

    network: Any
    guide: Guide
    picture: Tensor


class _Steering:
    """A hook before the UNet's calls, of which there is one for each timestep.

    Source: Zhang, Rao, Agrawala 2023, Adding Conditional Control to Text-to-Image Diffusion Models
    (arXiv 2302.05543); when it acts and what guessing means is as in diffusers' pipelines.
    """

    def __init__(self, loaded: LoadedModel, rows: Sequence[Settings]) -> None:
        self._pipeline, self._rows = loaded.pipeline, len(rows)
        self._guesses, self._calls = rows[0].control_mode == "guess", 0
        every = [guides_of(row) for row in rows]
        self._units = [
            _Unit(network, every[0][n], _seen(network, [guides[n] for guides in every], rows))
            for n, network in enumerate(loaded.controlnets)
        ]

    def __call__(self, _: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Add what the ControlNets say to the arguments of the call."""
        steps = self._pipeline.num_timesteps
        begun, done = self._calls / steps, (self._calls + 1) / steps
        self._calls += 1
        acting = [one for one in self._units if _acts(one.guide, begun, done)]
        if not acting:
            return given, named
        said = [self._said(unit, given, named) for unit in acting]
        down = [sum(level[1:], level[0]) for level in zip(*(one[0] for one in said), strict=True)]
        middle = sum((one[1] for one in said[1:]), said[0][1])
        more = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        return given, {**named, **more}

    def _said(
        self, unit: _Unit, given: tuple[Any, ...], named: Mapping[str, Any]
    ) -> tuple[list[Tensor], Tensor]:
        """What one network adds: a tensor for each level going down, and one for the middle.

        Guessing, it sees and changes the half with the prompt only, the second one.
        """
        sample, timestep = given
        text, added = named["encoder_hidden_states"], dict(named.get("added_cond_kwargs") or {})
        added.pop("image_embeds", None)
        is_half = self._guesses and len(sample) == 2 * self._rows
        if is_half:
            sample, text = _second(sample), _second(text)
            added = {name: _second(one) for name, one in added.items()}
        picture = unit.picture.repeat(len(sample) // self._rows, 1, 1, 1)
        down, middle = unit.network(
            sample, timestep, encoder_hidden_states=text, controlnet_cond=picture,
            conditioning_scale=unit.guide.entry.scale, guess_mode=self._guesses,
            added_cond_kwargs=added, return_dict=False,
        )  # fmt: skip
        if is_half:
            return [_beside_nothing(one) for one in down], _beside_nothing(middle)
        return list(down), middle


def _acts(guide: Guide, begun: float, done: float) -> bool:
    """Whether a step from the share `begun` to `done` of all lies within its part."""
    return guide.entry.start <= begun and done <= guide.entry.end


def _second(tensor: Tensor) -> Tensor:
    return tensor.chunk(2)[1]


def _beside_nothing(tensor: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(tensor), tensor])


def _seen(network: Any, guides: Sequence[Guide], rows: Sequence[Settings]) -> Tensor:
    """The pictures of one ControlNet as it takes them, one for each row."""
    pictures = [
        torch.from_numpy(np.asarray(guiding_picture(guide, row), np.float32) / 255)
        for guide, row in zip(guides, rows, strict=True)
    ]
    stacked = torch.stack(pictures).permute(0, 3, 1, 2).contiguous()
    return stacked.to(device=network.device, dtype=network.dtype)
