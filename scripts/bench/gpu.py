"""How fast on a GPU, beside diffusers: `python scripts/bench/gpu.py [--tiny] [ROUNDS] [OUT]`.

Networks of random weights, of the size and shape of Stable Diffusion 1.5 (512 pixels) and SDXL
(1024); 20 Euler steps with guidance. Three arms take turns in one process:

- stock: the pipeline of diffusers, called with embeddings; in batches its pictures are saved by
  Pillow, as its documentation shows it;
- eager: sdgen as it is, which gives the pixels that torch's operations give;
- fused: sdgen with `--kernels fused`.

Measured are one picture, from the call to its pixels in main memory; whole batches from prompts to
PNG and JSON on the disk, each by itself; and the time of a picture against the size of the call,
the steps and its pixels. The bound is the arithmetic of the networks at 790 TFLOP/s, which an H200
reaches in large bfloat16 products. Medians of rounds, with the least and the most.

Writes gpu.json, gpu.md and a plot of each curve into OUT. Progress on stderr. `--tiny` takes toy
networks, on the CPU where there is no GPU, and measures nothing of use.
"""

import argparse
import gc
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

import sdgen.engine.libraries  # noqa: F401  # first: it makes them quiet
from scripts.bench.gpu_arms import DEVICE, STEPS, Arms
from scripts.bench.report import head_of, machine, plot, write
from sdgen.engine.environment import environment
from sdgen.recipe.settings import Settings

RATE = 790e12
"""Floating-point operations a second: a bfloat16 product of 8192 by 8192 on an H200, measured."""

STEP_WORK = {"sd15": 2 * 0.803e12, "sdxl": 2 * 6.761e12}
"""Operations of one step with guidance, counted by torch's FlopCounterMode."""

DECODE_WORK = {"sd15": 2.51e12, "sdxl": 10.47e12}
BATCHES = {"sd15": (16,), "sdxl": (8,)}


@dataclass(slots=True)
class Row:
    """What one arm took for one job, in milliseconds a picture, round by round."""

    network: str
    dtype: str
    job: str
    arm: str
    bound: float
    each: list[float] = field(default_factory=list)


def main(*, tiny: bool, rounds: int, folder: str) -> None:
    """Measure, write and print."""
    rows: list[Row] = []
    jobs = [("sd15", "float16"), ("sdxl", "float16"), ("sdxl", "bfloat16")]
    for network, dtype in jobs if not tiny else [("sd15", "float32"), ("sdxl", "float32")]:
        started = time.perf_counter()
        arms = Arms(network, dtype, tiny=tiny)
        say(f"{network} {dtype}: built in {time.perf_counter() - started:.1f} s")
        first_pictures(arms, rows)
        one_picture(arms, rows, rounds)
        if network == "sd15":
            curves(arms, rows, tiny=tiny)
        if (network, dtype) != ("sdxl", "float16"):
            batches(arms, rows, max(2, rounds // 2), tiny=tiny)
        del arms
        gc.collect()
        torch.cuda.empty_cache()
    facts = {"environment": environment(torch.device(DEVICE)), "steps": STEPS, "rate": RATE}
    found = facts | {"rows": [asdict(row) for row in rows]}
    write(folder, "gpu", found, head_of("On a GPU", machine()) + table(rows) + "\n")
    for name, svg in plots(rows).items():
        (Path(folder) / f"gpu-{name}.svg").write_text(svg, encoding="utf-8")


def plots(rows: list[Row]) -> dict[str, str]:
    """An SVG for each kind of curve of Stable Diffusion 1.5, by name."""
    kinds = {
        "calls": (r"call of (\d+)", "pictures in a call"),
        "steps": (r"(\d+) steps", "steps"),
        "pixels": (r"(\d+) pixels", "pixels of a side"),
    }
    drawn = {}
    for name, (pattern, across) in kinds.items():
        lines: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            if row.network == "sd15" and (met := re.fullmatch(pattern, row.job)):
                point = (float(met[1]), statistics.median(row.each) / 1000)
                lines.setdefault(row.arm, []).append(point)
        ordered = {arm: sorted(line) for arm, line in lines.items()}
        drawn[name] = plot("SD 1.5, seconds a picture", across, ordered)
    return drawn


def first_pictures(arms: Arms, rows: list[Row]) -> None:
    """The first picture of each arm in this process, which compiles and records."""
    for arm in arms.names():
        row = add(rows, arms, "first picture", arm)
        row.each.append(1000 * clock(lambda arm=arm: arms.draw(arm, [arms.settings(1)])))
        say(f"  first picture {arm}: {row.each[0]:.0f} ms")


def one_picture(arms: Arms, rows: list[Row], rounds: int) -> None:
    """One picture, from the call to its pixels."""
    of = {arm: add(rows, arms, "one picture", arm) for arm in arms.names()}
    for number in range(rounds + 1):
        for arm in turns(arms, number):
            took = clock(lambda arm=arm: arms.draw(arm, [arms.settings(1)]))
            if number:  # the first only warms up
                of[arm].each.append(1000 * took)
    tell(of)


def batches(arms: Arms, rows: list[Row], rounds: int, *, tiny: bool) -> None:
    """Whole batches, from prompts to files, for each size of the call."""
    for size in (2,) if tiny else BATCHES[arms.network]:
        of = {arm: add(rows, arms, f"batch of {size}, files", arm) for arm in arms.names()}
        for number in range(rounds + 1):
            for arm in turns(arms, number):
                took = clock(partial(_batch, arms, arm, size, number))
                if number:
                    of[arm].each.append(1000 * took / size)
        tell(of)


def _batch(arms: Arms, arm: str, size: int, number: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        rows = [arms.settings(1000 * number + at) for at in range(size)]
        for each in arms.save(arm, rows, Path(folder), pool):
            each.result()
        files = len(list(Path(folder).glob("*.png")))
    assert files == size, files


def curves(arms: Arms, rows: list[Row], *, tiny: bool) -> None:
    """A picture's time against the size of the call, the steps, and its pixels."""
    ours = [arm for arm in arms.names() if arm != "stock"]
    for arm in ours:
        for size in (1, 2) if tiny else (1, 2, 4, 8, 16)[: 5 if arms.network == "sd15" else 4]:
            measure(arms, rows, f"call of {size}", arm, [arms.settings(at) for at in range(size)])
        for steps in (2, 4) if tiny else (5, 10, 40):
            measure(arms, rows, f"{steps} steps", arm, [arms.settings(1, steps=steps)])
        for part in (1.0,) if tiny else (0.5, 0.75, 1.5):
            size = int(arms.size * part)
            measure(arms, rows, f"{size} pixels", arm, [arms.settings(1, size=size)])


def measure(arms: Arms, rows: list[Row], job: str, arm: str, pictures: list[Settings]) -> None:
    """Draw three times, of which the last two count."""
    row = add(rows, arms, job, arm)
    took = [clock(lambda: arms.draw(arm, pictures)) for _ in range(3)]
    row.each += [1000 * each / len(pictures) for each in took[1:]]
    say(f"  {job} {arm}: {statistics.median(row.each):.1f} ms")


def add(rows: list[Row], arms: Arms, job: str, arm: str) -> Row:
    """A new row."""
    work = STEPS * STEP_WORK[arms.network] + DECODE_WORK[arms.network]
    rows.append(Row(arms.network, arms.dtype, job, arm, 1000 * work / RATE))
    return rows[-1]


def turns(arms: Arms, number: int) -> list[str]:
    """The arms, forwards and backwards by turns."""
    return arms.names()[:: 1 if number % 2 else -1]


def clock(work: Callable[[], Any]) -> float:
    """Seconds until `work` and the device are done."""
    started = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def tell(of: dict[str, Row]) -> None:
    """A line on stderr for the arms of a job."""
    for row in of.values():
        say(f"  {row.job} {row.arm}: {statistics.median(row.each):.1f} ms")


def say(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)


def table(rows: list[Row]) -> str:
    """Markdown: a job a line, an arm a column."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    lines = ["| network | job | " + " | ".join(f"{arm}, ms" for arm in arms) + " | of the bound |"]
    lines.append("| --- | --- |" + " ---: |" * (len(arms) + 1))
    for network, dtype, job in dict.fromkeys((row.network, row.dtype, row.job) for row in rows):
        own = {
            row.arm: row
            for row in rows
            if (row.network, row.dtype, row.job) == (network, dtype, job)
        }
        cells = [_cell(own.get(arm)) for arm in arms]
        is_usual = "picture" in job or "files" in job
        best = min(statistics.median(row.each) for row in own.values())
        share = f"{next(iter(own.values())).bound / best:.0%}" if is_usual else ""
        lines.append(f"| {network} {dtype} | {job} | " + " | ".join(cells) + f" | {share} |")
    return "\n".join(lines)


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    low, high = min(row.each), max(row.each)
    return f"{statistics.median(row.each):.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="toy networks")
    parser.add_argument("rounds", type=int, nargs="?", default=7, metavar="ROUNDS")
    parser.add_argument("folder", nargs="?", default=".", metavar="OUT")
    options = parser.parse_args()
    main(tiny=options.tiny, rounds=options.rounds, folder=options.folder)
