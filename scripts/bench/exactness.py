"""Is a picture out of a batch the same alone? `scripts/bench/exactness.py [--tiny] [-o JSON]`.

Draws one picture in calls of 1, 2, 4 and 8, in the first, middle and last slot, and compares its
latents bit for bit: alone in its slot (the others padded, as `sdgen reproduce` does), beside other
neighbours, and in a new process. How far other slots and sizes move the pixels is told too. Uses
sdgen's engine on networks of random weights, of the size and shape of Stable Diffusion 1.5 (512
pixels) and SDXL (1024), in float16 and bfloat16. Prints a Markdown table; progress on stderr.

`--tiny` takes toy networks in float32 on the CPU. Ends with 1 if what must be equal is not.
"""

import argparse
import gc
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from PIL import Image

import sdgen.engine.libraries  # noqa: F401  # first: it makes them quiet
from scripts.bench.networks import build
from sdgen.engine.decode import Decoded, decode
from sdgen.engine.environment import environment
from sdgen.engine.ladder import Way
from sdgen.engine.loader import LoadedModel
from sdgen.engine.offloading import offload_parts
from sdgen.engine.together import latents_of, padded
from sdgen.files.compare import compare_pixels
from sdgen.recipe.settings import Settings

SIZES = (1, 2, 4, 8)
PIXELS = {"sd15": 512, "sdxl": 1024}
STEPS = 4
SCHEDULER = "euler_ancestral"  # noise in every step


@dataclass(frozen=True, slots=True)
class Place:
    """One cell: a network and format, the size of the call, and the slot of the picture."""

    network: str
    dtype: str
    size: int
    slot: int


@dataclass(frozen=True, slots=True)
class Row:
    """What was found at a place; None where it was not looked at."""

    network: str
    dtype: str
    size: int
    slot: int
    alone: bool
    other_neighbours: bool
    new_process: bool | None
    as_size_1: str
    seconds: float


def places(network: str, dtype: str) -> Iterator[Place]:
    """First, middle and last slot of every size."""
    for size in SIZES:
        for slot in sorted({0, size // 2, size - 1}):
            yield Place(network, dtype, size, slot)


def plan(*, tiny: bool) -> list[tuple[str, str]]:
    """Networks and number formats."""
    formats = ("float32",) if tiny else ("float16", "bfloat16")
    return [(network, dtype) for network in PIXELS for dtype in formats]


class Bench:
    """One network in one format."""

    def __init__(self, network: str, dtype: str, *, tiny: bool) -> None:
        started = time.perf_counter()
        self.device = "cpu" if tiny else "cuda"
        self.pixels = 64 if tiny else PIXELS[network]
        self.loaded: LoadedModel = build(network, dtype, self.device, tiny=tiny)
        self._images: dict[str, Image.Image] = {}
        say(f"{network} {dtype}: built in {time.perf_counter() - started:.1f} s")

    def picture(self, prompt: str, seed: int) -> Settings:
        """Settings of one picture; all are of one shape."""
        return Settings(
            prompt=prompt, negative_prompt="blurred", seed=seed, steps=STEPS, scheduler=SCHEDULER,
            width=self.pixels, height=self.pixels,
        )  # fmt: skip

    def draw(self, size: int, slot: int, neighbours: str | None) -> torch.Tensor:
        """The fox's latents, (1, channels, height, width), on the CPU.

        Args:
            size: Of the call.
            slot: Where the fox is.
            neighbours: What the other slots show; None leaves them empty, to be padded.
        """
        slots: list[Settings | None] = [None] * size
        if neighbours is not None:
            slots = [self.picture(f"{neighbours} {at}", 100 + at) for at in range(size)]
        slots[slot] = self.picture("a red fox", 7)
        latents = latents_of(self.loaded, padded(slots))[0][slot : slot + 1].cpu()
        if not torch.isfinite(latents).all():  # equal NaNs would prove nothing
            raise SystemExit("the network gives no finite latents")
        return latents

    def image(self, latents: torch.Tensor) -> Image.Image:
        """The picture of `latents`; each is decoded once."""
        key = digest(latents)
        if key not in self._images:
            with torch.inference_mode():
                [decoded] = decode(self.loaded.pipeline, latents.to(self.device), Way())
            assert isinstance(decoded, Decoded), decoded
            self._images[key] = decoded.image
        return self._images[key]


def digest(latents: torch.Tensor) -> str:
    """The same for the same bits."""
    return hashlib.sha256(latents.contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()


def say(line: str) -> None:
    """Progress, at once."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def measure(bench: Bench, place: Place, alone_at_1: torch.Tensor) -> tuple[Row, str]:
    """All comparisons of a place within this process, and the digest for another one."""
    started = time.perf_counter()
    first = bench.draw(place.size, place.slot, "a bird")
    found = digest(first)
    alone = digest(bench.draw(place.size, place.slot, None)) == found
    others = digest(bench.draw(place.size, place.slot, "the sea, number")) == found
    far = "same" if digest(alone_at_1) == found else apart(bench, alone_at_1, first)
    seconds = round(time.perf_counter() - started, 1)
    row = Row(**asdict(place), alone=alone, other_neighbours=others, new_process=None,
              as_size_1=far, seconds=seconds)  # fmt: skip
    say(f"{place}: alone {alone}, other neighbours {others}, to size 1 {far}, {seconds} s")
    return row, found


def apart(bench: Bench, one: torch.Tensor, other: torch.Tensor) -> str:
    """How far two latents' pictures are apart."""
    difference = compare_pixels(bench.image(one), bench.image(other))
    if not difference.largest:
        return "other latents, equal pixels"
    return f"up to {difference.largest} levels, {difference.share:.2%} of the pixels"


def in_this_process(*, tiny: bool) -> dict[Place, tuple[Row, str]]:
    """Every place of every network."""
    found: dict[Place, tuple[Row, str]] = {}
    for network, dtype in plan(tiny=tiny):
        bench = Bench(network, dtype, tiny=tiny)
        at_1 = bench.draw(1, 0, None)
        for place in places(network, dtype):
            found[place] = measure(bench, place, at_1)
        del bench
        free()
    return found


def offloading_is_equal(*, tiny: bool) -> bool | None:
    """Whether a model whose parts wait in main memory draws the same; None without a GPU."""
    if tiny:
        return None
    bench = Bench("sd15", "float16", tiny=False)
    usual = digest(bench.draw(2, 1, "a bird"))
    bench.loaded.pipeline.to("cpu")
    offload_parts(bench.loaded.pipeline, "model", torch.device(bench.device))
    is_equal = digest(bench.draw(2, 1, "a bird")) == usual
    say(f"offloaded: {is_equal}")
    return is_equal


def free() -> None:
    """Give the memory of a network back before the next is built."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def digests(*, tiny: bool) -> list[str]:
    """The first call of every place: what the new process does."""
    found: list[str] = []
    for network, dtype in plan(tiny=tiny):
        bench = Bench(network, dtype, tiny=tiny)
        found += [
            digest(bench.draw(one.size, one.slot, "a bird")) for one in places(network, dtype)
        ]
        del bench
        free()
    return found


def in_a_new_process(*, tiny: bool) -> list[str]:
    """`digests`, from a process that has drawn nothing else."""
    say("the same calls in a new process")
    words = [sys.executable, __file__, "--child", *(["--tiny"] if tiny else [])]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| network | format | call of | slot | alone in its slot | other neighbours | new process "
        "| against a call of 1 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        words = ["bitwise equal" if is_equal else "DIFFERENT"
                 for is_equal in (row.alone, row.other_neighbours, row.new_process)]  # fmt: skip
        cells = [row.network, row.dtype, str(row.size), str(row.slot), *words, row.as_size_1]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(output: Path | None, *, tiny: bool) -> int:
    """Measure, print, and tell whether all is equal that must be."""
    started = time.perf_counter()
    found = in_this_process(tiny=tiny)
    offloaded = offloading_is_equal(tiny=tiny)
    other = in_a_new_process(tiny=tiny)
    rows = [
        Row(**{**asdict(row), "new_process": key == there})
        for (row, key), there in zip(found.values(), other, strict=True)
    ]
    device = torch.device("cpu" if tiny else "cuda:0")
    facts: dict[str, Any] = dict(environment(device))
    print(f"torch {facts['torch']}, diffusers {facts['diffusers']}, "
          f"{facts.get('device_name', 'CPU')}, {STEPS} steps of {SCHEDULER}\n")  # fmt: skip
    print(table(rows))
    print(f"\nwith offload, against without: {offloaded}")
    say(f"{time.perf_counter() - started:.0f} s in all")
    if output:
        all_found = {"environment": facts, "rows": [asdict(row) for row in rows],
                     "offload_is_equal": offloaded}  # fmt: skip
        output.write_text(json.dumps(all_found, indent=2))
    equal = all(row.alone and row.other_neighbours and row.new_process for row in rows)
    print("\nall equal that must be" if equal else "\nNOT EQUAL", flush=True)
    return 0 if equal else 1


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tiny", action="store_true")
    words.add_argument("--child", action="store_true", help="only print the digests")
    words.add_argument("-o", "--output", type=Path)
    said = words.parse_args()
    if said.child:
        print(json.dumps(digests(tiny=said.tiny)))
    else:
        sys.exit(main(said.output, tiny=said.tiny))
