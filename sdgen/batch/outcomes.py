"""What a run tells while it goes, what can stop it, and what became of it in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdgen.batch.jobs import Job
from sdgen.engine import OnStep
from sdgen.errors import SdgenError
from sdgen.models import LocalModel


class Observer:
    """Hears of each event of a run; this one does nothing with it."""

    def started(self, total: int, skipped: int) -> None:
        """`total` jobs, of which `skipped` were done before."""

    def loading(self, model: LocalModel) -> None:
        """A model will be loaded, unless it is already."""

    def drawing(self, jobs: Sequence[Job]) -> None:
        """A micro-batch begins."""

    def noticed(self, job: Job, notice: str) -> None:
        """What the user must know about a picture: before it is drawn, or while it is."""

    def warned(self, line: str) -> None:
        """What the user must know about the run itself: a worker died, say."""

    def watching(self, on_step: OnStep) -> OnStep:
        """Who hears of the steps of a micro-batch: `on_step`, or a `Watch` that calls it."""
        return on_step

    def step(self, jobs: Sequence[Job], done: int, total: int) -> None:
        """`done` of `total` denoising steps of the micro-batch are made."""

    def drawn(self, jobs: Sequence[Job]) -> None:
        """A micro-batch is at its end; its pictures will be written while the next one is drawn."""

    def saved(self, job: Job, path: Path | str) -> None:
        """The picture is there and noted; told in the order of drawing. An address is text."""

    def failed(self, job: Job, error: SdgenError) -> None:
        """The picture could not be drawn; the run goes on."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that could not be drawn, and why."""

    job: Job
    error: SdgenError


@dataclass(slots=True)
class BatchSummary:
    """What became of a run's jobs.

    `rejected` are the faulty rows that were left out; `stopped_by` is the signal that ended the run
    early, `error` the failure that did.
    """

    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: list[Failure] = field(default_factory=list)
    rejected: Sequence[str] = ()
    stopped_by: int | None = None
    error: SdgenError | None = None
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """Jobs that were not tried."""
        return self.total - self.done - self.skipped - len(self.failed)

    @property
    def exit_code(self) -> int:
        """0 all done · 3 some failed or were rejected · 128 + signal · else what ended the run.

        Where every job failed, and for one reason, it is the code of that reason.
        """
        if self.stopped_by is not None:
            return 128 + self.stopped_by
        if self.error is not None:
            return self.error.exit_code
        if not self.failed:
            return 3 if self.rejected else 0
        codes = {failure.error.exit_code for failure in self.failed}
        is_same_for_all = len(codes) == 1 and not (self.done or self.skipped or self.rejected)
        return codes.pop() if is_same_for_all else 3
