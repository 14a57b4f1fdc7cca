"""The worker's half of a batch: a unit becomes pictures, each one a file with its record."""

from collections.abc import Callable

from sdgen.batch.destination import destination_of
from sdgen.batch.executor import Outcome
from sdgen.batch.outcomes import Observer
from sdgen.batch.units import Target, Task, Unit
from sdgen.engine import Drawing, ImageGenerator
from sdgen.errors import InterruptedRunError, OutputError, SdgenError
from sdgen.files.save import at_once
from sdgen.files.writers import Turn
from sdgen.metadata.record import JobRecord, as_written
from sdgen.sources.store import accept

Drawn = Drawing | SdgenError
"""A picture, or why there is none."""


def draw_unit(
    unit: Unit, generator: ImageGenerator, observer: Observer, on_step: Callable[[], None]
) -> list[Drawn]:
    """Draw `unit` in one call; its model is loaded.

    Args:
        unit: What to draw.
        generator: What draws.
        observer: Hears of each event but the end.
        on_step: Called after each step; may raise to stop it.

    Returns:
        One for each of the unit's tasks, in order.

    Raises:
        InterruptedRunError: From `on_step`.
        OutputError: From `on_step`: pictures that were drawn before cannot be written.
    """
    jobs = unit.jobs
    for source in unit.sources:
        accept(source, source.reference)

    def step(done: int, total: int) -> None:
        observer.step(jobs, done, total)
        on_step()

    def tell(line: str) -> None:
        observer.noticed(jobs[0], line)

    observer.drawing(jobs)
    slots = [task.job.settings if task else None for task in unit.slots]
    try:
        for job in jobs:
            for notice in generator.notices(job.settings, job.model):
                observer.noticed(job, notice)
        watch = observer.watching(step)
        return list(generator.generate_batch(slots, jobs[0].model, watch, tell))
    except (InterruptedRunError, OutputError):
        raise
    except SdgenError as error:
        return [error] * len(jobs)


def outcome_of(task: Task, drawn: Drawn, target: Target, turn: Turn = at_once) -> Outcome:
    """Write the picture of `task` with its record, or tell why there is none.

    Args:
        task: What was to be drawn.
        drawn: What came of it.
        target: Where it goes.
        turn: Called before the files get their names; may wait for others.

    Raises:
        OutputError: The files cannot be written: those of other pictures could not be either.
    """
    if isinstance(drawn, SdgenError):
        return Outcome(task.job.id, error=drawn)
    try:
        entry = destination_of(target.folder).save(task, _noted(task, drawn), target, turn)
    except OutputError:
        raise
    except SdgenError as error:
        return Outcome(task.job.id, error=error)
    return Outcome(entry.id, entry.file, entry.bytes)


def _noted(task: Task, drawing: Drawing) -> Drawing:
    """`drawing` with what the job adds to its record."""
    record = as_written(drawing.record, task.job.written)
    return Drawing(drawing.image, record.model_copy(update={"job": JobRecord(id=task.job.id)}))
