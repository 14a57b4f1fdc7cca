"""What a worker that died had written of its unit, and what of it is left to draw."""

from collections.abc import Container
from dataclasses import replace

from sdgen.batch.destination import destination_of
from sdgen.batch.executor import Outcome
from sdgen.batch.finished import Finished
from sdgen.batch.units import Task, Unit
from sdgen.errors import GenerationError
from sdgen.files.formats import suffix_of

MOST_DEATHS = 3
"""After so many, the unit is reported, or the seat left empty."""


def lost(unit: Unit, how: str) -> list[Outcome]:
    """What is noted of a unit whose workers ended so, as often as may be."""
    error = GenerationError(f"the process that drew it {how}, {MOST_DEATHS} times")
    return [Outcome(job.id, error=error) for job in unit.jobs]


def written(unit: Unit) -> list[Outcome]:
    """The pictures of `unit` that are on the disk already, each with its record beside it.

    A worker publishes first and tells second: one that died in between left a picture that must not
    be drawn twice.

    Raises:
        OutputError: The folder cannot be looked at, or a record cannot be written.
    """
    there = destination_of(unit.target.folder)
    there.sweep(task.stem for task in unit.tasks)
    outcomes = []
    for _, entry in _found(unit).unnoted:
        there.mend(entry.file)
        outcomes.append(Outcome(entry.id, entry.file, entry.bytes))
    return outcomes


def left_of(unit: Unit, known: Container[str]) -> Unit | None:
    """`unit` less the jobs of these ids, the others in their slots; None if nothing is left.

    A record without its picture, which a dead worker may leave where pictures do not hold theirs,
    is replaced together with it.
    """
    broken = _found(unit).broken

    def left(task: Task | None) -> Task | None:
        if task is None or task.job.id in known:
            return None
        stem = broken.get(task.job.id)
        return task if stem is None else replace(task, stem=stem, replaces=True)

    slots = tuple(map(left, unit.slots))
    return replace(unit, slots=slots) if any(slots) else None


def _found(unit: Unit) -> Finished:
    there = destination_of(unit.target.folder)
    return there.finished(unit.jobs, {}, suffix_of(unit.target.format))
