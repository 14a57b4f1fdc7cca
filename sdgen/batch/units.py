"""Jobs become units: whole micro-batches, each of which any worker can draw and write by itself.

A unit is cut from all jobs of a run, done or not, so that which slot a job has, and with it every
pixel, depends on the job file alone, and neither on what was drawn before nor on who draws.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Protocol

from sdgen.batch.destination import Folder
from sdgen.batch.jobs import Job
from sdgen.engine import shape_key
from sdgen.errors import SdgenError
from sdgen.files.formats import Format, Inside
from sdgen.files.signing import Signing
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.sources import Source, sources_of

Weights = tuple[str, str]
"""What must be loaded to draw a unit: the model's folder, and the number format."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the pictures of a run go: the output folder, without links in its path, and how."""

    folder: Folder
    format: Format = "png"
    inside: Inside = "record"
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A job, and the name that its picture takes; `replaces` says that its own ruin has it now."""

    job: Job
    stem: str
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One micro-batch with all that is needed to draw it and to write its pictures.

    It can be pickled, and drawn by any process that sees the same files.

    Attributes:
        number: Its place in the run, from 0.
        slots: The places of the call; None is padded. At least one has a task, and all tasks are of
            one model and shape.
        target: Where the pictures go.
        sources: The pictures that are drawn from, which settings name by their content.
        is_only_model: Whether the whole run needs no other weights: if they cannot be loaded, that
            ends the run, and not these jobs alone.
    """

    number: int
    slots: tuple[Task | None, ...]
    target: Target
    sources: tuple[Source, ...] = ()
    is_only_model: bool = True

    @property
    def tasks(self) -> list[Task]:
        """The filled slots, in order."""
        return [task for task in self.slots if task is not None]

    @property
    def jobs(self) -> list[Job]:
        return [task.job for task in self.tasks]

    @property
    def weights(self) -> Weights:
        return weights_of(self.jobs[0])


class Counts(Protocol):
    """What decides how jobs are cut: how many go together, and how long their prompts are."""

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        """How many pictures of this shape are best drawn together; at least 1."""

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        """How many chunks the longer of the prompts takes; at least 1.

        Raises:
            SdgenError: The model had to be loaded for it, and cannot be.
        """


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to draw.

    Attributes:
        jobs: All jobs of the run, those that are done too.
        target: Where the pictures go.
        done: Ids of the jobs that are done. They keep their places in the micro-batches, empty, so
            that the others have the same slots, and pixels, as in a run that was never stopped.
        broken: Job id → the name that its new picture takes in place of a ruin.
        micro_batch: Pictures in one call; None leaves it to the workers.
    """

    jobs: Sequence[Job]
    target: Target
    done: Container[str] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    micro_batch: int | None = None

    @property
    def waiting(self) -> list[Job]:
        """The jobs to draw, in the order of the file."""
        return [job for job in self.jobs if job.id not in self.done]


def weights_of(job: Job) -> Weights:
    return str(job.model.folder), job.settings.dtype


def units_of(work: Work, counts: Counts) -> Iterator[Unit]:
    """Cut `work` into units, one after the other as they are asked for.

    The units of one model come together, so that each is loaded once.
    """
    order = {key: index for index, key in enumerate(dict.fromkeys(map(weights_of, work.jobs)))}
    grouped = sorted(work.jobs, key=lambda job: order[weights_of(job)])  # stable
    is_only = len(set(map(weights_of, work.waiting))) == 1
    groups = (list(group) for _, group in groupby(grouped, key=weights_of))
    cut = chain.from_iterable(_Group(jobs, work, counts).micro_batches() for jobs in groups)
    for number, slots in enumerate(cut):
        sources = {one: None for task in slots if task for one in _sources(task)}
        yield Unit(number, slots, work.target, tuple(sources), is_only)


def _sources(task: Task) -> list[Source]:
    return sources_of(task.job.settings)


@dataclass(frozen=True, slots=True)
class _Group:
    """The jobs of one model in one number format."""

    jobs: Sequence[Job]
    work: Work
    counts: Counts

    def micro_batches(self) -> Iterator[tuple[Task | None, ...]]:
        """The jobs of one shape in calls of one size; None is a place with nothing to draw."""
        if all(job.id in self.work.done for job in self.jobs):
            return
        shapes: dict[tuple[object, ...], list[Job]] = {}
        for job in self.jobs:
            shapes.setdefault((shape_key(job.settings), job.model.added), []).append(job)
        for jobs in chain.from_iterable(map(self._alike, shapes.values())):
            size = self._size(jobs)
            padded = [*jobs, *[None] * (-len(jobs) % size)]
            for start in range(0, len(padded), size):
                slots = tuple(self._task(job) for job in padded[start : start + size])
                if any(slots):
                    yield slots

    def _alike(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """Jobs of one shape, parted by the length of their prompts if they are drawn together."""
        if self._size(jobs) == 1:
            return [list(jobs)]
        parts: dict[int, list[Job]] = {}
        try:
            for job in jobs:
                parts.setdefault(self.counts.chunks(job.settings, job.model), []).append(job)
        except SdgenError:  # the model cannot be loaded, which whoever draws will tell
            return [list(jobs)]
        return list(parts.values())

    def _task(self, job: Job | None) -> Task | None:
        if job is None or job.id in self.work.done:
            return None
        ruin = self.work.broken.get(job.id)
        return Task(job, ruin or job.stem, ruin is not None)

    def _size(self, jobs: Sequence[Job]) -> int:
        """As asked for; else what the device does well, if there are as many jobs."""
        if self.work.micro_batch is not None:
            return self.work.micro_batch
        return min(self.counts.micro_batch(jobs[0].settings, jobs[0].model), len(jobs))
