"""Toy checkpoints in one file: the tensors of toy folders by the names of their first code.

The way back of what `sdgen.engine.single_file` does, written from the layers and not from its code.
"""

import gzip
import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

_RESNET = {"conv1": "in_layers.2", "norm1": "in_layers.0", "conv2": "out_layers.3",
           "norm2": "out_layers.0", "time_emb_proj": "emb_layers.1",
           "conv_shortcut": "skip_connection"}  # fmt: skip
_OUTER = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
          "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
          "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0",
          "conv_out": "out.2"}  # fmt: skip
_MIDDLE = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}


def write_single(folder: Path, target: Path, *, dtype: torch.dtype = torch.float32) -> Path:
    """Write the toy pipeline in `folder` as one file, as its kind's first code names tensors."""
    is_xl = (folder / "text_encoder_2").is_dir()
    tensors = dict(unet_as_ldm(load_file(folder / "unet/diffusion_pytorch_model.safetensors")))
    tensors |= dict(vae_as_ldm(load_file(folder / "vae/diffusion_pytorch_model.safetensors")))
    clip = load_file(folder / "text_encoder/model.safetensors")
    prefix = "conditioner.embedders.0.transformer." if is_xl else "cond_stage_model.transformer."
    tensors |= {f"{prefix}text_model.{_plain(name)}": one for name, one in clip.items()}
    if is_xl:
        large = load_file(folder / "text_encoder_2/model.safetensors")
        tensors |= dict(as_open_clip(large, "conditioner.embedders.1.model."))
    save_file({name: one.to(dtype).contiguous() for name, one in tensors.items()}, target)
    return target


def write_single_sd2(folder: Path, target: Path) -> Path:
    """The same with the text encoder as OpenCLIP names it, one layer more, which is never used."""
    write_single(folder, target)
    tensors = {n: t for n, t in load_file(target).items() if not n.startswith("cond_stage_model.")}
    clip = load_file(folder / "text_encoder/model.safetensors")
    tensors |= dict(as_open_clip(clip, "cond_stage_model.model."))
    last = "cond_stage_model.model.transformer.resblocks.23.ln_1.weight"
    save_file({**tensors, last: torch.zeros(1)}, target)
    return target


def toy_layouts(root: Path, **folders: Path) -> Path:
    """What comes with sdgen, for toys: `sd1=FOLDER` takes the configurations from there."""
    for family, folder in folders.items():
        shutil.copytree(
            folder, root / family,
            ignore=shutil.ignore_patterns("*.safetensors", "vocab.json", "merges.txt",
                                          "tokenizer.json", "special_tokens_map.json"),
        )  # fmt: skip
        for config in (root / family).glob("tokenizer*/tokenizer_config.json"):
            kept = json.loads(config.read_text())
            marks = ("bos_token", "eos_token", "pad_token", "unk_token")
            plain = {name: kept[name] for name in (*marks, "model_max_length")}
            config.write_text(json.dumps(plain | {"tokenizer_class": "CLIPTokenizer"}))
    (root / "clip").mkdir()
    (root / "clip/merges.txt.gz").write_bytes(gzip.compress(b"#version: 0.2\n"))
    return root


def _plain(name: str) -> str:
    return name.removeprefix("text_model.")


def unet_as_ldm(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The UNet's tensors by the names of its first code."""
    stride = 1 + len({name.split(".")[3] for name in tensors if "down_blocks.0.resnets." in name})
    attentive = {name.split(".")[1] for name in tensors if re.match(r"up_blocks\.\d\.att", name)}
    for name, tensor in tensors.items():
        yield f"model.diffusion_model.{_unet_name(name, stride, attentive)}", tensor


def _unet_name(name: str, stride: int, attentive: Collection[str]) -> str:
    layer, _, end = name.rpartition(".")
    if layer in _OUTER:
        return f"{_OUTER[layer]}.{end}"
    if match := re.fullmatch(r"mid_block\.(resnets\.\d|attentions\.0)\.(.+)", name):
        return f"middle_block.{_MIDDLE[match[1]]}.{_inner(match[1], match[2])}"
    match = re.fullmatch(r"(down|up)_blocks\.(\d)\.(\w+)\.(\d)\.(.+)", name)
    side, block, kind, layer_number = match[1], int(match[2]), match[3], int(match[4])
    number = 1 + block * stride + layer_number if side == "down" else block * stride + layer_number
    blocks = "input_blocks" if side == "down" else "output_blocks"
    if kind == "downsamplers":
        return f"{blocks}.{(block + 1) * stride}.0.{match[5].replace('conv', 'op')}"
    if kind == "upsamplers":  # behind the attention, where the block has one
        place = 2 if match[2] in attentive else 1
        return f"{blocks}.{(block + 1) * stride - 1}.{place}.{match[5]}"
    return f"{blocks}.{number}.{0 if kind == 'resnets' else 1}.{_inner(kind, match[5])}"


def _inner(kind: str, rest: str) -> str:
    layer, _, end = rest.partition(".")
    return f"{_RESNET[layer]}.{end}" if kind.startswith("resnets") else rest


def vae_as_ldm(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The VAE's tensors by the names of its first code."""
    from tests.engine.test_own_vae import as_ldm

    yield from as_ldm(dict(tensors), "first_stage_model.").items()


def as_open_clip(tensors: Mapping[str, Tensor], prefix: str) -> Iterator[tuple[str, Tensor]]:
    """OpenCLIP has attention's three projections as one matrix, and the last one transposed."""
    outer = {"embeddings.token_embedding.weight": "token_embedding.weight",
             "embeddings.position_embedding.weight": "positional_embedding",
             "final_layer_norm.weight": "ln_final.weight",
             "final_layer_norm.bias": "ln_final.bias"}  # fmt: skip
    joined: dict[str, list[Tensor]] = {}
    for name, tensor in ((_plain(name), tensor) for name, tensor in tensors.items()):
        if name == "text_projection.weight":
            yield f"{prefix}text_projection", tensor.T
        elif name in outer:
            yield prefix + outer[name], tensor
        elif match := re.fullmatch(r"encoder\.layers\.(\d+)\.self_attn\.[qkv]_proj\.(\w+)", name):
            joined.setdefault(f"resblocks.{match[1]}.attn.in_proj_{match[2]}", []).append(name)
        else:
            new = name.replace("encoder.layers", "resblocks").replace("self_attn", "attn")
            new = new.replace("layer_norm", "ln_").replace("fc1", "c_fc").replace("fc2", "c_proj")
            yield f"{prefix}transformer.{new}", tensor
    plain = {_plain(name): tensor for name, tensor in tensors.items()}
    for new, names in joined.items():
        stacked = [plain[one] for part in "qkv" for one in names if f".{part}_proj." in one]
        yield f"{prefix}transformer.{new}", torch.cat(stacked)
