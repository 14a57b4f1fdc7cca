"""What a safetensors file holds, by the names and shapes of its tensors alone.

The names are those of the code that a model was trained with (Stability's `ldm` and `sgm`), of the
programs that write them, and of diffusers; each rule says which sign it goes by.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.models.embedding import tensors_in
from sdgen.models.folder import read_json
from sdgen.models.layouts import layout_of
from sdgen.models.lora_keys import other_kind, read_names
from sdgen.models.vae import is_vae
from sdgen.models.weights import Tensor

Tensors = Mapping[str, Tensor]

UNET = "model.diffusion_model."
VAE = "first_stage_model."
_FIRST = "input_blocks.0.0.weight"
_CONTEXT = ".attn2.to_k.weight"
"""The end of the name of a layer that reads the text: its width is that of the text encoders."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A text encoder in a file: its part in the pipeline, where its names begin, whose they are."""

    part: str
    prefix: str
    is_open_clip: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one make: a folder of `layouts/`, what people call it, its text encoders."""

    name: str
    shown: str
    encoders: tuple[Encoder, ...]


FAMILIES: tuple[Family, ...] = (
    Family(
        "sdxl",
        "Stable Diffusion XL",
        (
            Encoder("text_encoder", "conditioner.embedders.0.transformer.", is_open_clip=False),
            Encoder("text_encoder_2", "conditioner.embedders.1.model.", is_open_clip=True),
        ),
    ),
    Family(
        "sd2",
        "Stable Diffusion 2",
        (Encoder("text_encoder", "cond_stage_model.model.", is_open_clip=True),),
    ),
    Family(
        "sd1",
        "Stable Diffusion 1",
        (Encoder("text_encoder", "cond_stage_model.transformer.", is_open_clip=False),),
    ),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: a model that draws (`family`), or what it is instead, and what to do.

    `channels` are the UNet's inputs; 9 repaints. `is_v` says that the file itself tells that its
    UNet predicts v, and `is_zero_snr` that it was trained down to a signal of zero.
    """

    family: Family | None = None
    channels: int = 4
    is_v: bool = False
    is_zero_snr: bool = False
    instead: str = ""
    hint: str = ""


def contents_of(tensors: Tensors) -> Contents:
    """What the tensors of these names and shapes are."""
    for sign, words, hint in OTHERS:
        if sign(tensors):
            return Contents(instead=words, hint=hint)
    if UNET + _FIRST not in tensors:
        return Contents(instead=_unknown(tensors))
    family = next((one for one in FAMILIES if _has_all(tensors, one.encoders)), None)
    if family is None:
        return Contents(instead=_without_encoders(tensors), hint=WHOLE)
    if reason := _misfit(tensors, family):
        return Contents(instead=reason)
    if not _begins(tensors, VAE):
        return Contents(instead=f"a {family.shown} model without its VAE", hint=WHOLE)
    return Contents(
        family,
        channels=tensors[UNET + _FIRST].shape[1],
        is_v="v_pred" in tensors,
        is_zero_snr="ztsnr" in tensors,
    )


WHOLE = "get the file that has UNet, text encoders and VAE in one"
_OF_FOLDER = "give the diffusers folder that it belongs to: --model FOLDER"
_PARTS = "such models are drawn from a diffusers folder, which has all parts: --model FOLDER"


def _begins(tensors: Iterable[str], *starts: str) -> bool:
    return any(name.startswith(starts) for name in tensors)


def _holds(*signs: str) -> Callable[[Tensors], bool]:
    """Whether a name has one of `signs` in it."""
    return lambda tensors: any(sign in name for name in tensors for sign in signs)


def _starts(*signs: str) -> Callable[[Tensors], bool]:
    return lambda tensors: _begins(tensors, *signs)


def _is_sd3(tensors: Tensors) -> bool:
    return _begins(tensors, f"{UNET}joint_blocks.", "joint_blocks.")


def _is_flux(tensors: Tensors) -> bool:
    return _begins(tensors, f"{UNET}double_blocks.", "double_blocks.")


def _lacks_t5(tensors: Tensors) -> bool:
    return not any("t5xxl" in name for name in tensors)


def _is_refiner(tensors: Tensors) -> bool:
    """The refiner has the large text encoder alone, where base models have the small one first."""
    return UNET + _FIRST in tensors and _begins(tensors, "conditioner.embedders.0.model.")


def _is_unclip(tensors: Tensors) -> bool:
    return f"{UNET}label_emb.0.0.weight" in tensors and _begins(tensors, "cond_stage_model.")


def _takes(channels: int) -> Callable[[Tensors], bool]:
    def sign(tensors: Tensors) -> bool:
        first = tensors.get(UNET + _FIRST)
        return first is not None and len(first.shape) == 4 and first.shape[1] == channels

    return sign


def _is_lora(tensors: Tensors) -> bool:
    names = [name for name in tensors if not name.startswith(UNET)]
    return UNET + _FIRST not in tensors and bool(read_names(names).pairs or other_kind(names))


def _is_vae_alone(tensors: Tensors) -> bool:
    return is_vae(tensors) and UNET + _FIRST not in tensors


_NO_T5 = "without T5, the largest of its text encoders"

OTHERS: tuple[tuple[Callable[[Tensors], bool], str, str], ...] = (
    (lambda tensors: not tensors, "a file without tensors", "get the model again"),
    (
        _holds("control_model.", "controlnet_cond_embedding.", "input_hint_block.", "lllite_"),
        "a ControlNet, not a model",
        "let it guide one: --controlnet FILE",
    ),
    (_starts("adapter.body.", "body.0.block1."), "a T2I-Adapter, which steers a model", ""),
    (
        _starts("ip_adapter.", "image_proj."),
        "an IP-Adapter, not a model",
        "let it guide one: --ip-adapter FILE",
    ),
    (
        lambda tensors: _is_sd3(tensors) and _lacks_t5(tensors),
        f"a Stable Diffusion 3 model {_NO_T5}",
        _PARTS,
    ),
    (_is_sd3, "a Stable Diffusion 3 model in one file", _PARTS),
    (
        lambda tensors: _is_flux(tensors) and _lacks_t5(tensors),
        f"a FLUX model {_NO_T5}",
        _PARTS,
    ),
    (_is_flux, "a FLUX model in one file", _PARTS),
    (
        _is_refiner,
        "the refiner of Stable Diffusion XL, which goes over pictures of the base model",
        "draw with a base model; --hires-scale goes over its pictures",
    ),
    (
        _holds("edm_vpred.sigma_max", "edm_mean"),
        "a model in the EDM formulation (CosXL, Playground 2.5), which sdgen does not draw with",
        "",
    ),
    (_is_unclip, "a Stable unCLIP model, which draws variations of pictures", ""),
    (_takes(8), "an InstructPix2Pix model, which changes pictures as it is told", ""),
    (_takes(5), "a depth-to-image model, which needs a map of depths", ""),
    (_takes(7), "an upscaler of Stable Diffusion, which enlarges pictures", ""),
    (_is_lora, "a LoRA, not a model", "add it to one: --lora FILE"),
    (_is_vae_alone, "a VAE, not a whole model", "let it decode a model's pictures: --vae FILE"),
    (
        lambda tensors: bool(tensors_in(tensors)),
        "an embedding, not a model",
        "add it to one: --embedding FILE",
    ),
    (_starts(_FIRST), "the UNet of a model alone", WHOLE),
    (
        _starts("conv_in.", "down_blocks.", "transformer_blocks.", "single_transformer_blocks."),
        "one part of a diffusers folder, not a whole model",
        _OF_FOLDER,
    ),
    (
        _holds("rdb1.conv1.", "RDB1.conv1."),
        "an upscaler of the ESRGAN family, not a model that draws",
        "enlarge with it: --upscaler FILE, or sdgen upscale --with FILE",
    ),
    (
        lambda tensors: (
            UNET + _FIRST not in tensors
            and _holds("text_model.encoder.layers.0.", "resblocks.0.", "SelfAttention.q.")(tensors)
        ),
        "a text encoder alone",
        _OF_FOLDER,
    ),
)
"""What else such files are, the first sign that holds: the sign, in words, and what to do."""


def _has_all(tensors: Tensors, encoders: Iterable[Encoder]) -> bool:
    return all(_begins(tensors, one.prefix) for one in encoders)


def _without_encoders(tensors: Tensors) -> str:
    width = _context_width(tensors)
    family = next(
        (one.shown for one in FAMILIES if _config(one)["cross_attention_dim"] == width), ""
    )
    return f"a {family} model without text encoder" if family else "a model without text encoder"


def _misfit(tensors: Tensors, family: Family) -> str:
    """Why the UNet is not one of `family`, though the text encoders are; empty where it is."""
    config = _config(family)
    first = tensors[UNET + _FIRST].shape
    here = (first[0] if len(first) == 4 else 0, _context_width(tensors))
    usual = (config["block_out_channels"][0], config["cross_attention_dim"])
    if here != usual:
        return f"a relative of {family.shown} with other layers ({here} for {usual})"
    if first[1] not in (4, 9):
        return f"a {family.shown} model of {first[1]} channels, whose meaning sdgen does not know"
    return ""


def _context_width(tensors: Tensors) -> int:
    """The width of the texts that the UNet reads; 0 where it reads none."""
    found = (one.shape for name, one in tensors.items() if name.endswith(_CONTEXT))
    shape = next(found, ())
    return shape[1] if len(shape) == 2 else 0


def _config(family: Family) -> dict[str, Any]:
    return read_json(layout_of(family.name) / "unet/config.json", "unet/config.json")


def _unknown(tensors: Tensors) -> str:
    return f"nothing that sdgen knows: {len(tensors)} tensors, such as {min(tensors)!r}"
