"""The executor of this machine: one generator, one picture after the other."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sdgen.batch.jobs import Job
from sdgen.batch.outcomes import Observer
from sdgen.engine import Drawing, ImageGenerator
from sdgen.errors import InputError, InterruptedRunError, SdgenError
from sdgen.recipe.layers import raise_all
from sdgen.stop import Stop

Outcome = tuple[Job, Drawing | SdgenError]
"""A job and its picture, or why there is none. An executor yields one a job, in any order."""


def draw(
    jobs: Sequence[Job], generator: ImageGenerator, observer: Observer, stop: Stop
) -> Iterator[Outcome]:
    """Draw `jobs`, those of one model together, so that each is loaded once.

    Raises:
        InterruptedRunError: `stop` was requested; the picture in hand is dropped.
        InputError: The device cannot do the number format of some job; nothing was loaded.
        ModelError: The only model that there is cannot be loaded.
    """
    _check_dtypes(jobs, generator)
    order = {key: index for index, key in enumerate(dict.fromkeys(map(_weights, jobs)))}
    grouped = sorted(jobs, key=lambda job: order[_weights(job)])  # stable
    for _, group in groupby(grouped, key=_weights):
        yield from _draw_group(list(group), generator, observer, stop, is_only=len(order) == 1)


def _check_dtypes(jobs: Sequence[Job], generator: ImageGenerator) -> None:
    """Refuse what the device cannot do; only a device that is open knows it."""
    first: dict[str, Job] = {}
    for job in jobs:
        first.setdefault(job.settings.dtype, job)
    faults = []
    for dtype, job in first.items():
        try:
            generator.check_dtype(dtype)
        except InputError as error:
            faults.append(InputError(f"{job.source}: {error}", hint=error.hint))
    raise_all(faults)


def _weights(job: Job) -> tuple[str, str]:
    return str(job.model.folder), job.settings.dtype


def _draw_group(
    jobs: Sequence[Job],
    generator: ImageGenerator,
    observer: Observer,
    stop: Stop,
    *,
    is_only: bool,
) -> Iterator[Outcome]:
    stop.check()
    observer.loading(jobs[0].model)
    try:
        generator.load(jobs[0].model, jobs[0].settings.dtype)
    except SdgenError as error:
        if is_only:
            raise
        yield from ((job, error) for job in jobs)
        return
    for job in jobs:
        stop.check()
        observer.drawing(job)
        yield job, _picture(job, generator, observer, stop)


def _picture(
    job: Job, generator: ImageGenerator, observer: Observer, stop: Stop
) -> Drawing | SdgenError:
    def on_step(done: int, total: int) -> None:
        observer.step(job, done, total)
        stop.check()

    try:
        for notice in generator.notices(job.settings, job.model):
            observer.noticed(job, notice)
        return generator.generate(job.settings, job.model, on_step)
    except InterruptedRunError:
        raise
    except SdgenError as error:
        return error
