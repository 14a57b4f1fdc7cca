"""Trains a small LoRA for the built-in model: pictures turn to the blue of dusk.

python scripts/storybook/lora.py OUT.safetensors [--minutes 2] [--scenes 192] [--rank 4] [--seed 0]

The scenes are the model's own, drawn by the program and printed in blue ink; the words stay as they
are, so that the print comes with any prompt. Runs on the CPU.
"""

import argparse
import random
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

sys.path.insert(0, str(Path(__file__).parent))

from networks import alphas_cumprod, encode
from world import caption, render, sample_scene

from sdgen.engine.lora import Change

MODEL = Path(__file__).parents[2] / "sdgen/models/storybook"

LAYERS = {
    "unet": r".*attn[12]\.to_(q|k|v|out\.0)|.*\.proj_(in|out)|conv_out|.*conv_shortcut",
    "text_encoder": r".*self_attn\.(q|v)_proj",
}
"""Paths of the layers that are changed, by part of the pipeline."""

INK, PAPER = (12, 32, 92), (238, 244, 250)
"""Red, green and blue of the darkest and of the lightest places."""

UNCONDITIONAL = 0.1
"""Share of pictures without words."""


def printed(picture: Image.Image) -> Tensor:
    """The picture (3, h, w) in -1 … 1, its lightness in blue ink on paper."""
    lightness = np.asarray(picture.convert("L"), np.float32)[..., None] / 255
    colours = np.array(INK) + lightness * (np.array(PAPER) - np.array(INK))
    return torch.from_numpy(colours / 127.5 - 1).float().permute(2, 0, 1)


def changes_of(parts: dict[str, nn.Module], rank: int) -> dict[str, Change]:
    """Path → two matrices beside the layer; the second is zero, so that nothing changes yet."""
    found = {}
    for part, pattern in LAYERS.items():
        for path, layer in parts[part].named_modules():
            if re.fullmatch(pattern, path):
                out, *shape = layer.weight.shape
                down = nn.Parameter(torch.randn(rank, *shape) / shape[0] ** 0.5)
                up = nn.Parameter(torch.zeros(out, rank, *[1] * len(shape[1:])))
                found[f"{part}.{path}"] = change = Change(layer, down, up)
                layer.register_forward_hook(change)
    return found


@torch.no_grad()
def prints(vae: AutoencoderKL, count: int, rng: random.Random) -> tuple[Tensor, list[str]]:
    """Latents (count, 4, 32, 32) of printed scenes, and a caption of each."""
    latents, captions = [], []
    for number in range(count):
        scene = sample_scene(rng)
        captions.append(caption(scene, rng, "en"))
        latents.append(encode(vae, printed(render(scene, number))[None]))
    return torch.cat(latents), captions


def frozen_parts() -> tuple[UNet2DConditionModel, CLIPTextModel, AutoencoderKL, CLIPTokenizer]:
    """UNet, text encoder, VAE and tokenizer of the built-in model; their weights do not learn."""
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", torch_dtype=torch.float32)
    text = CLIPTextModel.from_pretrained(MODEL / "text_encoder", dtype=torch.float32)
    vae = AutoencoderKL.from_pretrained(MODEL / "vae", torch_dtype=torch.float32)
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    for part in (unet, text, vae):
        part.requires_grad_(False)
    return unet, text, vae, tokenizer


def train(minutes: float, scenes: int, rank: int, seed: int) -> dict[str, Change]:
    """Train for so long, printing the loss now and then."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    unet, text, vae, tokenizer = frozen_parts()
    changes = changes_of({"unet": unet, "text_encoder": text}, rank)
    weights = [matrix for change in changes.values() for matrix in (change.down, change.up)]
    latents, captions = prints(vae, scenes, rng)
    optimizer = torch.optim.AdamW(weights, lr=4e-3, weight_decay=0)
    powers, until, begun, step = alphas_cumprod(), time.time() + minutes * 60, time.time(), 0
    while (now := time.time()) < until:
        left = (until - now) / (until - begun)
        optimizer.param_groups[0]["lr"] = 4e-3 * min(1, 2 * left, (step + 1) / 10)
        chosen = rng.sample(range(scenes), 6)
        words = ["" if rng.random() < UNCONDITIONAL else captions[number] for number in chosen]
        tokens = tokenizer(words, padding="max_length", max_length=77, return_tensors="pt",
                           truncation=True).input_ids  # fmt: skip
        loss = velocity_loss(unet, text(tokens).last_hidden_state, latents[chosen], powers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 20 == 0:
            print(f"{step} steps, {now - begun:.0f} s, loss {loss.item():.3f}", flush=True)
    return changes


def velocity_loss(
    unet: UNet2DConditionModel, words: Tensor, clean: Tensor, powers: Tensor
) -> Tensor:
    """Mean square error of the predicted velocity at random times, as the model was trained."""
    times = torch.randint(1000, (len(clean),))
    power = powers[times][:, None, None, None]
    noise = torch.randn_like(clean)
    noisy = power.sqrt() * clean + (1 - power).sqrt() * noise
    velocity = power.sqrt() * noise - (1 - power).sqrt() * clean
    guess = unet(noisy, times, words, return_dict=False)[0]
    return (guess - velocity).square().mean()


def tensors_of(changes: dict[str, Change]) -> dict[str, Tensor]:
    """The matrices in half precision, by diffusers' names."""
    found = {}
    for path, change in changes.items():
        found[f"{path}.lora_A.weight"] = change.down.detach().half().contiguous()
        found[f"{path}.lora_B.weight"] = change.up.detach().half().contiguous()
    return found


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--scenes", type=int, default=192)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    changes = train(options.minutes, options.scenes, options.rank, options.seed)
    save_file(tensors_of(changes), options.out)
    print(f"{options.out}: {len(changes)} layers, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
