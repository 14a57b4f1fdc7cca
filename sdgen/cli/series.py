"""The pictures of one command, drawn call after call and written meanwhile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from sdgen.cli.drawing import report, save, steps, with_wording
from sdgen.cli.output import Output, error_object
from sdgen.cli.preview import PictureDisplay, watching
from sdgen.cli.progress import Display, shorten
from sdgen.cli.target import Target
from sdgen.engine import Drawing, ImageGenerator
from sdgen.errors import GenerationError, InputError, InterruptedRunError, SdgenError
from sdgen.files.save import SavedPicture
from sdgen.files.writers import Turn, WriterPool
from sdgen.models.resolve import Plan
from sdgen.recipe.prompt.wording import Wording, Written
from sdgen.recipe.seeds import SEEDS_BELOW, counting_seed, numbered
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop

PictureToDraw = tuple[Settings, Written | None]
"""Settings, and how their prompts were written where others are drawn."""


OnSaved = Callable[[Drawing, SavedPicture], None]
"""Hears of each picture that is on the disk."""


def tell_none(drawing: Drawing, saved: SavedPicture) -> None:
    """Nobody wants to know."""


def pictures_of(settings: Settings, count: int, wording: Wording) -> list[PictureToDraw]:
    """Seed after seed, and what the prompts are for each.

    Raises:
        InputError: The last seeds would be too large, or the prompts cannot be worded.
    """
    _check_last_seed(settings, count)
    return [wording.worded(numbered(settings, number)) for number in range(count)]


def _check_last_seed(settings: Settings, count: int) -> None:
    name = counting_seed(settings)
    seed = getattr(settings, name)
    if seed + count > SEEDS_BELOW:
        raise InputError(
            f"{name} {seed} leaves no room for {count} pictures",
            hint=f"at most {SEEDS_BELOW - count}",
        )


@dataclass(slots=True)
class Series:
    """The pictures of one command, which differ in the seed, and in what depends on it."""

    planned: Plan
    pictures: list[PictureToDraw]
    generator: ImageGenerator
    target: Target
    out: Output
    shown: Display
    stop: Stop
    on_saved: OnSaved = tell_none
    failures: list[SdgenError] = field(default_factory=list)
    _done: int = 0
    _told: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.pictures)

    def draw(self, together: int | None) -> None:
        """Draw all, `together` in one call; None is what the device does well, and no padding.

        Raises:
            InterruptedRunError: A signal came; it tells how many pictures there are.
        """
        try:
            self.stop.check()
            size = together or self._usual_size()
            with WriterPool() as writers:
                for start in range(0, self.count, size):
                    self.stop.check()
                    self._call(range(start, min(start + size, self.count)), size, writers)
        except InterruptedRunError as error:
            told = f"stopped; {self._done} of {self.count} pictures drawn"
            raise InterruptedRunError(told, signal_number=error.signal_number) from None

    def _usual_size(self) -> int:
        own = self.generator.micro_batch(self.planned.settings, self.planned.model)
        return min(own, self.count)

    def _call(self, numbers: range, size: int, writers: WriterPool) -> None:
        """Draw the pictures of these numbers (from 0), and hand them to those who write."""
        slots = [self.pictures[number][0] for number in numbers]
        self._warn_of(slots)
        empty: list[Settings | None] = [None] * (size - len(slots))
        if self.count > 1:
            self.shown.run(self._done, len(self.failures), self.count)
        self.shown.picture(shorten(slots[0].prompt))
        started = time.perf_counter()
        outcomes = self.generator.generate_batch(
            [*slots, *empty],
            self.planned.model,
            watching(self.shown, steps(self.shown, self.stop, writers)),
            self._warn,
        )
        seconds = (time.perf_counter() - started) / len(slots)
        for number, outcome in zip(numbers, outcomes, strict=True):
            if isinstance(outcome, SdgenError):
                writers.hand_in(partial(_failure, outcome), partial(self._failed, number))
                continue
            drawing = with_wording(outcome, self.pictures[number][1])
            writers.hand_in(
                partial(save, drawing, number, self.target),
                partial(self._written, drawing, seconds),
                size=3 * drawing.image.width * drawing.image.height,
            )

    def _written(self, drawing: Drawing, seconds: float, saved: SavedPicture) -> None:
        """Say where the picture is, below it if it is shown."""
        if isinstance(self.shown, PictureDisplay):
            self.shown.finished(drawing.image)
        report(self.out, drawing, saved, seconds)
        self.on_saved(drawing, saved)
        self._done += 1

    def _warn_of(self, slots: Sequence[Settings]) -> None:
        """Say what the user must know of pictures before they are drawn, each line once."""
        for settings in slots:
            for notice in self.generator.notices(settings, self.planned.model):
                if notice not in self._told:
                    self._told.add(notice)
                    self._warn(notice)

    def _warn(self, line: str) -> None:
        self.out.warn(line)

    def _failed(self, number: int, error: SdgenError) -> None:
        """Say of one picture among several that it failed, with the seed to try it again."""
        self.failures.append(error)
        if self.count > 1:
            seed = self.pictures[number][0].seed
            self.out.warn(f"seed {seed}: {error}")
            self.out.json({"seed": seed, "error": error_object(error)})


def _failure(error: SdgenError, turn: Turn) -> SdgenError:
    """Nothing to write; told in its turn all the same."""
    return error


def conclude(failures: list[SdgenError], count: int) -> None:
    """End with the failure, or with the count of them.

    Raises:
        SdgenError: A picture could not be drawn; the code is its own if all failed, else 3.
    """
    if not failures:
        return
    if len(failures) == count:
        raise failures[0]
    raise GenerationError(f"{len(failures)} of {count} pictures could not be drawn")
