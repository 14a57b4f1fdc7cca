"""Runs a batch: what is done is skipped, the rest is drawn, saved and noted.

This is the driver. Who draws is behind the seam in `executor.py`; the ledger stays here. The order
of a picture's end is: published (complete, with its record), then noted in the ledger. Whatever
stops the run in between, the same command goes on where it was and repeats nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sdgen.batch.destination import Destination, Folder, destination_of
from sdgen.batch.drafts import Drafts
from sdgen.batch.executor import Executor, OpenExecutor, Outcome
from sdgen.batch.jobs import WHOLE, Job, make_jobs, select
from sdgen.batch.ledger import Entry, Ledger
from sdgen.batch.local import open_local
from sdgen.batch.options import DEFAULTS, BatchOptions, check_tokens
from sdgen.batch.outcomes import BatchSummary, Failure, Observer
from sdgen.batch.plan import BatchPlan, derived_base_seed, keep_plan
from sdgen.batch.state import drawn_base_seed
from sdgen.batch.units import Target, Unit, Work, units_of
from sdgen.engine import OpenGenerator
from sdgen.errors import InputError, InterruptedRunError, SdgenError
from sdgen.files.folders import writing
from sdgen.files.formats import suffix_of
from sdgen.files.write import picture_bytes
from sdgen.recipe.layers import raise_all
from sdgen.stop import Stop


def run_batch(
    drafts: Drafts,
    folder: Folder,
    open_generator: OpenGenerator,
    options: BatchOptions = DEFAULTS,
    *,
    observer: Observer | None = None,
    stop: Stop | None = None,
) -> BatchSummary:
    """`run_with` one generator in this process, called only if there is something to draw."""

    def opened(*_: object) -> AbstractContextManager[Executor]:
        return open_local(open_generator)

    return run_with(drafts, folder, opened, options, observer=observer, stop=stop)


def run_with(
    drafts: Drafts,
    folder: Folder,
    open_executor: OpenExecutor,
    options: BatchOptions = DEFAULTS,
    *,
    observer: Observer | None = None,
    stop: Stop | None = None,
) -> BatchSummary:
    """Draw what is not there yet; a picture that cannot be drawn does not end the run.

    Args:
        drafts: The checked rows.
        folder: Where the pictures go.
        open_executor: Who draws; called only if there is something to draw.
        options: Format, shard, limit, names.
        observer: Hears of each event.
        stop: Looked at before each picture and after each step.

    Returns:
        What became of the jobs; `error` and `stopped_by` say what ended the run early.

    Raises:
        BusyError: Another run draws these jobs.
        OutputError: The folder cannot be written.
        InputError: What earlier runs left in it cannot be read, the name template is wrong, or
            words are not known that must be.
    """
    started = time.monotonic()
    root = destination_of(folder).checked(_largest(drafts))
    summary = BatchSummary(rejected=drafts.faults)
    drawn = _base_seed(drafts, options)
    with destination_of(root).state(options.shard, drawn) as state:
        jobs = make_jobs(
            drafts.items, state.base_seed, template=options.template, wording=options.wording
        )
        check_tokens(jobs, options)
        with writing(state.home.path):
            keep_plan(state.home, _plan_of(jobs, options))
        observer, stop = observer or Observer(), stop or Stop()
        run = _Run(root, destination_of(folder), options, state.ledger, observer, summary)
        work = run.work(select(jobs, options.shard, options.limit))
        with _ending(summary):
            if work.waiting:
                with open_executor(stop, observer) as executor:
                    _check_device(work.waiting, executor)
                    executor.draw(units_of(work, executor), run, stop)
    summary.seconds = time.monotonic() - started
    return summary


def _base_seed(drafts: Drafts, options: BatchOptions) -> Callable[[], int]:
    """How a new folder gets its base seed: by chance, or for one shard as for all others."""
    return drawn_base_seed if options.shard == WHOLE else lambda: derived_base_seed(drafts.items)


def _plan_of(jobs: Sequence[Job], options: BatchOptions) -> BatchPlan:
    ids = b"".join(bytes.fromhex(job.id) for job in jobs)
    return BatchPlan(ids, options.shard, options.limit, suffix_of(options.format))


def _check_device(jobs: Sequence[Job], executor: Executor) -> None:
    """Refuse what the workers' device cannot do; only one that is open knows it.

    Raises:
        InputError: There is a number format or a source of noise that it does not have.
    """
    first: dict[tuple[str, str], Job] = {}
    for job in jobs:
        first.setdefault((job.settings.dtype, job.settings.rng), job)
    faults = []
    for (dtype, rng), job in first.items():
        try:
            executor.check_dtype(dtype)
            executor.check_rng(rng)
        except InputError as error:
            faults.append(InputError(f"{job.source}: {error}", hint=error.hint))
    raise_all(faults)


def _largest(drafts: Drafts) -> int:
    return max(picture_bytes(d.settings.width, d.settings.height) for d in drafts.items)


@contextmanager
def _ending(summary: BatchSummary) -> Iterator[None]:
    """Note in `summary` what ends the run before its time."""
    try:
        yield
    except InterruptedRunError as error:
        summary.stopped_by = error.signal_number
    except SdgenError as error:
        summary.error = error


@dataclass(slots=True)
class _Run:
    """A run of one folder: its ledger, and what became of the jobs so far."""

    folder: Folder
    typed: Destination
    """The same as the person typed it."""
    options: BatchOptions
    ledger: Ledger
    observer: Observer
    summary: BatchSummary

    def work(self, jobs: Sequence[Job]) -> Work:
        """The jobs, and which of them are done; what a killed run left unnoted is noted."""
        there = destination_of(self.folder)
        there.sweep(job.stem for job in jobs)
        finished = there.finished(jobs, self.ledger.noted, suffix_of(self.options.format))
        for job, entry in finished.unnoted:
            there.mend(entry.file)
            self.ledger.add(entry, job.source)
        self.summary.total, self.summary.skipped = len(jobs), len(finished.done)
        self.observer.started(len(jobs), len(finished.done))
        options = self.options
        target = Target(self.folder, options.format, options.inside, options.signing)
        return Work(jobs, target, finished.done, finished.broken, self.options.micro_batch)

    def note(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        """Put what became of some jobs of `unit` into the ledger."""
        sources = {job.id: job.source for job in unit.jobs}
        done = [one for one in outcomes if one.error is None]
        self.ledger.add_all((Entry(one.id, one.file, one.bytes), sources[one.id]) for one in done)
        for one in outcomes:
            if one.error is not None:
                source = sources[one.id]
                self.ledger.add_failure(one.id, source, str(one.error), one.error.code)

    def tell(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        """Count and tell what was noted."""
        jobs = {job.id: job for job in unit.jobs}
        for one in outcomes:
            job = jobs[one.id]
            if one.error is None:
                self.summary.done += 1
                self.observer.saved(job, self.typed.shown(one.file))
            else:
                self.summary.failed.append(Failure(job, one.error))
                self.observer.failed(job, one.error)
