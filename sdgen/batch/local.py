"""The executor of this machine: one generator, one micro-batch after the other."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from sdgen.batch.jobs import Job
from sdgen.batch.outcomes import Observer
from sdgen.engine import Drawing, ImageGenerator, shape_key
from sdgen.errors import InputError, InterruptedRunError, OutputError, SdgenError
from sdgen.recipe.layers import raise_all
from sdgen.stop import Stop

Outcome = tuple[Job, Drawing | SdgenError]
"""A job and its picture, or why there is none. An executor yields one a job, in any order."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an executor has to draw.

    Attributes:
        jobs: All jobs of the run, those that are done too.
        done: Ids of the jobs that are done. They keep their places in the micro-batches, empty, so
            that the others have the same slots, and pixels, as in a run that was never stopped.
        micro_batch: Pictures in one call; None leaves it to the generator.
    """

    jobs: Sequence[Job]
    done: Collection[str] = ()
    micro_batch: int | None = None

    @property
    def waiting(self) -> list[Job]:
        """The jobs to draw, in the order of the file."""
        return [job for job in self.jobs if job.id not in self.done]


def nothing() -> None:
    """There is nothing to do meanwhile."""


def draw(
    work: Work,
    generator: ImageGenerator,
    observer: Observer,
    stop: Stop,
    meanwhile: Callable[[], None] = nothing,
) -> Iterator[Outcome]:
    """Draw what waits, the jobs of one model together, so that each is loaded once.

    Args:
        work: What to draw.
        generator: What draws.
        observer: Hears of each event.
        stop: Looked at before each call and after each step.
        meanwhile: Called after each step: a look at what is written beside the drawing.

    Raises:
        OutputError: From `meanwhile`: the pictures cannot be written.
        InterruptedRunError: `stop` was requested; the pictures in hand are dropped.
        InputError: The device cannot do the number format or noise of some job; nothing was loaded.
        ModelError: The only model that there is cannot be loaded.
    """
    _check_device(work.waiting, generator)
    order = {key: index for index, key in enumerate(dict.fromkeys(map(_weights, work.jobs)))}
    grouped = sorted(work.jobs, key=lambda job: order[_weights(job)])  # stable
    is_only = len(set(map(_weights, work.waiting))) == 1
    for _, group in groupby(grouped, key=_weights):
        yield from _Group(list(group), work, generator, observer, stop, meanwhile).draw(
            is_only=is_only
        )


def _check_device(jobs: Sequence[Job], generator: ImageGenerator) -> None:
    """Refuse what the device cannot do; only a device that is open knows it."""
    first: dict[tuple[str, str], Job] = {}
    for job in jobs:
        first.setdefault((job.settings.dtype, job.settings.rng), job)
    faults = []
    for (dtype, rng), job in first.items():
        try:
            generator.check_dtype(dtype)
            generator.check_rng(rng)
        except InputError as error:
            faults.append(InputError(f"{job.source}: {error}", hint=error.hint))
    raise_all(faults)


def _weights(job: Job) -> tuple[str, str]:
    return str(job.model.folder), job.settings.dtype


@dataclass(frozen=True, slots=True)
class _Group:
    """The jobs of one model in one number format."""

    jobs: Sequence[Job]
    work: Work
    generator: ImageGenerator
    observer: Observer
    stop: Stop
    meanwhile: Callable[[], None]

    def draw(self, *, is_only: bool) -> Iterator[Outcome]:
        """Load the model and draw; without it, each job fails, or the run if there is no other."""
        waiting = [job for job in self.jobs if job.id not in self.work.done]
        if not waiting:
            return
        self.stop.check()
        self.observer.loading(waiting[0].model)
        try:
            self.generator.load(waiting[0].model, waiting[0].settings.dtype)
        except SdgenError as error:
            if is_only:
                raise
            yield from ((job, error) for job in waiting)
            return
        for places in self._micro_batches():
            self.stop.check()
            yield from self._together(places)

    def _micro_batches(self) -> Iterator[list[Job | None]]:
        """The jobs of one shape in calls of one size; None is a place with nothing to draw.

        Cut from all jobs, done or not, and filled up at the end: which slot a job has depends on
        the job file alone.
        """
        shapes: dict[tuple[object, ...], list[Job]] = {}
        for job in self.jobs:
            shapes.setdefault((shape_key(job.settings), job.model.added), []).append(job)
        for jobs in chain.from_iterable(map(self._alike, shapes.values())):
            size = self._size(jobs)
            padded = [*jobs, *[None] * (-len(jobs) % size)]
            for start in range(0, len(padded), size):
                places = [self._if_waiting(job) for job in padded[start : start + size]]
                if any(places):
                    yield places

    def _alike(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """Jobs of one shape, parted by the length of their prompts if they are drawn together."""
        if self._size(jobs) == 1:
            return [list(jobs)]
        parts: dict[int, list[Job]] = {}
        for job in jobs:
            parts.setdefault(self.generator.chunks(job.settings, job.model), []).append(job)
        return list(parts.values())

    def _if_waiting(self, job: Job | None) -> Job | None:
        return None if job is None or job.id in self.work.done else job

    def _size(self, jobs: Sequence[Job]) -> int:
        """As asked for; else what the device does well, if there are as many jobs."""
        if self.work.micro_batch is not None:
            return self.work.micro_batch
        return min(self.generator.micro_batch(jobs[0].settings, jobs[0].model), len(jobs))

    def _together(self, places: Sequence[Job | None]) -> Iterator[Outcome]:
        jobs = [job for job in places if job is not None]

        def on_step(done: int, total: int) -> None:
            self.observer.step(jobs, done, total)
            self.meanwhile()
            self.stop.check()

        def tell(line: str) -> None:
            self.observer.noticed(jobs[0], line)

        self.observer.drawing(jobs)
        slots = [None if job is None else job.settings for job in places]
        try:
            for job in jobs:
                for notice in self.generator.notices(job.settings, job.model):
                    self.observer.noticed(job, notice)
            watch = self.observer.watching(on_step)
            outcomes = self.generator.generate_batch(slots, jobs[0].model, watch, tell)
        except (InterruptedRunError, OutputError):
            raise
        except SdgenError as error:
            outcomes = [error] * len(jobs)
        self.observer.drawn(jobs)
        yield from zip(jobs, outcomes, strict=True)
