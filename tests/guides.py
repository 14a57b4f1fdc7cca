"""ControlNets, IP-Adapters and image encoders for the tests: random ones for tiny models."""

from pathlib import Path

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

SEEN, WIDTH, SIDE = 24, 16, 32
"""Numbers that the tiny image encoder gives, its width, and the pixels that it sees."""

TOKENS = 4
"""Words that a picture is worth in a plain adapter; diffusers knows no other number."""


@torch.random.fork_rng(devices=[])
def build_controlnet(
    model: Path, seed: int = 0, channels: tuple[int, ...] = (4, 8, 8, 8)
) -> ControlNetModel:
    """A ControlNet for the model in this folder, all of whose numbers are random."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=channels)
    ways = [network.controlnet_cond_embedding.conv_out, network.controlnet_mid_block]
    for way in (*ways, *network.controlnet_down_blocks):
        nn.init.normal_(way.weight, std=0.2)
    return network


def write_controlnet(model: Path, path: Path, seed: int = 0) -> Path:
    """Write such a ControlNet: as a folder of diffusers, or as a .safetensors file."""
    network = build_controlnet(model, seed)
    if path.suffix == ".safetensors":
        save_file({n: t.contiguous() for n, t in network.state_dict().items()}, path)
    else:
        network.save_pretrained(path, safe_serialization=True)
    return path


@torch.random.fork_rng(devices=[])
def write_encoder(folder: Path, seed: int = 0) -> Path:
    """Write a tiny image encoder of CLIP's kind, as transformers does."""
    torch.manual_seed(seed)
    config = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
        image_size=SIDE, patch_size=8, projection_dim=SEEN,
    )  # fmt: skip
    CLIPVisionModelWithProjection(config).eval().save_pretrained(folder)
    return folder


def write_ip_adapter(model: Path, path: Path, kind: str = "plain", seed: int = 0) -> Path:
    """Write a random IP-Adapter for the model in a folder, with the names of the first code.

    Args:
        model: A diffusers folder.
        path: The file.
        kind: plain, plus (it sees the encoder's places) or full (for whole faces).
        seed: Decides the numbers.

    Returns:
        `path`.
    """
    unet = UNet2DConditionModel.from_pretrained(model / "unet")
    random = torch.Generator().manual_seed(seed)
    text = unet.config.cross_attention_dim
    tensors = {f"image_proj.{n}": t for n, t in _projection(kind, text, random).items()}
    crossing = [n for n in unet.attn_processors if n.endswith("attn2.processor")]
    for number, name in enumerate(crossing):
        layer = unet.get_submodule(name.removesuffix(".processor"))
        for side in "kv":
            tensors[f"ip_adapter.{2 * number + 1}.to_{side}_ip.weight"] = (
                torch.randn(layer.to_k.out_features, text, generator=random) / text**0.5
            )
    save_file(tensors, path)
    return path


def _projection(kind: str, text: int, random: torch.Generator) -> dict[str, Tensor]:
    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random) / shape[-1] ** 0.5

    norm = {"norm.weight": torch.ones(text), "norm.bias": torch.zeros(text)}
    if kind == "plain":
        return {
            "proj.weight": drawn(TOKENS * text, SEEN),
            "proj.bias": drawn(TOKENS * text),
            **norm,
        }
    if kind == "full":
        return {
            "proj.0.weight": drawn(WIDTH, WIDTH), "proj.0.bias": drawn(WIDTH),
            "proj.2.weight": drawn(text, WIDTH), "proj.2.bias": drawn(text),
            "proj.3.weight": torch.ones(text), "proj.3.bias": torch.zeros(text),
        }  # fmt: skip
    inner, hidden = 64, 16
    ones, zeros = torch.ones(hidden), torch.zeros(hidden)
    layers = {}
    for number in range(4):  # as many as diffusers builds
        at = f"layers.{number}"
        layers |= {
            f"{at}.0.norm1.weight": ones.clone(), f"{at}.0.norm1.bias": zeros.clone(),
            f"{at}.0.norm2.weight": ones.clone(), f"{at}.0.norm2.bias": zeros.clone(),
            f"{at}.0.to_q.weight": drawn(inner, hidden),
            f"{at}.0.to_kv.weight": drawn(2 * inner, hidden),
            f"{at}.0.to_out.weight": drawn(hidden, inner),
            f"{at}.1.0.weight": ones.clone(), f"{at}.1.0.bias": zeros.clone(),
            f"{at}.1.1.weight": drawn(4 * hidden, hidden),
            f"{at}.1.3.weight": drawn(hidden, 4 * hidden),
        }  # fmt: skip
    return {
        "latents": drawn(1, 3, hidden), **layers,
        "proj_in.weight": drawn(hidden, WIDTH), "proj_in.bias": drawn(hidden),
        "proj_out.weight": drawn(text, hidden), "proj_out.bias": drawn(text),
        "norm_out.weight": torch.ones(text), "norm_out.bias": torch.zeros(text),
    }  # fmt: skip
