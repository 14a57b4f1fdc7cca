"""A batch in a process of its own, to be killed: `painted_batch.py JOBS FOLDER [SHARD]`.

Says `started` once it draws, then one line a picture; ends with the run's exit code.
"""

import signal
import sys
import time
from pathlib import Path

from sdgen.batch.drafts import draft_jobs
from sdgen.batch.jobfiles import read_job_file
from sdgen.batch.jobs import parse_shard
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import Observer
from sdgen.batch.run import run_batch
from sdgen.stop import Stop
from tests.fakes import PaintedGenerator, find_fake

STEP_SECONDS = 0.003


def say(*words: str) -> None:
    print(*words, flush=True)  # noqa: T201  # the test reads it


class Spoken(Observer):
    def drawing(self, jobs):
        say("drawing", *(job.id for job in jobs))

    def step(self, jobs, done, total):
        time.sleep(STEP_SECONDS)

    def saved(self, job, path):
        say("saved", path.name)


def main(jobs: str, folder: str, shard: str = "1/1") -> int:
    stop = Stop()

    def request(number, frame):
        stop.requested = number

    signal.signal(signal.SIGINT, request)
    signal.signal(signal.SIGTERM, request)
    summary = run_batch(
        draft_jobs(read_job_file(Path(jobs)), find=find_fake),
        Path(folder),
        PaintedGenerator,
        BatchOptions(shard=parse_shard(shard)),
        observer=Spoken(),
        stop=stop,
    )
    return summary.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
