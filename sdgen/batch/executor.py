"""The seam between a run and those who draw for it: units in, outcomes out.

The run (`run.py`) cuts the units, keeps the ledger and speaks to its observer. An executor hands
the units to its workers and never holds more of them than these have in hand. A worker draws a
unit and writes its pictures, each whole or not at all, with its record (`drawing.py`); what comes
back is small. An executor is one file here; the others do not know of it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sdgen.batch.outcomes import Observer
from sdgen.batch.units import Counts, Unit
from sdgen.errors import SdgenError
from sdgen.stop import Stop


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job of a unit: its picture, or why there is none. It can be pickled.

    Attributes:
        id: Of the job.
        file: The picture, relative to the output folder; empty where there is none.
        bytes: The size of that file.
        error: Why there is none.
    """

    id: str
    file: str = ""
    bytes: int = 0
    error: SdgenError | None = None


class Run(Protocol):
    """What an executor tells of its units: what happens, and what came of them."""

    @property
    def observer(self) -> Observer:
        """Hears of loading, drawing, steps and notices, in the thread that called the executor."""

    def note(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        """Put into the ledger what became of some jobs of `unit`; on the disk when it returns.

        From any one thread at a time.

        Raises:
            OutputError: The ledger cannot be written, which ends the run.
        """

    def tell(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        """Tell what was noted, in the thread that called the executor."""


class Executor(Counts, Protocol):
    """Draws units on one or more workers that are all of one kind.

    What it draws is bit for bit the same whatever their number, since a unit is a whole call.
    """

    def check_dtype(self, dtype: str) -> None:
        """Find out, without loading a model, whether the workers can do `dtype`.

        Raises:
            InputError: They cannot.
        """

    def check_rng(self, rng: str) -> None:
        """Find out whether they can have noise from there.

        Raises:
            InputError: They cannot.
        """

    def draw(self, units: Iterator[Unit], run: Run, stop: Stop) -> None:
        """Draw all `units`: each is taken when there is somebody to draw it.

        Every job of a unit that was taken is noted and then told once, unless this raises; what was
        written and not noted by then is found by the next run.

        Args:
            units: Taken in their order; only in the thread that called.
            run: Hears what happens.
            stop: Looked at all the time. Once it is requested, workers end after their step.

        Raises:
            InterruptedRunError: `stop` was requested; the pictures in hand are dropped.
            OutputError: Pictures or ledger cannot be written.
            ModelError: The only weights that the run needs cannot be loaded.
            MemoryExhaustedError: They do not fit.
        """


OpenExecutor = Callable[[Stop, Observer], AbstractContextManager[Executor]]
"""Opens one, when there is something to draw; at its end no worker of it is left.

Who has to wait for workers looks at the wish to stop meanwhile, and tells what is waited for."""
