"""Runs a batch: what is done is skipped, the rest is drawn, saved and noted.

Pictures are written while the next ones are drawn, and get their names in the order of drawing. The
order of a picture's end is: published (complete, with its record), then noted in the ledger.
Whatever stops the run in between, the same command goes on where it was and repeats nothing.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sdgen.batch.drafts import Drafts
from sdgen.batch.finished import entry_for, find_finished
from sdgen.batch.jobs import Job, make_jobs, select
from sdgen.batch.ledger import Ledger
from sdgen.batch.local import Work, draw
from sdgen.batch.options import DEFAULTS, BatchOptions, check_tokens
from sdgen.batch.outcomes import BatchSummary, Failure, Observer
from sdgen.batch.state import open_state
from sdgen.engine import Drawing, ImageGenerator, OpenGenerator
from sdgen.errors import InterruptedRunError, OutputError, SdgenError
from sdgen.files.folders import writing
from sdgen.files.formats import suffix_of
from sdgen.files.images import read_record_of
from sdgen.files.save import save_picture
from sdgen.files.write import check_folder, picture_bytes, publish, sweep
from sdgen.files.writers import Turn, WriterPool
from sdgen.metadata.record import JobRecord, as_written
from sdgen.stop import Stop


def run_batch(
    drafts: Drafts,
    folder: Path,
    open_generator: OpenGenerator,
    options: BatchOptions = DEFAULTS,
    *,
    observer: Observer | None = None,
    stop: Stop | None = None,
) -> BatchSummary:
    """Draw what is not there yet; a picture that cannot be drawn does not end the run.

    Args:
        drafts: The checked rows.
        folder: Where the pictures go.
        open_generator: Called only if there is something to draw.
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
    root = check_folder(folder, needed_bytes=_largest(drafts))
    summary = BatchSummary(rejected=drafts.faults)
    with open_state(root, options.shard) as state:
        jobs = make_jobs(
            drafts.items, state.base_seed, template=options.template, wording=options.wording
        )
        check_tokens(jobs, options)
        run = _Run(root, folder, options, state.ledger, observer or Observer(), summary)
        work = run.work(select(jobs, options.shard, options.limit))
        with _ending(summary):
            if work.waiting:
                with WriterPool() as writers:
                    run.finish(work, open_generator(), stop or Stop(), writers)
    summary.seconds = time.monotonic() - started
    return summary


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

    folder: Path
    shown_folder: Path
    """The same as the person typed it."""
    options: BatchOptions
    ledger: Ledger
    observer: Observer
    summary: BatchSummary
    _broken: dict[str, str] = field(default_factory=dict)

    def work(self, jobs: Sequence[Job]) -> Work:
        """The jobs, and which of them are done; what a killed run left unnoted is noted."""
        for parent in {(self.folder / job.stem).parent for job in jobs}:
            sweep(parent)
        finished = find_finished(
            jobs, self.folder, self.ledger.noted, suffix_of(self.options.format)
        )
        for job, entry in finished.unnoted:
            restore_sidecar(self.folder / entry.file)
            self.ledger.add(entry, job.source)
        self._broken = finished.broken
        self.summary.total, self.summary.skipped = len(jobs), len(finished.done)
        self.observer.started(len(jobs), len(finished.done))
        return Work(jobs, finished.done, self.options.micro_batch)

    def finish(
        self, work: Work, generator: ImageGenerator, stop: Stop, writers: WriterPool
    ) -> None:
        """Draw, let each picture be saved as it comes, and tell what became of each job.

        Raises:
            OutputError: A file cannot be written: the next one could not be either.
        """
        for job, outcome in draw(work, generator, self.observer, stop, writers.poll):
            writers.hand_in(
                partial(self._save, job, outcome), partial(self._tell, job), size=_size_of(outcome)
            )

    def _save(self, job: Job, outcome: Drawing | SdgenError, turn: Turn) -> Path | SdgenError:
        """Write the picture and note it, or note why there is none; in a thread of the writers."""
        try:
            return self._write(job, drawing_of(outcome), turn)
        except OutputError:
            raise
        except SdgenError as error:
            turn()
            self.ledger.add_failure(job.id, job.source, str(error), error.code)
            return error

    def _write(self, job: Job, drawing: Drawing, turn: Turn) -> Path:
        broken = self._broken.get(job.id)
        saved = save_picture(
            drawing.image,
            as_written(drawing.record, job.written).model_copy(
                update={"job": JobRecord(id=job.id)}
            ),
            self.folder,
            broken or job.stem,
            format=self.options.format,
            overwrite=broken is not None,
            root=self.folder,
            turn=turn,
            inside=self.options.inside,
        )
        entry = entry_for(job, saved.path, self.folder)
        self.ledger.add(entry, job.source)
        return self.shown_folder / entry.file

    def _tell(self, job: Job, outcome: Path | SdgenError) -> None:
        if isinstance(outcome, SdgenError):
            self.summary.failed.append(Failure(job, outcome))
            self.observer.failed(job, outcome)
        else:
            self.summary.done += 1
            self.observer.saved(job, outcome)


def _size_of(outcome: Drawing | SdgenError) -> int:
    """The bytes of its pixels."""
    return 0 if isinstance(outcome, SdgenError) else 3 * outcome.image.width * outcome.image.height


def drawing_of(outcome: Drawing | SdgenError) -> Drawing:
    if isinstance(outcome, SdgenError):
        raise outcome
    return outcome


def restore_sidecar(picture: Path) -> None:
    """Write the sidecar of a picture whose run was killed between the two."""
    sidecar = picture.with_suffix(".json")
    with writing(sidecar):
        is_missing = not sidecar.exists()
    if is_missing:
        record = read_record_of(picture).to_json(indent=2) + "\n"
        publish(record.encode(), sidecar, resolved=True)
