"""Progress of drawing on stderr: a moving bar on a terminal; else a line or event now and then."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from sdgen.cli.output import Output, display
from sdgen.models import LocalModel

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_EVERY_SECONDS = 5.0

LONG_LOADING_BYTES = 200_000_000
"""A model above this takes seconds to load, which is said in logs too."""


class Display(Protocol):
    """Shows one picture at a time being drawn; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def loading(self, model: LocalModel) -> None:
        """A model is loaded, unless it is already."""

    def run(self, done: int, failed: int, total: int) -> None:
        """Of several pictures, so many are drawn, could not be drawn, are wanted."""

    def picture(self, title: str) -> None:
        """A new picture, or another stage, begins."""

    def step(self, done: int, total: int) -> None:
        """So many of its steps are done."""


def open_display(out: Output) -> Display:
    """The display that fits where stderr goes."""
    if out.live:
        return LiveDisplay()
    return EventDisplay(out) if out.as_json else PlainDisplay(out)


class Stage:
    """What every display knows: what is going on, since when, and how far the whole run is."""

    def __init__(self) -> None:
        self._title = ""
        self._started = time.monotonic()
        self._of_all = ""
        self._first: tuple[int, float] | None = None
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def loading(self, model: LocalModel) -> None:
        """A model is loaded."""
        self.picture(loading_words(model))

    def run(self, done: int, failed: int, total: int) -> None:
        """Put how far it is in front of what follows."""
        now = time.monotonic()
        self._first = self._first or (done + failed, now)
        before, started = self._first
        drawn, left = done + failed - before, total - done - failed
        self._counts = {"pictures": done, "failed": failed, "of": total}
        parts = [f"{done} of {total}"] + [f"{failed} failed"] * bool(failed)
        if drawn:
            seconds = (now - started) / drawn * left
            self._counts["run_seconds_left"] = round(seconds)
            parts.append(f"{duration(seconds)} left")
        self._of_all = f"[{', '.join(parts)}] "

    def picture(self, title: str) -> None:
        """A new picture begins."""
        self._title = title
        self._started = time.monotonic()

    def seconds_left(self, now: float, done: int, total: int) -> float:
        """Of this picture, if steps take as long as they took."""
        return (now - self._started) / done * (total - done)


class Seldom(Stage):
    """Tells now and then how far it is; what goes by quickly is not told at all."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        self._out = out
        self._spoke = self._started

    def loading(self, model: LocalModel) -> None:
        """Tell that it takes a while, if it does."""
        super().loading(model)
        if weight(model) >= LONG_LOADING_BYTES:
            self.tell_loading(model)

    def picture(self, title: str) -> None:
        """A new picture begins."""
        super().picture(title)
        self._spoke = self._started

    def step(self, done: int, total: int) -> None:
        """Tell how far it is, if it was told long ago."""
        now = time.monotonic()
        if now - self._spoke < PLAIN_EVERY_SECONDS or done == total:
            return
        self._spoke = now
        self.tell_step(done, total, self.seconds_left(now, done, total))

    def tell_loading(self, model: LocalModel) -> None:
        """Of a model that takes long to load."""
        raise NotImplementedError

    def tell_step(self, done: int, total: int, left: float) -> None:
        """Of `done` steps of `total`, with `left` seconds to go."""
        raise NotImplementedError


class PlainDisplay(Seldom):
    """A line every few seconds, for logs."""

    def tell_loading(self, _: LocalModel) -> None:
        """A line."""
        self._out.say(self._title)

    def tell_step(self, done: int, total: int, left: float) -> None:
        """A line."""
        steps = f"step {done} of {total}, about {duration(left)} left"
        self._out.say(f"{self._of_all}{self._title}: {steps}")


class EventDisplay(Seldom):
    """The same for programs: an object on stderr where people get a line."""

    def tell_loading(self, model: LocalModel) -> None:
        """An event."""
        self._out.event("loading", {"model": model.name, "bytes": weight(model)})

    def tell_step(self, done: int, total: int, left: float) -> None:
        """An event."""
        told = {"title": self._title, "step": done, "steps": total, "seconds_left": round(left, 1)}
        self._out.event("step", {**told, **self._counts})


def bar_console() -> "Console":
    """Where a moving bar is drawn: on stderr, and no text of others is markup."""
    from rich.console import Console

    console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
    return console


class LiveDisplay(Stage):
    """One bar that is gone when the work is done."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeLeft(),
            console=bar_console(),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # else results would go where the bar goes
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def picture(self, title: str) -> None:
        """A new picture begins."""
        super().picture(title)
        self._progress.reset(self._task, total=None, description=self._of_all + shorten(title))

    def step(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)


def weight(model: LocalModel) -> int:
    """Bytes of the files that a model is loaded from; 0 where they cannot be looked at."""
    try:
        return sum(model.path_of(file).stat().st_size for file in model.weights)
    except OSError:
        return 0


def loading_words(model: LocalModel) -> str:
    """`loading sdxl, 6.9 GB`."""
    size = weight(model)
    unit = f", {size / 1e9:.1f} GB" if size >= 1e9 else f", {size / 1e6:.0f} MB" if size else ""
    return f"loading {model.name}{unit}"


def duration(seconds: float) -> str:
    """`40 s`, `5 min`, `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def shorten(text: str, most: int = 40) -> str:
    """`text` on one line of at most `most` characters, safe on a terminal."""
    flat = display(" ".join(text.split()))
    return flat if len(flat) <= most else flat[: most - 1] + "…"
