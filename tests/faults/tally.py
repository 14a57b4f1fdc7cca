"""What a failure did, over all times that it was tried."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Tally:
    """How often a failure was tried, and each time that it lost something or let something in.

    Lost is a file that is not whole, a picture that is missing or drawn twice, a run that could not
    be finished, a fault of ours. Let in is code that ran, a file outside, a sign that a terminal
    obeys, a crash, more time or memory than there is.
    """

    tried: int = 0
    is_permitted: bool = True
    """Whether this machine lets the failure be made; else it may be tried never."""
    lost: list[str] = field(default_factory=list)
    let_in: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        was_tried = self.tried > 0 or not self.is_permitted
        return was_tried and not (self.lost or self.let_in)


@dataclass(frozen=True, slots=True)
class Case:
    """A failure by name, the function that tries it, and how often: in the tests, and in full.

    `try_it` takes an empty folder and that number; what the number counts is the case's own matter
    (errors for each call, kills, mutations, pictures).
    """

    name: str
    try_it: Callable[[Path, int], Tally]
    short: int
    full: int
