"""Time around the pipeline call: `python scripts/bench/around.py MODEL [COUNT] [WIDTHxHEIGHT]`.

Draws COUNT pictures through `sdgen batch`'s own machinery and times the pipeline calls inside it.
What is left (noise, scheduler, checks, PNG, JSON, ledger) is sdgen's own share. Prints milliseconds
a picture and the share of the time that was spent inside the call.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from sdgen.engine import open_generator
from sdgen.engine.loader import load_model
from sdgen.files.names import file_stem
from sdgen.files.save import save_picture
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.sizes import parse_size


def main(model: str, count: int = 16, size: str = "512x512") -> None:
    """Draw and print."""
    width, height = parse_size(size)
    said = {"prompt": "a red fox", "seed": 0, "model": model, "width": width, "height": height}
    planned = plan([Layer("bench", said)])
    generator = open_generator()
    generator.load(planned.model, "auto")
    inside = _timed_calls(planned.model)
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count + 1):
            settings = planned.settings.model_copy(update={"seed": seed})
            started = time.perf_counter()
            drawing = generator.generate(settings, planned.model)
            save_picture(drawing.image, drawing.record, Path(folder), file_stem(drawing.record))
            whole.append(time.perf_counter() - started)
    whole, inside = whole[1:], inside[1:]  # the first call warms up
    around = [w - i for w, i in zip(whole, inside, strict=True)]
    print(f"torch {torch.__version__}, {generator.device}, {size}, {count} pictures")
    print(f"inside the call {1000 * statistics.median(inside):.1f} ms a picture")
    print(f"around it {1000 * statistics.median(around):.1f} ms "
          f"({1000 * min(around):.1f} to {1000 * max(around):.1f})")  # fmt: skip
    print(f"share inside {sum(inside) / sum(whole):.1%}")


def _timed_calls(model: Any) -> list[float]:
    """Make the loaded pipeline note how long each of its calls takes, in seconds."""
    from sdgen.engine.devices import choose_device, choose_dtype

    device = choose_device("auto")
    pipeline = load_model(model, choose_dtype("auto", device), device).pipeline
    original, seconds = type(pipeline).__call__, []

    def timed(self: Any, *args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        output = original(self, *args, **options)
        seconds.append(time.perf_counter() - started)
        return output

    type(pipeline).__call__ = timed
    return seconds


if __name__ == "__main__":
    words = sys.argv[1:]
    main(words[0], *map(int, words[1:2]), *words[2:3])
