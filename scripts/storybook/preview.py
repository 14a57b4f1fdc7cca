"""Writes a contact sheet of random scenes and prints their captions.

python scripts/storybook/preview.py OUT.png [--count 24] [--seed 0] [--size 256x256]
                                    [--only place=beach style=ink subject=girl …]
"""

import argparse
import random
import sys
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from world import Scene, caption, render, sample_scene


def wanted(rng: random.Random, size: tuple[int, int], only: dict[str, str]) -> Scene:
    """The next random scene that has all the wanted values, or has them forced upon it."""
    for _ in range(4000):
        scene = sample_scene(rng, *size)
        if all(str(getattr(scene, key)) == value for key, value in only.items()):
            return scene
    message = f"no scene with {only}"
    raise SystemExit(message)


def sheet(count: int, seed: int, size: tuple[int, int], only: dict[str, str]) -> Image.Image:
    """A grid of scenes, six in a row."""
    rng = random.Random(seed)
    across = min(count, 1536 // size[0])
    rows = -(-count // across)
    picture = Image.new("RGB", (across * size[0], rows * size[1]))
    spent = 0.0
    for i in range(count):
        scene = wanted(rng, size, only)
        start = time.perf_counter()
        tile = render(scene, seed * 1000 + i)
        spent += time.perf_counter() - start
        picture.paste(tile, (i % across * size[0], i // across * size[1]))
        words = [caption(scene, rng, language) for language in ("en", "zh")]
        print(f"{i // across + 1}.{i % across + 1}  {words[0]}  |  {words[1]}")
    print(f"{spent / count * 1000:.1f} ms a scene")
    return picture


def main() -> None:
    """Reads the command line and writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    only = dict(pair.split("=", 1) for pair in options.only)
    sheet(options.count, options.seed, (width, height), only).save(options.out)


if __name__ == "__main__":
    main()
