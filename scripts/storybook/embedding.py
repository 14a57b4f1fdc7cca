"""Trains a small embedding for the built-in model: a word that turns pictures into blue prints.

python scripts/storybook/embedding.py OUT.safetensors [--minutes 2] [--vectors 8] [--seed 0]

As in lora.py, the scenes are drawn by the program and printed in blue ink; here nothing of the
model changes, and only the vectors of a word behind each caption are learned. Runs on the CPU.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

sys.path.insert(0, str(Path(__file__).parent))

from lora import frozen_parts, prints, velocity_loss
from networks import alphas_cumprod

FIRST_WORDS = "blue night blue sky"
"""What the vectors begin as, over and over."""

SCENES = 48

PLACE = "#"
"""Stands for a vector in the captions until the lookup; no caption has it."""


def start(text: CLIPTextModel, tokenizer: CLIPTokenizer, count: int) -> nn.Parameter:
    """Vectors (count, width) of the first words, a little shaken."""
    ids = tokenizer(FIRST_WORDS, add_special_tokens=False).input_ids
    known = text.get_input_embeddings().weight[[ids[n % len(ids)] for n in range(count)]]
    return nn.Parameter(known.detach().clone() + 0.01 * torch.randn_like(known))


def learn(
    text: CLIPTextModel, unet: UNet2DConditionModel, vae: AutoencoderKL,
    tokenizer: CLIPTokenizer, minutes: float, count: int, rng: random.Random,
) -> Tensor:  # fmt: skip
    """Train vectors (count, width) for so long, printing the loss now and then."""
    vectors = start(text, tokenizer, count)
    [place] = tokenizer(PLACE, add_special_tokens=False).input_ids

    def put(_: nn.Module, inputs: tuple[Tensor, ...], embedded: Tensor) -> Tensor:
        places = inputs[0] == place
        embedded = embedded.clone()
        embedded[places] = vectors.repeat(int(places.sum()) // count, 1)
        return embedded

    text.get_input_embeddings().register_forward_hook(put)
    latents, captions = prints(vae, SCENES, rng)
    optimizer = torch.optim.AdamW([vectors], lr=0.02, weight_decay=0)
    powers, begun, step = alphas_cumprod(), time.time(), 0
    while (spent := time.time() - begun) < minutes * 60:
        optimizer.param_groups[0]["lr"] = 0.02 * min(1, 2 * (1 - spent / minutes / 60))
        chosen = rng.sample(range(len(captions)), 6)
        words = [f"{captions[number]} {' '.join([PLACE] * count)}" for number in chosen]
        tokens = tokenizer(words, padding="max_length", max_length=77, return_tensors="pt",
                           truncation=True).input_ids  # fmt: skip
        whole = tokens[(tokens == place).sum(1) == count]
        kept = [n for n, row in zip(chosen, tokens, strict=True) if (row == place).sum() == count]
        loss = velocity_loss(unet, text(whole).last_hidden_state, latents[kept], powers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 20 == 0:
            print(f"{step} steps, {spent:.0f} s, loss {loss.item():.3f}", flush=True)
    return vectors.detach()


def main() -> None:
    """Reads the command line and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--vectors", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    unet, text, vae, tokenizer = frozen_parts()
    rng = random.Random(options.seed)
    vectors = learn(text, unet, vae, tokenizer, options.minutes, options.vectors, rng)
    save_file({"emb_params": vectors.half()}, options.out)
    print(f"{options.out}: {len(vectors)} vectors, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
