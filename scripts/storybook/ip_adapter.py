"""Trains a small IP-Adapter for the built-in model: pictures take the colours of another one.

python scripts/storybook/ip_adapter.py OUT.safetensors [--minutes 12] [--scenes 400] [--seed 0]
python scripts/storybook/ip_adapter.py OUT.safetensors --whole FOLDER

There is no image encoder for drawn scenes, and none is trained: one of CLIP's kind with random
weights, always the same ones, tells enough of a picture's colours. The adapter's matrices are
products of two thin ones, which are written; --whole makes of them and of the encoder the folder
that sdgen and diffusers read. Runs on the CPU.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

sys.path.insert(0, str(Path(__file__).parent))

from eight_bits import eight_bits, full
from lora import frozen_parts
from networks import alphas_cumprod, encode
from world import caption, render, sample_scene

SIDE = 192
BATCH = 4
RANK = 8
TOKENS = 4
"""Words that a picture is worth; diffusers knows no other number."""

WORDLESS, PICTURELESS = 0.5, 0.1
"""Shares of examples without words, so that the picture must say it, and without the picture."""

RATE = 3e-3


@torch.random.fork_rng(devices=[])
def image_encoder() -> CLIPVisionModelWithProjection:
    """A small image encoder with random weights, of a seed of its own.

    The patches are weighed more than usual, since what comes out must tell pictures apart.
    """
    torch.manual_seed(1)
    config = CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        image_size=32, patch_size=8, projection_dim=64, initializer_factor=3.0,
    )  # fmt: skip
    network = CLIPVisionModelWithProjection(config).eval().requires_grad_(False)
    for name, weight in network.named_parameters():
        if name.endswith("patch_embedding.weight"):
            weight.mul_(2)
        elif name.endswith("class_embedding"):
            weight.mul_(0.1)
    return network


@torch.no_grad()
def seen(network: CLIPVisionModelWithProjection, pictures: list[Image.Image]) -> Tensor:
    """What the encoder tells of pictures: (n, 64)."""
    side = network.config.image_size
    pixels = CLIPImageProcessorPil(size=side, crop_size=side)(pictures, return_tensors="pt")
    told: Tensor = network(pixels.pixel_values).image_embeds
    return told


def thin(inputs: int, outputs: int, *, zero: bool) -> nn.Sequential:
    """A linear layer as two thin ones, of which the second may begin as zero."""
    pair = nn.Sequential(nn.Linear(inputs, RANK, bias=False), nn.Linear(RANK, outputs, bias=False))
    nn.init.normal_(pair[0].weight, std=inputs**-0.5)
    nn.init.normal_(pair[1].weight, std=0 if zero else RANK**-0.5)
    return pair


def fitted(unet: UNet2DConditionModel, width: int) -> tuple[ImageProjection, dict[str, nn.Module]]:
    """Let `unet` attend to pictures; the projection of pictures, and number → processor."""
    text = unet.config.cross_attention_dim
    projection = ImageProjection(width, text, TOKENS)
    processors, number = {}, 1
    for path in list(unet.attn_processors):
        if not path.endswith("attn2.processor"):
            continue
        layer = unet.get_submodule(path.removesuffix(".processor"))
        size = layer.to_k.out_features
        processor = IPAdapterAttnProcessor2_0(size, text, num_tokens=[TOKENS], scale=1.0)
        processor.to_k_ip[0] = thin(text, size, zero=False)
        processor.to_v_ip[0] = thin(text, size, zero=True)
        layer.set_processor(processor)
        processors[str(number)] = processor
        number += 2
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([projection])
    unet.config.encoder_hid_dim_type = "ip_image_proj"
    return projection, processors


@torch.no_grad()
def examples(vae: nn.Module, count: int, rng: random.Random) -> tuple[Tensor, Tensor, list[str]]:
    """Latents (count, 4, h/8, w/8) of scenes, what the encoder tells of each, and captions."""
    latents, captions, pictures = [], [], []
    for number in range(count):
        scene = sample_scene(rng, SIDE, SIDE)
        picture = render(scene, number)
        pictures.append(picture)
        captions.append(caption(scene, rng, "en"))
        levels = torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)
        latents.append(encode(vae, levels[None]))
    return torch.cat(latents), seen(image_encoder(), pictures), captions


def velocity_loss(
    unet: UNet2DConditionModel, words: Tensor, told: Tensor, clean: Tensor, powers: Tensor
) -> Tensor:
    """Mean square error of the velocity, mostly at the noisy times that decide the colours."""
    times = (1000 * torch.rand(len(clean)).pow(0.5)).long().clamp(0, 999)
    power = powers[times][:, None, None, None]
    noise = torch.randn_like(clean)
    noisy = power.sqrt() * clean + (1 - power).sqrt() * noise
    velocity = power.sqrt() * noise - (1 - power).sqrt() * clean
    shown = {"image_embeds": [told[:, None]]}
    guess = unet(noisy, times, words, added_cond_kwargs=shown, return_dict=False)[0]
    return (guess - velocity).square().mean()


def train(minutes: float, scenes: int, seed: int) -> dict[str, Tensor]:
    """Train for so long, printing the loss now and then; what was learned, by name."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    unet, text, vae, tokenizer = frozen_parts()
    latents, told, captions = examples(vae, scenes, rng)
    projection, processors = fitted(unet, told.shape[1])
    learned = [
        *projection.parameters(),
        *(p for one in processors.values() for p in one.parameters()),
    ]
    print(f"{scenes} scenes; {sum(one.numel() for one in learned)} numbers to learn", flush=True)
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=0)
    powers, begun, step, losses = alphas_cumprod(), time.time(), 0, []
    while (spent := time.time() - begun) < minutes * 60:
        left = 1 - spent / (minutes * 60)
        optimizer.param_groups[0]["lr"] = RATE * min(1, 2 * left, (step + 1) / 20)
        chosen = rng.sample(range(scenes), BATCH)
        words = ["" if rng.random() < WORDLESS else captions[number] for number in chosen]
        tokens = tokenizer(words, padding="max_length", max_length=77, return_tensors="pt",
                           truncation=True).input_ids  # fmt: skip
        shown = told[chosen] * (torch.rand(BATCH, 1) > PICTURELESS)
        with torch.no_grad():
            meanings = text(tokens).last_hidden_state
        loss = velocity_loss(unet, meanings, shown, latents[chosen], powers)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step % 20 == 0:
            print(f"{step} steps, {spent:.0f} s, loss {sum(losses[-20:]) / 20:.3f}", flush=True)
    return named(projection, processors)


def named(projection: ImageProjection, processors: dict[str, nn.Module]) -> dict[str, Tensor]:
    """What was learned, by the names of the first IP-Adapters; thin matrices by down and up."""
    tensors = {
        f"image_proj.{name.replace('image_embeds', 'proj')}": weight
        for name, weight in projection.state_dict().items()
    }
    for number, processor in processors.items():
        for side in "kv":
            [pair] = getattr(processor, f"to_{side}_ip")
            for part, layer in zip(("down", "up"), pair, strict=True):
                tensors[f"ip_adapter.{number}.to_{side}_ip.{part}"] = layer.weight.detach()
    return tensors


def assembled(learned: dict[str, Tensor]) -> dict[str, Tensor]:
    """The whole adapter: each pair of thin matrices as their product."""
    whole = {name: one for name, one in learned.items() if name.startswith("image_proj.")}
    for name, down in learned.items():
        if name.endswith(".down"):
            up = learned[name.replace(".down", ".up")]
            whole[name.replace(".down", ".weight")] = (up @ down).contiguous()
    return whole


def write_whole(small: Path, folder: Path) -> None:
    """Write `look.safetensors` and `image_encoder` into a folder that is there."""
    save_file(assembled(full(load_file(small))), folder / "look.safetensors")
    image_encoder().save_pretrained(folder / "image_encoder")


def main() -> None:
    """Reads the command line and writes the file, or makes the whole of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--whole", type=Path)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--scenes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.whole:
        options.whole.mkdir(parents=True, exist_ok=True)
        write_whole(options.out, options.whole)
        return
    save_file(eight_bits(train(options.minutes, options.scenes, options.seed)), options.out)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
