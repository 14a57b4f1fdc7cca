"""The executor of this process: one generator, one unit after the other.

Pictures are written while the next ones are drawn, and get their names in the order of drawing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sdgen.batch.drawing import Drawn, draw_unit, outcome_of
from sdgen.batch.executor import Executor, Outcome, Run
from sdgen.batch.outcomes import Observer
from sdgen.batch.units import Task, Unit, Weights
from sdgen.engine import ImageGenerator, OpenGenerator
from sdgen.errors import SdgenError
from sdgen.files.writers import Turn, WriterPool
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop


@contextmanager
def open_local(open_generator: OpenGenerator) -> Iterator[Executor]:
    """The executor that draws here, with what `open_generator` opens."""
    yield LocalExecutor(open_generator())


class LocalExecutor:
    """Draws in the thread that asks, and writes in a few others."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator
        self._observer = Observer()
        self._loaded: Weights | None = None
        self._refused: dict[Weights, SdgenError] = {}

    def check_dtype(self, dtype: str) -> None:
        """Whether the device can do `dtype`."""
        self._generator.check_dtype(dtype)

    def check_rng(self, rng: str) -> None:
        """Whether noise can be had from there."""
        self._generator.check_rng(rng)

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        """How many pictures the device draws well together."""
        return self._generator.micro_batch(settings, model)

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        """How many chunks the longer prompt takes; loads the model."""
        self._load(model, settings.dtype)
        return self._generator.chunks(settings, model)

    def draw(self, units: Iterator[Unit], run: Run, stop: Stop) -> None:
        """Draw one unit after the other, and let each picture be saved as it comes."""
        self._observer = run.observer
        with WriterPool() as writers:

            def on_step() -> None:
                writers.poll()
                stop.check()

            for unit in units:
                stop.check()
                drawn = self._drawn(unit, on_step)
                for task, one in zip(unit.tasks, drawn, strict=True):
                    writers.hand_in(
                        partial(_finish, unit, task, one, run),
                        partial(run.tell, unit),
                        size=_size_of(one),
                    )

    def _drawn(self, unit: Unit, on_step: Callable[[], None]) -> Sequence[Drawn]:
        job = unit.jobs[0]
        try:
            self._load(job.model, job.settings.dtype)
        except SdgenError as error:
            if unit.is_only_model:
                raise
            return [error] * len(unit.jobs)
        drawn = draw_unit(unit, self._generator, self._observer, on_step)
        self._observer.drawn(unit.jobs)
        return drawn

    def _load(self, model: LocalModel, dtype: str) -> None:
        """Load `model`, if it is another than before; one that could not be is not tried again."""
        weights = str(model.folder), dtype
        if weights in self._refused:
            raise self._refused[weights]
        if weights == self._loaded:
            return
        self._observer.loading(model)
        try:
            self._generator.load(model, dtype)
        except SdgenError as error:
            self._loaded, self._refused[weights] = None, error
            raise
        self._loaded = weights


def _finish(unit: Unit, task: Task, drawn: Drawn, run: Run, turn: Turn) -> list[Outcome]:
    """Write the picture and note it, or note why there is none; in a thread of the writers."""
    outcomes = [outcome_of(task, drawn, unit.target, turn)]
    turn()
    run.note(unit, outcomes)
    return outcomes


def _size_of(drawn: Drawn) -> int:
    """The bytes of its pixels."""
    return 0 if isinstance(drawn, SdgenError) else 3 * drawn.image.width * drawn.image.height
