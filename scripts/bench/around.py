"""Time around the pipeline call: `python scripts/bench/around.py [MODEL] [COUNT] [WIDTHxHEIGHT]`.

Runs a batch of COUNT jobs, as `sdgen batch` does, and times the pipeline calls inside it. What is
left of each picture's time (noise, scheduler, checks, PNG, JSON, ledger) is sdgen's own share.
Prints milliseconds a picture and the share of the time that was spent inside the call. The first
picture only warms up; loading the model is not in the figures.
"""

import io
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import diffusers
import torch

from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.jobfiles import read_job_file
from sdgen.batch.jobs import Job
from sdgen.batch.outcomes import Observer
from sdgen.batch.run import run_batch
from sdgen.engine import open_generator
from sdgen.recipe.layers import Layer
from sdgen.recipe.sizes import parse_size


class Clock(Observer):
    """Notes when each picture was on the disk and in the ledger, in seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def saved(self, job: Job, path: Path) -> None:
        """A picture is done; the next begins."""
        self.ends.append(time.perf_counter())


def main(model: str, count: int, size: str) -> None:
    """Draw and print."""
    drafts = _drafts(model, count + 1, size)
    settings = drafts.items[0].settings
    inside = _timed_calls(drafts.items[0].model.pipeline)
    clock = Clock()
    generator = open_generator()
    with tempfile.TemporaryDirectory() as folder:
        summary = run_batch(drafts, Path(folder), lambda: generator, observer=clock)
    if summary.error or summary.failed:
        raise summary.error or summary.failed[0].error
    whole = [end - start for start, end in zip(clock.ends, clock.ends[1:], strict=False)]
    around = [w - i for w, i in zip(whole, inside[1:], strict=True)]
    print(f"torch {torch.__version__}, {generator.device}, {model}, {count} pictures of "
          f"{settings.width}x{settings.height}, {settings.steps} steps")  # fmt: skip
    print(f"inside the call {1000 * statistics.median(inside[1:]):.1f} ms a picture")
    print(f"around it {1000 * statistics.median(around):.1f} ms "
          f"({1000 * min(around):.1f} to {1000 * max(around):.1f})")  # fmt: skip
    print(f"share inside {sum(inside[1:]) / sum(whole):.1%}")


def _drafts(model: str, count: int, size: str) -> Drafts:
    """`count` different prompts, checked as those of a job file are."""
    said: dict[str, Any] = {"model": model}
    if size:
        said["width"], said["height"] = parse_size(size)
    rows = "".join(f"a red fox, number {number}\n" for number in range(count))
    return draft_jobs(read_job_file(io.BytesIO(rows.encode())), upper=[Layer("bench", said)])


def _timed_calls(pipeline: str) -> list[float]:
    """Make pipelines of that class note the seconds that each picture takes in the networks.

    That is in encoding its texts, in the pipeline's call, and, as the last, in decoding.
    """
    clock = _Inside()
    kind: Any = getattr(diffusers, pipeline)
    clock.watch(kind, "encode_prompt")
    clock.watch(kind, "__call__")
    clock.watch(diffusers.AutoencoderKL, "decode", is_last=True)
    return clock.pictures


class _Inside:
    """Adds up the time in some methods, picture by picture; calls within calls count once."""

    def __init__(self) -> None:
        self.pictures: list[float] = []
        self._seconds = 0.0
        self._is_inside = False

    def watch(self, owner: Any, name: str, *, is_last: bool = False) -> None:
        """Count the calls of `owner.name`; the end of one that `is_last` ends a picture."""
        original = getattr(owner, name)

        def timed(*args: Any, **options: Any) -> Any:
            if self._is_inside:
                return original(*args, **options)
            self._is_inside, started = True, time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                self._is_inside = False
                self._seconds += time.perf_counter() - started
                if is_last:
                    self.pictures.append(self._seconds)
                    self._seconds = 0.0

        setattr(owner, name, timed)


if __name__ == "__main__":
    given = [*sys.argv[1:], *("storybook", "64", "")[len(sys.argv) - 1 :]]
    main(given[0], int(given[1]), given[2])
