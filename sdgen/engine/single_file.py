"""The parts of a pipeline from one file of weights: nothing is fetched, and nothing is made up.

diffusers' own `from_single_file` reads UNet and VAE, with the configurations that come with sdgen.
Text encoders and tokenizers are made here: it tells two encoders apart by their widths alone, and
takes what is missing for unimportant.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import safetensors.torch
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint
from torch import Tensor

from sdgen.engine.libraries import transformers
from sdgen.models import LocalModel
from sdgen.models.checkpoint_keys import FAMILIES, Encoder
from sdgen.models.folder import read_json
from sdgen.models.layouts import shipped_vocabulary

_OLD = ("embeddings.", "encoder.", "final_layer_norm.")
"""How names of CLIP's first text encoder begin in files from before it had a level more."""


def parts_in(model: LocalModel, dtype: torch.dtype) -> dict[str, Any]:
    """UNet, VAE, text encoders and tokenizers of a single file, by their names in the pipeline.

    Args:
        model: Its `folder` is the file, its `layout` has the configurations.
        dtype: Number format of the weights.

    Raises:
        ValueError: A tensor is missing, or has another shape than the family's.
    """
    tensors: dict[str, Tensor] = safetensors.torch.load_file(model.folder)
    layout = model.parts
    family = next(one for one in FAMILIES if one.name == layout.name)
    options: dict[str, Any] = {
        "config": str(layout), "dtype": dtype, "local_files_only": True,
    }  # fmt: skip
    parts: dict[str, Any] = {}
    try:
        parts["unet"] = UNet2DConditionModel.from_single_file(
            tensors, subfolder="unet", in_channels=9 if model.repaints else 4, **options
        )
        parts["vae"] = AutoencoderKL.from_single_file(tensors, subfolder="vae", **options)
    except KeyError as error:
        raise ValueError(f"it lacks {error.args[0]}") from error
    for name, part in parts.items():
        _refuse_holes(name, (key for key, value in part.state_dict().items() if value.is_meta))
    for encoder in family.encoders:
        parts[encoder.part] = _text_encoder(model, encoder, tensors, dtype)
        tokenizer = encoder.part.replace("text_encoder", "tokenizer")
        parts[tokenizer] = _tokenizer(model, tokenizer)
    return parts


def _text_encoder(
    model: LocalModel, encoder: Encoder, tensors: Mapping[str, Tensor], dtype: torch.dtype
) -> Any:
    [class_name] = read_json(model.parts / encoder.part / "config.json", encoder.part)[
        "architectures"
    ]
    encoder_class = getattr(transformers, class_name)
    config = encoder_class.config_class.from_pretrained(model.parts / encoder.part)
    with init_empty_weights():
        made = encoder_class(config)
    named = _of_open_clip if encoder.is_open_clip else _of_clip
    found = named(made, tensors, encoder.prefix)
    if not hasattr(made, "text_model"):  # transformers 5 has no such level in the plain class
        found = {name.removeprefix("text_model."): tensor for name, tensor in found.items()}
    told = made.load_state_dict(found, strict=False, assign=True)
    _refuse_holes(encoder.part, told.missing_keys)
    return made.to(dtype).eval().requires_grad_(requires_grad=False)


def _of_clip(_: Any, tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    own = {name[len(prefix) :]: one for name, one in tensors.items() if name.startswith(prefix)}
    return {f"text_model.{n}" if n.startswith(_OLD) else n: one for n, one in own.items()}


def _of_open_clip(made: Any, tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found: dict[str, Tensor] = convert_open_clip_checkpoint(made, tensors, prefix=prefix)
    return found


def _tokenizer(model: LocalModel, name: str) -> Any:
    folder = model.parts / name
    shipped = shipped_vocabulary(folder)
    assert shipped is not None  # layouts have no other
    config = read_json(folder / "tokenizer_config.json", f"{name}/tokenizer_config.json")
    config.pop("tokenizer_class")
    return transformers.CLIPTokenizer(vocab=shipped[0], merges=shipped[1], **config)


def _refuse_holes(part: str, missing: Iterable[str]) -> None:
    """Refuse a part whose file lacks a tensor: torch would leave it empty, or draw it at random."""
    if name := min(missing, default=""):
        raise ValueError(f"its {part} lacks {name}")
