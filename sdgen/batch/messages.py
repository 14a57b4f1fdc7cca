"""What a run and its worker processes say to each other, as pickles on two pipes.

Both ends are this very program, and the pipes have no names: nobody else can speak there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sdgen.batch.executor import Outcome
from sdgen.batch.units import Unit
from sdgen.engine import OpenGenerator
from sdgen.errors import SdgenError
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class Opening:
    """The first word to a worker: what to draw with, and variables to set before that loads."""

    open_generator: OpenGenerator
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that only who has the device can answer: a method of the executor, and words."""

    method: str
    words: tuple[str | Settings | LocalModel, ...]


@dataclass(frozen=True, slots=True)
class StopNow:
    """Stop after the step in hand; what is drawn already is still written."""

    signal_number: int


Order = Unit | Ask | StopNow
"""What comes after the opening."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has its device."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an `Ask` was answered with, or why it cannot be."""

    value: int | None = None
    error: SdgenError | None = None


@dataclass(frozen=True, slots=True)
class Loading:
    """The worker loads a model."""

    model: LocalModel


@dataclass(frozen=True, slots=True)
class Drawing:
    """The call of this unit begins."""

    number: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the user must know about a picture of the unit."""

    number: int
    job_id: str
    notice: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The call of this unit is over; its pictures are written while the next one is drawn."""

    number: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Pictures of the unit are on the disk, or will never be."""

    number: int
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word: why the worker leaves. `bug` is the traceback of what should not happen."""

    error: SdgenError | None = None
    bug: str = ""


Reply = Ready | Answer | Loading | Drawing | Noticed | Drawn | Finished | Ended
