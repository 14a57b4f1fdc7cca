"""`--preview`: the picture in the terminal while it comes out of the noise, and when it is done."""

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from sdgen.cli.output import Output
from sdgen.cli.progress import Display, Stage, duration, shorten
from sdgen.cli.progress import open_display as plain_display
from sdgen.engine import OnStep
from sdgen.engine.watch import Watch
from sdgen.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

Kind = Literal["kitty", "iterm2", "sixel", "blocks"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The protocols of terminals that show pictures, and letters that are half one colour."""

Preview = Annotated[bool, typer.Option("--preview", help="Show the picture in the terminal.")]
PreviewAs = Annotated[
    str | None,
    typer.Option(
        "--preview-as", metavar="|".join(KINDS), help="How, where the terminal is not known."
    ),
]

LEAST_SECONDS = 0.3
"""Between two pictures."""

MOST_SHARE = 0.2
"""Of the time may go into looking, about."""

QUICK_STEP = 1.0
"""Seconds of a step up to which decoding is tried; above it, only colours are guessed."""


def preview_kind(
    asked: bool, wanted: str | None, out: Output, *, dry_run: bool = False
) -> Kind | None:
    """How to show pictures, if at all: never into a pipe, and not where colours are unwanted.

    Raises:
        InputError: There is no such kind, or nothing is to be shown.
    """
    if not asked and wanted is None:
        return None
    kind = next((kind for kind in KINDS if kind == wanted), None)
    if wanted is not None and kind is None:
        hint = did_you_mean(wanted, KINDS) or f"one of {', '.join(KINDS)}"
        raise InputError(f"unknown --preview-as {wanted!r}", hint=hint)
    if dry_run:
        raise InputError("--dry-run draws nothing that could be shown by --preview")
    if out.quiet or out.as_json:
        raise InputError("--preview is for people: not with --quiet or --json")
    if not out.live or os.environ.get("NO_COLOR"):
        reason = "NO_COLOR is set" if out.live else "stderr is no terminal"
        out.warn(f"no preview: {reason}")
        return None
    if kind is not None:
        return kind
    from sdgen.cli.terminal_images import kind_of_terminal

    return kind_of_terminal(os.environ)


def open_display(out: Output, kind: Kind | None) -> Display:
    """The display of progress, with pictures as `kind` says."""
    return PictureDisplay(out, kind) if kind else plain_display(out)


def watching(shown: Display, on_step: OnStep) -> OnStep:
    """`on_step`, which shows pictures too where the display can."""
    return Previewing(on_step, shown) if isinstance(shown, PictureDisplay) else on_step


def show_finished(shown: Display, path: "Path") -> None:
    """Leave the picture at `path` in the terminal, where the display can."""
    if isinstance(shown, PictureDisplay):
        from sdgen.files.reading import open_pixels

        shown.finished(open_pixels(path))


class PictureDisplay(Stage):
    """The picture so far with a line of progress below, both replaced at each step."""

    def __init__(self, out: Output, kind: Kind) -> None:
        super().__init__()
        self._out, self._kind = out, kind
        self._lines = 0  # of the terminal that are ours, the cursor at the start of the last
        out.cover = self.clear

    def __exit__(self, *_: object) -> None:
        self.clear()
        self._out.cover = None

    def picture(self, title: str) -> None:
        """A new picture begins."""
        super().picture(title)
        self._status(self._of_all + shorten(title))

    def step(self, done: int, total: int) -> None:
        """Say how far it is."""
        left = duration(self.seconds_left(time.monotonic(), done, total))
        self._status(f"{self._of_all}{shorten(self._title)}  {done}/{total}, about {left} left")

    def look(self, image: "Image.Image") -> None:
        """Show what there is so far, in place of what was shown before."""
        from sdgen.cli.terminal_images import drawn, place_for

        place = place_for(image)
        again = self._lines == place.rows + 1
        if not again:
            self.clear()
        text = f"\x1b[{place.rows}A\r" if again else "\n" * place.rows + f"\x1b[{place.rows}A\r"
        self._write(f"{text}{drawn(image, self._kind, place)}\x1b[{place.rows}B\r")
        self._lines = place.rows + 1

    def finished(self, image: "Image.Image") -> None:
        """Show the picture, and leave it where it is."""
        from sdgen.cli.terminal_images import drawn, place_for

        self.clear()
        place = place_for(image)
        text = "\n" * place.rows + f"\x1b[{place.rows}A\r"
        self._write(f"{text}{drawn(image, self._kind, place, stays=True)}\x1b[{place.rows}B\r")

    def clear(self) -> None:
        """Take away what is ours, before somebody else writes."""
        if self._lines:
            from sdgen.cli.terminal_images import removed

            up = f"\x1b[{self._lines - 1}A" if self._lines > 1 else ""
            self._write(f"{up}\r{removed(self._kind) if up else ''}\x1b[J")
        self._lines = 0

    def _status(self, text: str) -> None:
        self._write(f"\r{text}\x1b[K\r")
        self._lines = max(self._lines, 1)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


class Previewing(Watch):
    """Shows what the model sees, as often as it costs little."""

    def __init__(self, on_step: OnStep, shown: PictureDisplay) -> None:
        super().__init__(on_step)
        self._shown = shown
        self._looked = self._stepped = time.monotonic()
        self._cost = 0.0

    def __call__(self, done: int, total: int) -> None:
        """A step is done: look, if it is time, then say so."""
        now = time.monotonic()
        wait = max(LEAST_SECONDS, self._cost / MOST_SHARE)
        if self.glimpse is not None and done < total and now - self._looked >= wait:
            is_quick = now - self._stepped < QUICK_STEP
            image = self.glimpse.whole() if is_quick else self.glimpse.small()
            self._shown.look(image)
            self._looked = time.monotonic()
            self._cost = self._looked - now
        self._stepped = time.monotonic()
        super().__call__(done, total)
