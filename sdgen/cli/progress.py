"""Progress of drawing on stderr: a moving bar on a terminal, a line now and then otherwise."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from sdgen.cli.output import Output, display

PLAIN_EVERY_SECONDS = 5.0


class Display(Protocol):
    """Shows one picture at a time being drawn; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def picture(self, title: str) -> None:
        """A new picture, or another stage such as loading, begins."""

    def step(self, done: int, total: int) -> None:
        """So many of its steps are done."""


def open_display(out: Output) -> Display:
    """The display that fits where stderr goes."""
    return LiveDisplay() if out.live else PlainDisplay(out)


class PlainDisplay:
    """A line every few seconds, for logs; short pictures cause none."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._title = ""
        self._started = self._spoke = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def picture(self, title: str) -> None:
        """A new picture begins."""
        self._title = title
        self._started = self._spoke = time.monotonic()

    def step(self, done: int, total: int) -> None:
        """Say a line if the last one is long ago."""
        now = time.monotonic()
        if now - self._spoke < PLAIN_EVERY_SECONDS or done == total:
            return
        self._spoke = now
        left = (now - self._started) / done * (total - done)
        self._out.say(f"{self._title}: step {done} of {total}, about {left:.0f} s left")


class LiveDisplay:
    """One bar that is gone when the work is done."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeLeft(),
            console=console,
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
        self._progress.reset(self._task, total=None, description=shorten(title))

    def step(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)


def shorten(text: str, most: int = 40) -> str:
    """`text` on one line of at most `most` characters, safe on a terminal."""
    flat = display(" ".join(text.split()))
    return flat if len(flat) <= most else flat[: most - 1] + "…"
