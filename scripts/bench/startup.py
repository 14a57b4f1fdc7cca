"""How long commands that load no weights take: `python scripts/bench/startup.py [ROUNDS] [MODEL]`.

Whole processes, all arms interleaved in each round, after one round of warm-up that also leaves
their bytecode, as an installation does. Prints the median
of the seconds by the clock with their range, the median of the processor's seconds, which other
work on the machine does not lengthen, and the ratio of the clock's to the bare interpreter's.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from sdgen.files.save import save_picture
from sdgen.metadata.record import ModelRecord, Record, SchedulerRecord, now, pixels_of
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer

QUIET = subprocess.DEVNULL
BARE = "python -c pass"
ARMS = (
    "--version", "--help", "generate --help", "batch --help", "schedulers", "configs list",
    "configs show portrait", "models list", "show fox.png", "diff fox.png fox.png",
    "explain a-fox --model MODEL", "reproduce fox.png --check --model MODEL", "doctor --quick",
    "batch prompts.txt --dry-run --model MODEL", "batch jobs.yaml --dry-run --model MODEL",
)  # fmt: skip


class Taken(NamedTuple):
    """Seconds of one process, by the clock and of the processor."""

    clock: float
    processor: float


def main(rounds: int = 9, model: str = "storybook") -> None:
    """Run the arms in turn and print the table."""
    place = str(Path(model).resolve()) if Path(model).is_dir() else model
    commands = {arm: [sys.executable, "-m", "sdgen", *arm.replace("MODEL", place).split(" ")]
                for arm in ARMS}  # fmt: skip
    commands = {BARE: [sys.executable, "-c", "pass"], **commands}
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), place)
        for number in range(rounds + 1):
            for name, command in commands.items():
                one = _run(command, folder)
                if number:  # the first round only warms the caches
                    taken[name].append(one)
    bare = statistics.median(one.clock for one in taken[BARE])
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, {rounds} rounds")
    for name, each in taken.items():
        clock, processor = zip(*each, strict=True)
        middle = statistics.median(clock)
        spread = f"{min(clock):.3f} to {max(clock):.3f}"
        busy = f"{statistics.median(processor):.3f} s of the processor"
        print(f"{name:42} {middle:.3f} s  ({spread})  {busy}  x{middle / bare:.1f}")


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


def _run(command: list[str], folder: str) -> Taken:
    variables = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
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
    words = sys.argv[1:] or ["9"]
    main(int(words[0]), *words[1:2])
