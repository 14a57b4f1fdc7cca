"""LoRA files for the tests: random ones for tiny models, and the trained one for storybook."""

from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import save_file
from torch import Tensor, nn

DUSK = Path(__file__).parent / "weights" / "dusk.safetensors"
"""Trained for storybook by scripts/storybook/lora.py: pictures turn to the blue of dusk."""

RANK, ALPHA = 2, 4.0


def write_lora(model: Path, path: Path, names: str = "diffusers", seed: int = 0) -> Path:
    """Write random matrices for each attention layer and each convolution of a pipeline.

    Args:
        model: A diffusers folder.
        path: The file.
        names: What the tensors are called: diffusers, kohya, or as diffusers did once ("old").
        seed: Decides the numbers.

    Returns:
        `path`.
    """
    pipeline = DiffusionPipeline.from_pretrained(model, use_safetensors=True)
    random = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for part in ("unet", "text_encoder", "text_encoder_2"):
        whole = getattr(pipeline, part, None)
        for place, layer in whole.named_modules() if whole is not None else ():
            if isinstance(layer, nn.Linear | nn.Conv2d) and ("attn" in place or "res" in place):
                out, inputs, *size = layer.weight.shape
                down = torch.randn(RANK, inputs, *size, generator=random) / 10
                up = torch.randn(out, RANK, *[1] * len(size), generator=random) / 10
                tensors |= _named(names, part, place, down, up)
    save_file(tensors, path)
    return path


def _named(names: str, part: str, place: str, down: Tensor, up: Tensor) -> dict[str, Tensor]:
    """The two matrices as each program writes them; the product is the same."""
    if names == "kohya":
        prefix = {"unet": "lora_unet", "text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
        level = "" if part == "unet" else "text_model_"
        flat = place.removeprefix("text_model.").replace(".", "_")
        key = f"{prefix[part]}_{level}{flat}"
        return {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up,
                f"{key}.alpha": torch.tensor(ALPHA)}  # fmt: skip
    up = up * (ALPHA / RANK)
    if names == "old":
        return {f"{part}.{place}.lora.down.weight": down, f"{part}.{place}.lora.up.weight": up}
    return {f"{part}.{place}.lora_A.weight": down, f"{part}.{place}.lora_B.weight": up}
