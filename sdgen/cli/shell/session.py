"""What a session at the shell knows: what was said, what was drawn, and the way back."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sdgen.cli.progress import shorten
from sdgen.errors import InputError
from sdgen.recipe.layers import Layer
from sdgen.recipe.settings import Settings

HERE = "set here"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of this session: its file, its settings, and what was said when it was drawn."""

    path: Path
    settings: Settings
    layers: tuple[Layer, ...]

    @property
    def row(self) -> tuple[str, ...]:
        """Seed, steps, size, prompt and file, for people."""
        settings, mixed = self.settings, self.settings.variation_strength
        near = f" + {mixed:g} of {settings.variation_seed}" if mixed else ""
        size = f"{settings.width}x{settings.height}"
        prompt = shorten(settings.prompt)
        return f"{settings.seed}{near}", str(settings.steps), size, prompt, str(self.path)


@dataclass(frozen=True, slots=True)
class Point:
    """Where the session stands: what is said, lowest first, and the picture that is looked at.

    `shot` is its number, from 1; 0 is none.
    """

    layers: tuple[Layer, ...]
    shot: int = 0

    @property
    def said(self) -> dict[str, Any]:
        """All that is said, the last word of each setting."""
        return {name: value for layer in self.layers for name, value in layer.values.items()}

    def saying(self, layer: Layer) -> "Point":
        """The same, and `layer` over all others."""
        return replace(self, layers=(*self.without(layer.values.keys()).layers, layer))

    def without(self, names: Collection[str]) -> "Point":
        """The same less all words on the settings `names`."""
        kept = [_less(layer, names) for layer in self.layers]
        return replace(self, layers=tuple(layer for layer in kept if layer.values))


def _less(layer: Layer, names: Collection[str]) -> Layer:
    values = {name: value for name, value in layer.values.items() if name not in names}
    return replace(layer, values=values)


@dataclass(slots=True)
class Session:
    """Points, of which each line that changes something adds one, and pictures, which stay."""

    points: list[Point] = field(default_factory=lambda: [Point(())])
    shots: list[Shot] = field(default_factory=list)
    _at: int = 0

    @property
    def now(self) -> Point:
        """Where the session stands."""
        return self.points[self._at]

    def go(self, point: Point) -> None:
        """Stand at `point` from now on; what was undone is forgotten."""
        self.points[self._at + 1 :] = [point]
        self._at += 1

    def undo(self) -> None:
        """Back to where the session stood before the last change.

        Raises:
            InputError: Nothing was changed yet.
        """
        if not self._at:
            raise InputError("there is nothing to undo")
        self._at -= 1

    def redo(self) -> None:
        """Forward again.

        Raises:
            InputError: Nothing was undone.
        """
        if self._at + 1 == len(self.points):
            raise InputError("there is nothing to redo")
        self._at += 1

    @property
    def shot(self) -> Shot:
        """The picture that is looked at.

        Raises:
            InputError: There is none yet.
        """
        if not self.now.shot:
            raise InputError("there is no picture yet", hint="type what one should show")
        return self.shots[self.now.shot - 1]

    def numbered(self, number: int) -> Shot:
        """Picture `number` of the session, from 1.

        Raises:
            InputError: There is none.
        """
        if not 1 <= number <= len(self.shots):
            has = f"1 to {len(self.shots)}" if self.shots else "none yet"
            raise InputError(f"there is no picture {number}; there are {has}")
        return self.shots[number - 1]
