"""What a LoRA file calls its tensors: kohya's, diffusers' and peft's names, read alike.

A LoRA changes a linear layer or a convolution W to W + alpha / rank * up @ down. Files differ in
how they write the layer's place and the two matrices. Here every place is written one way: the part
of the pipeline, and the layer's path in it with `_` for each dot, less what only some versions of
the libraries have in it (`processor`, `text_model`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Place = tuple[str, str]
"""Part of the pipeline and flat path: `("unet", "mid_block_attentions_0_proj_in")`.

A transformer that stands where the UNet does goes by its name, as in many files."""

Side = Literal["down", "up", "alpha"]

PARTS = ("unet", "text_encoder", "text_encoder_2")

_SIDE = re.compile(
    r"(?P<module>.+?)(?:[._]lora_linear_layer|[._]lora)?"
    r"[._](?:lora_)?(?P<side>down|up|A|B)(?:\.default)?\.weight"
)
_ALPHA = re.compile(r"(?P<module>.+)\.(?:lora_)?alpha")
_SIDES: dict[str, Side] = {"down": "down", "A": "down", "up": "up", "B": "up"}

_PREFIXES = (
    ("lora_unet_", "unet"), ("unet_", "unet"), ("diffusion_model_", "unet"),
    ("lora_te1_", "text_encoder"), ("lora_te2_", "text_encoder_2"), ("lora_te_", "text_encoder"),
    ("text_encoder_2_", "text_encoder_2"), ("text_encoder_", "text_encoder"),
    ("transformer_", "unet"),
)  # fmt: skip
_UNET_BLOCKS = ("down_blocks_", "mid_block_", "up_blocks_", "input_blocks_", "middle_block_",
                "output_blocks_")  # fmt: skip
_TRANSFORMER_BLOCKS = ("transformer_blocks_", "single_transformer_blocks_")

OTHER_KINDS = {
    "hada_": "LoHa", "lokr_": "LoKr", "lora_mid": "a LoRA in Tucker form", "dora_scale": "DoRA",
    "lora_magnitude_vector": "DoRA", "oft_blocks": "OFT", "ia3": "IA3", ".diff": "full weights",
}  # fmt: skip
"""Words in names of tensors → what else they are, which cannot be added as two matrices."""


@dataclass(slots=True)
class Pair:
    """The tensors, by their names in the file, that change one layer."""

    down: str = ""
    up: str = ""
    alpha: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """The layers that a file changes, and its tensors that say nothing to us."""

    pairs: dict[Place, Pair]
    unread: tuple[str, ...]


def other_kind(names: Iterable[str]) -> str:
    """What the file is, in words, if it is a relative of a LoRA that sdgen does not draw with."""
    listed = list(names)
    return next((k for sign, k in OTHER_KINDS.items() if any(sign in n for n in listed)), "")


def read_names(names: Iterable[str]) -> Contents:
    """Sort the names of a file's tensors into pairs; one without its partner is unread."""
    pairs: dict[Place, Pair] = {}
    unread = []
    for name in names:
        found = _place_and_side(name)
        if found is None:
            unread.append(name)
        else:
            setattr(pairs.setdefault(found[0], Pair()), found[1], name)
    whole = {place: pair for place, pair in pairs.items() if pair.down and pair.up}
    for place, pair in pairs.items():
        if place not in whole:
            unread += filter(None, (pair.down, pair.up, pair.alpha))
    return Contents(whole, tuple(unread))


def _place_and_side(name: str) -> tuple[Place, Side] | None:
    if match := _SIDE.fullmatch(name):
        place, side = _place(match["module"]), _SIDES[match["side"]]
    elif match := _ALPHA.fullmatch(name):
        place, side = _place(match["module"]), "alpha"
    else:
        return None
    return (place, side) if place is not None else None


def _place(module: str) -> Place | None:
    """The place of `unet.mid_block.attentions.0.proj_in` or `lora_unet_mid_block_…`."""
    flat = flat_path(module).removeprefix("base_model_model_")
    if flat.startswith(_TRANSFORMER_BLOCKS):
        return "unet", flat
    for prefix, part in _PREFIXES:
        if flat.startswith(prefix):
            path = flat.removeprefix(prefix)
            return part, _diffusers_path(path) if part == "unet" else path
    return ("unet", _diffusers_path(flat)) if flat.startswith(_UNET_BLOCKS) else None


def flat_path(path: str) -> str:
    """A layer's path as places have it: `text_model.encoder.layers.0` → `encoder_layers_0`."""
    flat = path.replace(".", "_")
    flat = re.sub(r"_processor_(to_[qkv]|to_out)$", r"_\1", flat)
    flat = re.sub(r"_to_out$", "_to_out_0", flat)
    return re.sub(r"(^|_)text_model_", r"\1", flat)


_RESNET = {
    "in_layers_2": "conv1", "out_layers_3": "conv2", "emb_layers_1": "time_emb_proj",
    "skip_connection": "conv_shortcut",
}  # fmt: skip
_MIDDLE = {"0": "resnets_0", "1": "attentions_0", "2": "resnets_1"}
_STRIDE = 3
"""Layers of a block in Stable Diffusion's first code: two, and a change of size."""


def _diffusers_path(path: str) -> str:
    """A flat path in the names of Stable Diffusion's first code, in those of diffusers."""
    if match := re.fullmatch(r"middle_block_([012])_(.+)", path):
        return f"mid_block_{_MIDDLE[match[1]]}_{_inner(match[2])}"
    match = re.fullmatch(r"(input|output)_blocks_(\d+)_(\d)_(.+)", path)
    if not match:
        return path
    is_down, number, inner, rest = match[1] == "input", int(match[2]), match[3], match[4]
    block, layer = divmod(number - 1 if is_down else number, _STRIDE)
    side = "down" if is_down else "up"
    if rest in ("op", "conv"):
        return f"{side}_blocks_{block}_{side}samplers_0_conv"
    kind = "resnets" if inner == "0" else "attentions"
    return f"{side}_blocks_{block}_{kind}_{layer}_{_inner(rest)}"


def _inner(path: str) -> str:
    return _RESNET.get(path, path)
