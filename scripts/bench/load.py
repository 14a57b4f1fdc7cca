"""How long loading takes beside plain diffusers: `load.py [SHAPE] [DEVICE] [ROUNDS] [OUT]`.

Random weights in float16 of the size of Stable Diffusion 1.5 (sd15, 2.1 GB) or SDXL (sdxl, 6.9 GB)
are written once and lie in the page cache. Two arms take turns in one process, in the other order
in every second round, after one round of warm-up: `from_pretrained` with `to(DEVICE)`, and sdgen's
loader, which gives the same weights. On the CPU in float16 (the files' format: both map them) and
in bfloat16 (each number is converted), on a GPU in float16. Seconds until all weights are on the
device; sdgen's hashes are known, as after the first time. Beside it, once, what hashing takes.
Writes load.json and load.md into OUT.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench import networks
from scripts.bench.report import head_of, machine, ratios, spread, summary, table, write
from sdgen.engine import loader
from sdgen.engine.devices import DTYPES, choose_device, describe
from sdgen.engine.libraries import diffusers
from sdgen.models import LocalModel, find_model

BLOCK = 2**20


def main(shape: str, device: str, rounds: int, folder: str) -> None:
    """Write weights, measure, write, print."""
    where = choose_device(device)
    with tempfile.TemporaryDirectory() as work:
        model = find_model(str(write_weights(shape, Path(work) / shape)))
        started = time.perf_counter()
        model.hashes()
        hashing = time.perf_counter() - started
        formats = ["float16", "bfloat16"] if where.type == "cpu" else ["float16"]
        taken = {dtype: in_turns(model, dtype, where, rounds) for dtype in formats}
    found: dict[str, Any] = {"machine": machine(), "device": describe(where), "shape": shape}
    found |= {"rounds": rounds, "hashing": round(hashing, 2), "seconds": taken}
    write(folder, "load", found, told(found))


def in_turns(
    model: LocalModel, dtype: str, device: torch.device, rounds: int
) -> dict[str, list[float]]:
    """Seconds of both arms in each round; the first one only warms up."""
    arms: dict[str, Callable[[], Any]] = {
        "diffusers": lambda: plain(model, dtype, device),
        "sdgen": lambda: ours(model, dtype, device),
    }
    taken: dict[str, list[float]] = {arm: [] for arm in arms}
    for number in range(rounds + 1):
        for arm in arms if number % 2 else reversed(arms):
            seconds = timed(arms[arm], device)
            if number:
                taken[arm].append(seconds)
    return taken


def plain(model: LocalModel, dtype: str, device: torch.device) -> Any:
    """As every tutorial loads it."""
    kind = getattr(diffusers, model.pipeline)
    return kind.from_pretrained(model.folder, torch_dtype=DTYPES[dtype]).to(device)


def ours(model: LocalModel, dtype: str, device: torch.device) -> Any:
    """As sdgen loads it; the memory layout is diffusers' here, so that both do the same."""
    return loader.load_model(model, dtype, device, layout="contiguous").pipeline


def timed(load: Callable[[], Any], device: torch.device) -> float:
    """Seconds, the device's work with them; afterwards nothing is loaded."""
    wait(device)
    started = time.perf_counter()
    pipeline = load()
    wait(device)
    seconds = time.perf_counter() - started
    del pipeline
    loader._kept.clear()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return seconds


def wait(device: torch.device) -> None:
    """Until the device has nothing to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def write_weights(shape: str, folder: Path) -> Path:
    """A pipeline of `shape` in float16, its weights random; takes seconds."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    with torch.device("meta"):
        pipeline = {"sd15": networks._sd15, "sdxl": networks._sdxl}[shape]()
    torch.set_default_dtype(before)
    block = torch.randn(BLOCK, generator=torch.Generator().manual_seed(0)).mul(0.02).half()
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.to_empty(device="cpu")
            for weight in part.parameters():
                numbers = weight.data.view(-1)
                for begin in range(0, len(numbers), BLOCK):
                    own = numbers[begin : begin + BLOCK]
                    own.copy_(block[: len(own)])
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def told(found: dict[str, Any]) -> str:
    """The report."""
    rows = [
        (dtype, *(spread(summary(each[arm])) for arm in ("diffusers", "sdgen")),
         spread(ratios(each["diffusers"], each["sdgen"])))
        for dtype, each in found["seconds"].items()
    ]  # fmt: skip
    facts = {key: found[key] for key in ("shape", "device", "rounds")}
    return (
        head_of("Loading", {**found["machine"], **facts})
        + table(("number format", "diffusers, s", "sdgen, s", "times faster"), rows)
        + f"\nHashing all weights takes {found['hashing']} s, once, beside the loading.\n"
    )


if __name__ == "__main__":
    words = [*sys.argv[1:], *("sd15", "auto", "5", ".")[len(sys.argv) - 1 :]]
    main(words[0], words[1], int(words[2]), words[3])
