"""How fast on the CPU, beside diffusers: `python scripts/bench/cpu.py [ROUNDS] [FOLDER]`.

Three arms in one process, in turn in each round, after one round of warm-up: the pipeline of
diffusers as it comes, in float32; the same in bfloat16, where the CPU has that; and sdgen, which
has the prompt's embedding (10 ms) from the round before. Measured are a picture of storybook, from
the prompt to its pixels; one step with guidance of a UNet of Stable Diffusion 1.5's shape at 512
pixels, and the decoder's work there, with random weights; and what a picture costs against its
steps, its size and the size of the call. The bound is what this machine reaches in large products
of matrices, in the same run. Writes `cpu.json`, `cpu.md` and three plots into FOLDER and prints the
tables. Seven rounds take five minutes on two cores.
"""

import copy
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch.utils.flop_counter import FlopCounterMode

import sdgen.engine.libraries  # noqa: F401  # first: it makes them quiet
from scripts.bench.networks import build
from scripts.bench.report import head_of, machine, plot, ratios, spread, summary, table, write
from sdgen.engine.devices import DTYPES, choose_dtype, usual_layout
from sdgen.engine.generator import DiffusersGenerator
from sdgen.models import LocalModel
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.settings import Settings

PROMPT = "a girl in a white dress on a sunset beach"
STORY = STORYBOOK
CPU = torch.device("cpu")
OURS = choose_dtype("auto", CPU)
STOCK, HALF, SDGEN = "diffusers, float32", "diffusers, bfloat16", "sdgen"
STEPS = (4, 10, 20, 40)
SIDES = (128, 256, 384, 512)
TOGETHER = (1, 2, 4)

Arms = Mapping[str, Callable[[], Any]]


def main(rounds: int = 7, folder: str = ".") -> None:
    """Measure, write, print."""
    plain = {STOCK: _plain("float32")}
    if OURS == "bfloat16":
        plain[HALF] = _plain("bfloat16")
    rates = {name: _rate(DTYPES[name]) for name in {"float32", OURS}}
    found: dict[str, Any] = {
        "machine": machine(),
        "threads": torch.get_num_threads(),
        "sdgen draws in": f"{OURS}, {usual_layout(OURS, CPU)}",
        "rounds": rounds,
        "rates": {name: round(rate / 1e9) for name, rate in rates.items()},
        "rows": [*_picture(plain, rounds), *_networks(rounds, rates)],
        "distance": _distance(),
    }
    found |= _curves(plain[STOCK], max(rounds // 2, 1))
    _plots(found, Path(folder))
    write(folder, "cpu", found, _markdown(found))


def _plain(dtype: str) -> Any:
    pipeline = StableDiffusionPipeline.from_pretrained(STORY, torch_dtype=DTYPES[dtype])
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _stock(pipeline: Any, **said: Any) -> np.ndarray:
    options = {"num_inference_steps": 20, "guidance_scale": 5.0, **said}
    generator = torch.Generator("cpu").manual_seed(7)
    return np.asarray(pipeline(PROMPT, generator=generator, **options).images[0])


def _planned(**said: Any) -> tuple[Settings, LocalModel]:
    usual = {"prompt": PROMPT, "seed": 7, "steps": 20, "guidance_scale": 5.0}
    found = plan([Layer("bench", {**usual, "model": str(STORY), **said})])  # in any size
    return found.settings, found.model


def _ours(count: int = 1, **said: Any) -> np.ndarray:
    settings, model = _planned(**said)
    drawn = DiffusersGenerator("cpu").generate_batch([settings] * count, model)
    return np.asarray(drawn[0].image)  # type: ignore[union-attr]


def _in_turn(arms: Arms, rounds: int) -> dict[str, list[float]]:
    """Seconds of each arm by the clock, round by round; the first one only warms up."""
    taken: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds + 1):
        for name in list(arms) if number % 2 else list(reversed(arms)):
            started = time.perf_counter()
            with torch.inference_mode():
                arms[name]()
            if number:
                taken[name].append(time.perf_counter() - started)
    return taken


def _rows(what: str, arms: Arms, rounds: int) -> list[dict[str, Any]]:
    taken = _in_turn(arms, rounds)
    return [
        {"what": what, "arm": name, "seconds": summary(each), "ratio": ratios(taken[STOCK], each)}
        for name, each in taken.items()
    ]


def _picture(plain: Mapping[str, Any], rounds: int) -> list[dict[str, Any]]:
    arms: dict[str, Callable[[], Any]] = {
        name: partial(_stock, pipeline) for name, pipeline in plain.items()
    }
    return _rows("storybook, 256x256, 20 steps", {**arms, SDGEN: _ours}, rounds)


def _networks(rounds: int, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """A step of Stable Diffusion 1.5's UNet at 512 pixels, and its decoder's work."""
    whole = build("sd15", "float32", "cpu").pipeline
    torch.manual_seed(0)
    latents, text = torch.randn(2, 4, 64, 64), torch.randn(2, 77, 768)
    rows = []
    for what, part, call in (
        ("step of SD 1.5's shape, 512x512", whole.unet, partial(_step, latents, text)),
        ("decoder of SD 1.5's shape, 512x512", whole.vae, partial(_decode, latents[:1])),
    ):
        with FlopCounterMode(display=False) as count, torch.inference_mode():
            call(part)
        named = _networks_in_formats(part)
        arms = {name: partial(call, network) for name, network in named.items()}
        for row in _rows(what, arms, max(rounds // 2, 1)):
            dtype = str(named[row["arm"]].dtype).removeprefix("torch.")
            bound = count.get_total_flops() / rates[dtype]
            rows.append({**row, "share": round(bound / row["seconds"]["median"], 3)})
    return rows


def _networks_in_formats(part: Any) -> dict[str, Any]:
    """The arms' networks: the same weights, each in its own format and layout."""
    named = {STOCK: part}
    if OURS != "float32":
        named[HALF] = copy.deepcopy(part).to(DTYPES[OURS])
    ours = copy.deepcopy(part).to(DTYPES[OURS])
    if usual_layout(OURS, CPU) == "channels_last":
        ours = ours.to(memory_format=torch.channels_last)
    return {**named, SDGEN: ours}


def _step(latents: torch.Tensor, text: torch.Tensor, unet: Any) -> Any:
    return unet(latents.to(unet.dtype), 500, encoder_hidden_states=text.to(unet.dtype))


def _decode(latents: torch.Tensor, vae: Any) -> Any:
    return vae.decode(latents.to(vae.dtype))


def _rate(dtype: torch.dtype, side: int = 2048) -> float:
    """Operations a second in a product of two large matrices of random numbers."""
    one, other = torch.randn(side, side).to(dtype), torch.randn(side, side).to(dtype)
    seconds = _in_turn({"product": lambda: one @ other}, 5)["product"]
    return float(2 * side**3 / min(seconds))


def _distance() -> dict[str, float]:
    """How far sdgen's pictures are from float32's: levels on average, and the PSNR in dB."""
    ours, exact = (
        np.stack([_ours(seed=seed, dtype=dtype).astype(float) for seed in range(4)])
        for dtype in ("auto", "float32")
    )
    error = ((ours - exact) ** 2).mean()
    loudness = round(float(10 * np.log10(255**2 / error)), 1) if error else float("inf")
    return {"mean_levels": round(float(abs(ours - exact).mean()), 2), "psnr": loudness}


def _curves(stock: Any, rounds: int) -> dict[str, Any]:
    """Median seconds of a picture against steps, size and the pictures in a call."""

    def medians(both: Arms) -> dict[str, float]:
        taken = _in_turn(both, rounds)
        return {name: summary(each)["median"] for name, each in taken.items()}

    def pair(steps: int, side: int) -> dict[str, float]:
        size = {"width": side, "height": side}
        plain = partial(_stock, stock, num_inference_steps=steps, **size)
        return medians({STOCK: plain, SDGEN: partial(_ours, steps=steps, **size)})

    calls = {count: medians({SDGEN: partial(_ours, count, steps=10)}) for count in TOGETHER}
    return {
        "by_steps": {steps: pair(steps, 256) for steps in STEPS},
        "by_side": {side: pair(10, side) for side in SIDES},
        "by_call": {count: {SDGEN: taken[SDGEN] / count} for count, taken in calls.items()},
    }


def _plots(found: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, across in (
        ("by_steps", "Seconds a picture of 256x256", "steps"),
        ("by_side", "Seconds a square picture, 10 steps", "pixels of a side"),
        ("by_call", "Seconds a picture of 10 steps, in calls of several", "pictures in a call"),
    ):
        lines: dict[str, list[tuple[float, float]]] = {}
        for x, medians in found[name].items():
            for arm, seconds in medians.items():
                lines.setdefault(arm, []).append((x, seconds))
        drawn = plot(title, across, lines)
        (folder / f"cpu_{name}.svg").write_text(drawn, encoding="utf-8")


def _markdown(found: Mapping[str, Any]) -> str:
    facts = {**found["machine"], **{key: found[key] for key in ("threads", "rounds")}}
    rows = [
        (row["what"], row["arm"], spread(row["seconds"]), spread(row["ratio"]),
         f"{row['share']:.0%}" if "share" in row else "")
        for row in found["rows"]
    ]  # fmt: skip
    rates = ", ".join(f"{rate} GFLOP/s in {name}" for name, rate in found["rates"].items())
    curves = [
        (
            name.removeprefix("by_"),
            x,
            *(f"{medians[arm]:.2f}" if arm in medians else "" for arm in (STOCK, SDGEN)),
        )
        for name in ("by_steps", "by_side", "by_call")
        for x, medians in found[name].items()
    ]
    off = found["distance"]
    return (
        head_of("On the CPU", facts)
        + table(("what", "arm", "seconds", "faster", "of the bound"), rows)
        + f"\nsdgen draws in {found['sdgen draws in']}. The bound: {rates}. Its pictures are "
        f"{off['mean_levels']} levels from float32's on average ({off['psnr']} dB).\n\n"
        + table(("against", "value", f"seconds a picture, {STOCK}", SDGEN), curves)
    )


if __name__ == "__main__":
    words = sys.argv[1:] or ["7"]
    main(int(words[0]), *words[1:2])
