"""What `--approximate` saves, and how far the picture moves: `approximate.py [PICTURES] [OUT]`.

Draws with storybook, 256x256, 20 steps with guidance, each seed with a prompt of its own, in turns
exactly and by each approximation. Prints the processor's time of a picture as a ratio to the exact
one's in the same round, and its distance from the exact picture: PSNR in decibels and mean levels
of 255. Writes approximate.json and approximate.md into OUT.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench.report import head_of, machine, ratios, spread, summary, table, write
from sdgen.engine import open_generator
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer

ARMS = (
    "guidance-until=0.7", "guidance-until=0.5", "deepcache=2", "deepcache=3",
    "deepcache=3,guidance-until=0.6",
)  # fmt: skip
PROMPTS = (
    "a girl in a white dress on a sunset beach", "a robot in a garden at dawn",
    "a red balloon over snowy mountains at night", "two cats under a tree in the rain, watercolour",
    "a castle by a lake", "a boy with a kite, pastel", "a boat on the ocean", "a fox in a forest",
)  # fmt: skip


def main(count: int, folder: str) -> None:
    """Measure, write and print."""
    generator = open_generator("cpu")
    took: dict[str, list[float]] = {arm: [] for arm in ("", *ARMS)}
    apart: dict[str, list[tuple[float, float]]] = {}
    for number in range(count + 1):
        images = {}
        for arm in took if number % 2 else reversed(took):
            said = {"prompt": PROMPTS[number % len(PROMPTS)], "seed": number, "approximate": arm}
            planned = plan([Layer("bench", said)])
            started = time.process_time()
            images[arm] = generator.generate(planned.settings, planned.model).image
            if number:  # the first only warms up
                took[arm].append(time.process_time() - started)
        if number:
            for arm in ARMS:
                apart.setdefault(arm, []).append(_apart(images[arm], images[""]))
    rows = [
        [f"`{arm}`", spread(ratios(took[""], took[arm])),
         f"{statistics.median(psnr for psnr, _ in apart[arm]):.1f} dB",
         f"{statistics.median(mean for _, mean in apart[arm]):.1f}"]
        for arm in ARMS
    ]  # fmt: skip
    found = {"machine": machine(), "pictures": count}
    found |= {"seconds": {arm or "exact": summary(each) for arm, each in took.items()}}
    head = ["approximation", "times faster", "PSNR to the exact picture", "mean levels apart"]
    write(folder, "approximate", found, head_of("Approximations", machine()) + table(head, rows))


def _apart(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """PSNR in decibels, and the mean distance in levels."""
    levels = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return 10 * np.log10(255**2 / np.square(levels).mean()), np.abs(levels).mean()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8, sys.argv[2] if len(sys.argv) > 2 else ".")
