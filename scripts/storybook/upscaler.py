"""Trains a small upscaler of ESRGAN's shape on the scenes of the built-in model.

python scripts/storybook/upscaler.py OUT.safetensors [--minutes 4] [--scenes 160] [--seed 0]
    [--begin FILE]

Each scene is drawn by the program, and halved; the network learns to double the half again. What is
compared is the mean absolute difference, so that it sharpens and invents nothing. Runs on the CPU.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))

from world import render, sample_scene

from sdgen.engine.esrgan import RRDBNet
from sdgen.models.upscaler_keys import Network

SHAPE = Network("rrdb", scale=2, unshuffle=1, channels=16, growth=8, blocks=2, names={})
CROP, TOGETHER, RATE = 32, 8, 2e-3
"""Pixels of a half, crops in a step, and the learning rate at its highest."""

TEST_SEED = 1_000_003
"""Scenes that are measured are none of those that are learned from."""


def scenes(count: int, seed: int) -> list[Image.Image]:
    """Random scenes of 256 x 256 pixels."""
    rng = random.Random(seed)
    return [render(sample_scene(rng), rng.getrandbits(31)) for _ in range(count)]


def halved(picture: Image.Image) -> Image.Image:
    """`picture` with the mean of each four pixels."""
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)


def as_tensor(picture: Image.Image) -> Tensor:
    """Shape (3, h, w), 0 to 1."""
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1) / 255


def decibels(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of two pictures of levels 0 to 1."""
    return float(-10 * (one - other).square().mean().log10())


def crops(pairs: list[tuple[Tensor, Tensor]], rng: random.Random) -> tuple[Tensor, Tensor]:
    """Halves and wholes at random places, some of them mirrored."""
    small, large = [], []
    for half, whole in rng.choices(pairs, k=TOGETHER):
        top, left = (rng.randrange(side - CROP + 1) for side in half.shape[1:])
        one = half[:, top : top + CROP, left : left + CROP]
        two = whole[:, 2 * top : 2 * (top + CROP), 2 * left : 2 * (left + CROP)]
        is_mirrored = rng.random() < 0.5
        small.append(one.flip(2) if is_mirrored else one)
        large.append(two.flip(2) if is_mirrored else two)
    return torch.stack(small), torch.stack(large)


def begun_network() -> nn.Module:
    """The network, its residual blocks near to nothing, as ESRGAN's paper begins."""
    network = RRDBNet(SHAPE)
    with torch.no_grad():
        for weights in network.body.parameters():
            weights.mul_(0.1)
    return network


def train(minutes: float, count: int, seed: int, begin: Path | None) -> nn.Module:
    """Train for so long, printing the loss now and then."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    network = begun_network()
    if begin:
        network.load_state_dict(load_file(begin))
    pairs = [(as_tensor(halved(one)), as_tensor(one)) for one in scenes(count, seed)]
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0)
    begun, step = time.time(), 0
    while (spent := time.time() - begun) < minutes * 60:
        optimizer.param_groups[0]["lr"] = RATE * min(1, 2 * (1 - spent / (minutes * 60)) + 0.01)
        small, large = crops(pairs, rng)
        loss = (network(small) - large).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"{step} steps, {spent:.0f} s, loss {loss.item():.4f}", flush=True)
    return network.eval()


@torch.no_grad()
def measure(network: nn.Module, count: int = 24) -> tuple[float, float]:
    """Decibels of the network and of Lanczos, over scenes that it did not learn from."""
    found = []
    for whole in scenes(count, TEST_SEED):
        half, target = halved(whole), as_tensor(whole)
        lanczos = as_tensor(half.resize(whole.size, Image.Resampling.LANCZOS))
        guess = network(as_tensor(half)[None])[0].clamp(0, 1)
        found.append((decibels(guess, target), decibels(lanczos, target)))
    ours, lanczos_ = (sum(column) / count for column in zip(*found, strict=True))
    return ours, lanczos_


def main() -> None:
    """Reads the command line, writes the file, and says how good it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--scenes", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="weights to go on from")
    options = parser.parse_args()
    network = train(options.minutes, options.scenes, options.seed, options.begin).half()
    save_file(network.state_dict(), options.out)
    ours, lanczos = measure(network.float())
    print(
        f"{options.out}: {options.out.stat().st_size} bytes, {ours:.2f} dB; Lanczos {lanczos:.2f}"
    )


if __name__ == "__main__":
    main()
