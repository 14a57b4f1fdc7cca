"""What a batch costs beside the drawing: the run's own code, with workers that only pass time.

    python scripts/bench/scale.py --jobs 1000000 --part prepare
    python scripts/bench/scale.py --jobs 200000 --part resume
    python scripts/bench/scale.py --jobs 20000 --part workers

`prepare` reads and judges the job file and makes all jobs, as a run does before it draws. `resume`
does the same in a folder where nine tenths are done, and looks for their pictures. `workers` runs
the real driver (cutting units, ledger with its flushes, summary) over workers of a simulated clock:
a unit takes two seconds of it, and each call of the driver takes what it really took, during which
nobody else is served. So one machine tells how many workers one driver can keep busy. Each part is
best run in a process of its own: the memory told is the most that the process ever had.
"""

import argparse
import heapq
import json
import platform
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.executor import Executor, Outcome, Run
from sdgen.batch.finished import find_finished
from sdgen.batch.jobfiles import read_job_file
from sdgen.batch.jobs import make_jobs
from sdgen.batch.ledger import read_ledgers
from sdgen.batch.options import BatchOptions
from sdgen.batch.run import run_with
from sdgen.batch.state import ledgers_in, looked_at, open_state
from sdgen.batch.units import Unit
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop

UNIT_SECONDS = 2.0
MICRO_BATCH = 4
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description="What a batch costs beside the drawing.")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--part", choices=("prepare", "resume", "workers"), default="prepare")
    asked = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        {"prepare": prepare, "resume": resume, "workers": workers}[asked.part](home, asked.jobs)
    print(f"{_megabytes():.0f} MB at most")


def prepare(home: Path, count: int) -> list[str]:
    """Rows to jobs; the ids of all of them."""
    before = _megabytes()
    started = time.perf_counter()
    drafts = _drafts(home, count)
    judged = time.perf_counter()
    jobs = make_jobs(drafts.items, SEED)
    made = time.perf_counter()
    print(f"{count} rows judged in {judged - started:.1f} s, {_each(judged - started, count)}")
    print(f"{count} jobs made in {made - judged:.1f} s, {_each(made - judged, count)}")
    print(f"{(_megabytes() - before) / count * 1e6:.0f} bytes a job, over {before:.0f} MB")
    return [job.id for job in jobs]


def resume(home: Path, count: int) -> None:
    """A folder in which nine tenths are done: how long until the first unit could be drawn."""
    out = home / "out"
    out.mkdir()
    jobs = make_jobs(_drafts(home, count).items, SEED)
    done = jobs[: count * 9 // 10]
    with open_state(out, draw=lambda: SEED) as state:
        lines = []
        for job in done:
            (out / f"{job.stem}.png").write_bytes(b"1")
            (out / f"{job.stem}.json").write_bytes(b"1")
            lines.append(json.dumps({"id": job.id, "file": f"{job.stem}.png", "bytes": 1}))
        with state.ledger.path.open("a") as file:
            file.write("\n".join(lines) + "\n")
    started = time.perf_counter()
    jobs = make_jobs(_drafts(home, count).items, SEED)
    made = time.perf_counter()
    with looked_at(out) as corner:
        assert corner is not None
        noted = read_ledgers(corner, ledgers_in(corner))
    read = time.perf_counter()
    finished = find_finished(jobs, out, noted, ".png")
    found = time.perf_counter()
    assert len(finished.done) == len(done)
    print(f"{count} jobs, {len(done)} of them done")
    print(f"rows and jobs {made - started:.1f} s, {_each(made - started, count)}")
    print(f"ledger {read - made:.1f} s, {_each(read - made, len(done))}")
    print(f"pictures {found - read:.1f} s, {_each(found - read, count)}")
    print(f"in all {found - started:.1f} s, {_each(found - started, count)}")
    shutil.rmtree(out)


def workers(home: Path, count: int) -> None:
    """How busy one driver keeps so many workers."""
    drafts = _drafts(home, count)
    print(f"{count} jobs in units of {MICRO_BATCH}, {UNIT_SECONDS} s each")
    print("| workers | pictures/s | efficiency | driver, µs a picture |")
    print("| --- | --- | --- | --- |")
    for number in WORKERS:
        simulated = Simulated(number)
        folder = home / f"out-{number}"
        options = BatchOptions(micro_batch=MICRO_BATCH)
        summary = run_with(drafts, folder, simulated.opened, options)
        assert summary.done == count
        print(
            f"| {number} | {count / simulated.makespan:.1f} | {simulated.efficiency:.1%} "
            f"| {simulated.driver / count * 1e6:.0f} |"
        )
        shutil.rmtree(folder)


class Simulated:
    """Workers that draw nothing, for two seconds of a clock that is only counted."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.makespan = self.driver = 0.0
        self.units = 0

    @property
    def efficiency(self) -> float:
        """The share of the workers' time in which they draw."""
        return self.units * UNIT_SECONDS / (self.count * self.makespan)

    @contextmanager
    def opened(self, *_: object) -> Iterator[Executor]:
        yield self

    def check_dtype(self, dtype: str) -> None:
        """They can do all."""

    def check_rng(self, rng: str) -> None:
        """They have all."""

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        return MICRO_BATCH

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        return 1

    def draw(self, units: Iterator[Unit], run: Run, stop: Stop) -> None:
        """Serve who is ready first; the driver serves one after the other."""
        ready: list[tuple[float, int, Unit | None]] = [(0.0, n, None) for n in range(self.count)]
        clock = 0.0
        while ready:
            at, worker, drawn = heapq.heappop(ready)
            clock = max(clock, at)
            started = time.perf_counter()
            if drawn is not None:
                outcomes = [Outcome(t.job.id, f"{t.stem}.png", 1) for t in drawn.tasks]
                run.note(drawn, outcomes)
                run.tell(drawn, outcomes)
            unit = next(units, None)
            took = time.perf_counter() - started
            self.driver += took
            clock += took
            if unit is not None:
                self.units += 1
                heapq.heappush(ready, (clock + UNIT_SECONDS, worker, unit))
        self.makespan = clock


def _drafts(home: Path, count: int) -> Drafts:
    """A job file of `count` rows, judged."""
    path = home / "jobs.jsonl"
    if not path.exists():
        with path.open("w") as file:
            for number in range(count):
                file.write(f'{{"prompt":"a fox, {number}","seed":{number}}}\n')
    return draft_jobs(read_job_file(path))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _each(seconds: float, count: int) -> str:
    return f"{seconds / count * 1e6:.0f} µs each"


if __name__ == "__main__":
    main()
