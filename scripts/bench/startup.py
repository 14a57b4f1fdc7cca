"""How long commands take: `python scripts/bench/startup.py [ROUNDS] [FOLDER] [MODEL]`.

Whole processes, all arms in turn in each round, in the other order in every second one, after one
round of warm-up. Two tables: from the shell to the picture on the disk, beside the shortest script
that draws it with diffusers; and commands that load no weights. Seconds by the clock, and those of
the processor, which other work on the machine does not lengthen. Writes `startup.json` and
`startup.md` into FOLDER and prints the latter. A round takes half a minute.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image

from scripts.bench.report import head_of, machine, ratios, spread, summary, table, write
from sdgen.files.save import save_picture
from sdgen.metadata.record import ModelRecord, Record, SchedulerRecord, now, pixels_of
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer

QUIET = subprocess.DEVNULL
PROMPT = "a girl in a white dress on a sunset beach"
PLAIN = f"""
import torch
from diffusers import StableDiffusionPipeline
pipeline = StableDiffusionPipeline.from_pretrained({str(STORYBOOK)!r}DTYPE)
image = pipeline({PROMPT!r}, num_inference_steps=20, guidance_scale=5.0,
                 generator=torch.Generator("cpu").manual_seed(7)).images[0]
image.save("plain.png")
"""
OPTIONS = "--seed 7 --steps 20 --guidance-scale 5 --overwrite -o ours.png"
OURS = [PROMPT, *OPTIONS.split()]

STOCK = "plain diffusers script"
PICTURES: Mapping[str, Sequence[str]] = {
    STOCK: ["-c", PLAIN.replace("DTYPE", "")],
    "the same in bfloat16": ["-c", PLAIN.replace("DTYPE", ", torch_dtype=torch.bfloat16")],
    "sdgen": ["-m", "sdgen", *OURS],
    "sdgen --dtype float32": ["-m", "sdgen", *OURS, "--dtype", "float32"],
}
"""storybook's own size and scheduler; the scripts write no record."""

BARE = "python -c pass"
COMMANDS = (
    "--version", "--help", "generate --help", "batch --help", "schedulers", "configs list",
    "configs show portrait", "models list", "show fox.png", "diff fox.png fox.png",
    "explain a-fox --model MODEL", "reproduce fox.png --check --model MODEL", "doctor --quick",
    "batch prompts.txt --dry-run --model MODEL", "batch jobs.yaml --dry-run --model MODEL",
)  # fmt: skip


class Taken(NamedTuple):
    """Seconds of one process, by the clock and of the processor."""

    clock: float
    processor: float


def main(rounds: int = 7, folder: str = ".", model: str = "storybook") -> None:
    """Measure, write, print."""
    place = str(Path(model).resolve()) if Path(model).is_dir() else model
    light = {arm: ["-m", "sdgen", *arm.replace("MODEL", place).split(" ")] for arm in COMMANDS}
    with tempfile.TemporaryDirectory() as work:
        _prepare(Path(work), place)
        pictures = _in_turn(PICTURES, rounds, work)
        commands = _in_turn({BARE: ["-c", "pass"], **light}, rounds, work)
    found = {
        "machine": machine(),
        "rounds": rounds,
        "pictures": _rows(pictures, STOCK),
        "commands": _rows(commands, BARE),
    }
    write(folder, "startup", found, _markdown(found))


def _in_turn(arms: Mapping[str, Sequence[str]], rounds: int, folder: str) -> dict[str, list[Taken]]:
    """What each arm took in each round; the first one only warms the caches."""
    taken: dict[str, list[Taken]] = {name: [] for name in arms}
    for number in range(rounds + 1):
        order = list(arms) if number % 2 else list(reversed(arms))
        for name in order:
            one = _run([sys.executable, *arms[name]], folder)
            if number:
                taken[name].append(one)
    return taken


def _rows(taken: Mapping[str, list[Taken]], other: str) -> list[dict[str, Any]]:
    """A summary of each arm; ratios say how many times as long `other` took."""
    clocks = {name: [one.clock for one in each] for name, each in taken.items()}
    busy = {name: [one.processor for one in each] for name, each in taken.items()}
    return [
        {
            "arm": name,
            "clock": summary(clocks[name]),
            "processor": summary(busy[name]),
            "clock_ratio": ratios(clocks[other], clocks[name]),
            "processor_ratio": ratios(busy[other], busy[name]),
        }
        for name in taken
    ]


def _markdown(found: Mapping[str, Any]) -> str:
    heads = ("seconds by the clock", "of the processor")
    pictures = [
        (row["arm"], spread(row["clock"]), spread(row["processor"]), spread(row["clock_ratio"]),
         spread(row["processor_ratio"]))
        for row in found["pictures"]
    ]  # fmt: skip
    commands = [
        (f"`{row['arm']}`", spread(row["clock"], 3), spread(row["processor"], 3))
        for row in found["commands"]
    ]
    faster = ("faster, clock", "faster, processor")
    return (
        head_of("Start-up", {**found["machine"], "rounds": found["rounds"]})
        + f"Cold, from the shell to the PNG: storybook, 256x256, 20 steps, {PROMPT!r}.\n\n"
        + table(("arm", *heads, *faster), pictures)
        + "\nCommands that load no weights.\n\n"
        + table(("command", *heads), commands)
    )


def _prepare(folder: Path, model: str) -> None:
    """Two job files of 100 rows, and a picture that is painted, with the record of a drawn one."""
    (folder / "prompts.txt").write_text("a red fox\n" * 100)
    (folder / "jobs.yaml").write_text("- {prompt: a red fox, steps: 10}\n" * 100)
    planned = plan([Layer("bench", {"prompt": "a red fox", "seed": 7, "model": model})])
    image = Image.new("RGB", (planned.settings.width, planned.settings.height), "orange")
    record = Record(
        created=now(),
        settings=planned.settings,
        model=ModelRecord(
            name=planned.model.name,
            pipeline=planned.model.pipeline,
            revision=planned.model.revision,
            files=planned.model.hashes(),
        ),
        scheduler=SchedulerRecord(class_name="DPMSolverMultistepScheduler", config={}),
        environment={},
        image=pixels_of(image),
    )
    save_picture(image, record, folder, "fox")


def _run(command: Sequence[str], folder: str) -> Taken:
    variables = {**os.environ}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=QUIET, stderr=QUIET
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Taken(seconds, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    words = sys.argv[1:] or ["7"]
    main(int(words[0]), *words[1:3])
