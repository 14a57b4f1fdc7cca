"""Somebody who looks on while a picture is drawn: light, like this room's door.

A `Watch` stands where an `OnStep` does. Whoever makes UNet calls must then really make them: calls
that were recorded and are played again (CUDA graphs) show nothing of what is inside, so a watched
picture is drawn without. It is the same, bit for bit.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from sdgen.engine import OnStep, no_progress

if TYPE_CHECKING:
    from PIL import Image


class Glimpse(Protocol):
    """What there was at one step: what the model got, noise and all, or its guess."""

    def small(self, row: int = 0, *, guess: bool = True) -> "Image.Image":
        """A quick look, 1/8 as wide and high as the picture."""

    def whole(self, row: int = 0, *, guess: bool = True) -> "Image.Image":
        """The same, decoded as the picture is."""


class Watch:
    """Hears of each step, and has what was seen in it.

    Args:
        on_step: Whoever else wants to hear of the steps; may raise to stop the picture.
        words: Of the prompt, or several in a row: find out too where the model looks for each,
            which takes time.
    """

    def __init__(self, on_step: OnStep = no_progress, *, words: Sequence[str] = ()) -> None:
        self._on_step = on_step
        self.words = tuple(words)
        self.glimpse: Glimpse | None = None
        self.maps: list[tuple[str, Image.Image]] = []
        """A word, and where the model looked for it: a grey picture ("L"), brighter is more."""

    def __call__(self, done: int, total: int) -> None:
        """A step is done; `glimpse` is of it."""
        self._on_step(done, total)
