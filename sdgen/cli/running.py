"""A batch while it is drawn, and its end: for `batch`, and what else draws many."""

import time
from collections.abc import Sequence
from pathlib import Path

from sdgen.batch.destination import Folder
from sdgen.batch.drafts import Drafts
from sdgen.batch.executor import OpenExecutor
from sdgen.batch.jobs import Job
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import BatchSummary, Observer
from sdgen.cli.output import Output, error_object
from sdgen.cli.preview import Kind, open_display, show_finished, watching
from sdgen.cli.progress import Display, shorten
from sdgen.cli.signals import stop_on_signals
from sdgen.engine import OnStep
from sdgen.errors import GenerationError, InterruptedRunError, SdgenError
from sdgen.models import LocalModel


def run(
    drafts: Drafts,
    folder: Folder,
    options: BatchOptions,
    opened: OpenExecutor,
    out: Output,
    kind: Kind | None,
) -> BatchSummary:
    """Draw what is not there yet, and show how it goes; a signal stops it."""
    from sdgen.batch.run import run_with  # what writes pictures loads here, not for a dry run

    with stop_on_signals() as stop, open_display(out, kind) as shown:
        observer = ShownProgress(out, shown)
        return run_with(drafts, folder, opened, options, observer=observer, stop=stop)


class ShownProgress(Observer):
    """Tells a person, or a program, how the batch goes."""

    def __init__(self, out: Output, shown: Display) -> None:
        self._out = out
        self._shown = shown
        self._total = self._done = self._failed = 0
        self._told: set[tuple[str, str]] = set()
        self._begun: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def started(self, total: int, skipped: int) -> None:
        """Say how much there is to do."""
        self._total, self._done = total, skipped
        done = f", {skipped} of them done before" if skipped else ""
        self._out.say(f"{total} picture{'s' * (total != 1)}{done}")

    def loading(self, model: LocalModel) -> None:
        """Say which model is loaded."""
        self._shown.loading(model)

    def drawing(self, jobs: Sequence[Job]) -> None:
        """A micro-batch begins."""
        self._begun |= {job.id: time.perf_counter() for job in jobs}
        self._shown.run(self._done, self._failed, self._total)
        self._shown.picture(shorten(jobs[0].settings.prompt))

    def noticed(self, job: Job, notice: str) -> None:
        """Tell it with the job's place in the file, once for all pictures of a row."""
        if (job.source, notice) in self._told:
            return
        self._told.add((job.source, notice))
        self._out.warn(f"{job.source}: {notice}")
        self._out.json({"source": job.source, "notice": notice})

    def warned(self, line: str) -> None:
        """Tell it as it is."""
        self._out.warn(line)
        self._out.json({"warning": line})

    def watching(self, on_step: OnStep) -> OnStep:
        """Show pictures on the way, if that was asked for."""
        return watching(self._shown, on_step)

    def step(self, jobs: Sequence[Job], done: int, total: int) -> None:
        """Move the bar."""
        self._shown.step(done, total)

    def drawn(self, jobs: Sequence[Job]) -> None:
        """Note how long it took, until the pictures are written."""
        ended = time.perf_counter()
        for job in jobs:
            self._seconds[job.id] = round((ended - self._begun.pop(job.id)) / len(jobs), 3)

    def saved(self, job: Job, path: Path | str) -> None:
        """Tell where it is, below the picture if it is shown."""
        if isinstance(path, Path):
            show_finished(self._shown, path)
        seconds = self._seconds.pop(job.id, None)
        self._done += 1
        self._out.result(str(path))
        self._out.json(
            {
                "image": str(path),
                "source": job.source,
                "seed": job.settings.seed,
                "seconds": seconds,
            }
        )

    def failed(self, job: Job, error: SdgenError) -> None:
        """Tell why there is no picture."""
        self._seconds.pop(job.id, None)
        self._failed += 1
        self._out.warn(f"{job.source}: {error}")
        self._out.json({"source": job.source, "error": error_object(error)})


def conclude(summary: BatchSummary, out: Output) -> None:
    """Sum up, and end with the code that fits."""
    parts = {
        "drawn": summary.done, "done before": summary.skipped, "failed": len(summary.failed),
        "left out": len(summary.rejected), "not reached": summary.left,
    }  # fmt: skip
    told = [f"{number} {word}" for word, number in parts.items() if number or word == "drawn"]
    out.say(f"{', '.join(told)} in {summary.seconds:.1f} s")
    out.json({"summary": {word.replace(" ", "_"): number for word, number in parts.items()}})
    if summary.exit_code:
        raise _ending(summary)


def _ending(summary: BatchSummary) -> SdgenError:
    """What ended the run, or is missing after it, as an error of the summary's exit code."""
    if summary.stopped_by is not None:
        hint = "the same command goes on from here"
        return InterruptedRunError("stopped", signal_number=summary.stopped_by, hint=hint)
    if summary.error is not None:
        return summary.error
    if summary.exit_code != GenerationError.exit_code:
        return summary.failed[0].error  # one reason for all of them
    if not summary.failed:
        return GenerationError(f"rows left out: {len(summary.rejected)}")
    failed = f"{len(summary.failed)} of {summary.total} pictures could not be drawn"
    return GenerationError(failed, hint="the same command tries them again")
