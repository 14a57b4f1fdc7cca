"""Trains a small ControlNet for the built-in model: pictures follow the edges of another one.

python scripts/storybook/controlnet.py OUT.safetensors [--minutes 15] [--scenes 500] [--seed 0]
                                       [--on-from WAYS.safetensors]
python scripts/storybook/controlnet.py OUT.safetensors --whole CONTROLNET.safetensors

The scenes are the model's own, drawn by the program; their edges are what sdgen makes of a picture
with --control-prepare canny. A ControlNet is a copy of the UNet's encoder with a way in for the
edges and ways out of its levels. Only the ways are trained and written, in 220 kB;
--whole makes of them and of the model the ControlNet that sdgen and diffusers read. Runs on the
CPU.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))

from eight_bits import eight_bits, full
from lora import frozen_parts
from networks import alphas_cumprod, encode
from world import caption, render, sample_scene

from sdgen.sources.canny import canny

WAYS = ("controlnet_cond_embedding.", "controlnet_down_blocks.", "controlnet_mid_block.")
"""Beginnings of the names of what is trained: the way in, and the ways out."""

HINT = (16, 16, 32, 32)
"""Channels of the way in, from pixels to latents."""

THRESHOLDS = 100, 200
SIDE = 192
"""Pixels of a training picture: half the work of the usual 256, and edges are as wide."""

BATCH = 4
WORDLESS = 0.5
"""Share of pictures without words, so that the edges must say what the picture shows."""

RATE = 2e-3


def of_model(unet: UNet2DConditionModel) -> ControlNetModel:
    """A ControlNet with the encoder of `unet`, whose ways are not trained yet."""
    network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=HINT)
    # The way in ends in zeros too, and between zeros on both sides little is learned at first.
    torch.nn.init.normal_(network.controlnet_cond_embedding.conv_out.weight, std=0.03)
    return network


def assembled(unet: UNet2DConditionModel, ways: dict[str, Tensor]) -> ControlNetModel:
    """The ControlNet of these trained ways, in float32."""
    network = of_model(unet)
    _, unexpected = network.load_state_dict(full(ways), strict=False)
    if unexpected:
        raise SystemExit(f"no ways of a ControlNet: {unexpected[0]}")
    return network


def edges_of(picture: Image.Image) -> Tensor:
    """(3, h, w), 0 or 1: what the ControlNet sees of a picture."""
    levels = np.asarray(canny(picture, *THRESHOLDS), np.float32)
    return torch.from_numpy(levels / 255).permute(2, 0, 1)


@torch.no_grad()
def examples(
    vae: torch.nn.Module, count: int, rng: random.Random
) -> tuple[Tensor, Tensor, list[str]]:
    """Latents (count, 4, h/8, w/8) of scenes, their edges (count, 3, h, w), and captions."""
    latents, edges, captions = [], [], []
    for number in range(count):
        scene = sample_scene(rng, SIDE, SIDE)
        picture = render(scene, number)
        captions.append(caption(scene, rng, "en"))
        levels = torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)
        latents.append(encode(vae, levels[None]))
        edges.append(edges_of(picture).bool())
    return torch.cat(latents), torch.stack(edges), captions


def velocity_loss(
    unet: UNet2DConditionModel, network: ControlNetModel, words: Tensor, clean: Tensor,
    edges: Tensor, powers: Tensor,
) -> Tensor:  # fmt: skip
    """Mean square error of the velocity, mostly at the noisy times that decide the layout."""
    times = (1000 * torch.rand(len(clean)).pow(0.6)).long().clamp(0, 999)
    power = powers[times][:, None, None, None]
    noise = torch.randn_like(clean)
    noisy = power.sqrt() * clean + (1 - power).sqrt() * noise
    velocity = power.sqrt() * noise - (1 - power).sqrt() * clean
    down, mid = network(noisy, times, words, edges, return_dict=False)
    guess = unet(noisy, times, words, down_block_additional_residuals=down,
                 mid_block_additional_residual=mid, return_dict=False)[0]  # fmt: skip
    return (guess - velocity).square().mean()


def train(minutes: float, scenes: int, seed: int, begun_from: Path | None) -> dict[str, Tensor]:
    """Train for so long, printing the loss now and then; the trained ways by name, in float16."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    unet, text, vae, tokenizer = frozen_parts()
    ways_before = load_file(begun_from) if begun_from else {}
    network = assembled(unet, ways_before).requires_grad_(False)
    ways = {name: one.requires_grad_(True) for name, one in network.named_parameters()
            if name.startswith(WAYS)}  # fmt: skip
    latents, edges, captions = examples(vae, scenes, rng)
    print(
        f"{scenes} scenes; {sum(one.numel() for one in ways.values())} numbers to learn", flush=True
    )
    optimizer = torch.optim.AdamW(ways.values(), lr=RATE, weight_decay=0)
    powers, begun, step, losses = alphas_cumprod(), time.time(), 0, []
    while (spent := time.time() - begun) < minutes * 60:
        left = 1 - spent / (minutes * 60)
        optimizer.param_groups[0]["lr"] = RATE * min(1, 2 * left, (step + 1) / 20)
        chosen = rng.sample(range(scenes), BATCH)
        words = ["" if rng.random() < WORDLESS else captions[number] for number in chosen]
        tokens = tokenizer(words, padding="max_length", max_length=77, return_tensors="pt",
                           truncation=True).input_ids  # fmt: skip
        with torch.no_grad():
            meanings = text(tokens).last_hidden_state
        loss = velocity_loss(
            unet, network, meanings, latents[chosen], edges[chosen].float(), powers
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(ways.values(), 1.0)
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"{step} steps, {spent:.0f} s, loss {sum(losses[-20:]) / 20:.3f}", flush=True)
    return dict(ways)


def main() -> None:
    """Reads the command line and writes the file, or makes the whole of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--whole", type=Path)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--on-from", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.whole:
        network = assembled(frozen_parts()[0], load_file(options.out)).half()
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, options.whole)
        return
    ways = train(options.minutes, options.scenes, options.seed, options.on_from)
    save_file(eight_bits(ways), options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
