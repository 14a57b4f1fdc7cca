"""The whole path of `sdgen batch`, with painted pictures: in this process, a fork, or a new one."""

import contextlib
import gc
import io
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from sdgen.cli import app
from tests.cli.processes import PAINTED, variables
from tests.fakes import PaintedGenerator, find_fake


@contextlib.contextmanager
def painted() -> Iterator[PaintedGenerator]:
    """Let the commands paint flat colours instead of loading models."""
    painter = PaintedGenerator()
    with (
        patch("sdgen.engine.open_generator", lambda *_, **__: painter),
        patch("sdgen.models.resolve.find_model", find_fake),
        patch("sdgen.replay.find_model", find_fake),
    ):
        yield painter


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended: its exit code, and what it said."""

    code: int
    stderr: str
    stdout: str = ""

    @property
    def fault(self) -> str:
        """What is wrong with the way it ended; empty where it is as it should be."""
        lines = self.stderr.splitlines()
        if self.code == 1 or "Traceback" in self.stderr:
            return f"a bug: {lines[-1]}"
        if self.stderr.startswith('{"error"'):
            return "" if len(lines) == 1 else f"more than one object: {lines}"
        if self.code and sum(line.startswith("error: ") for line in lines) != 1:
            return f"code {self.code} without one line: {lines}"
        return ""


def command(*words: object) -> Said:
    """Run the command line here."""
    stderr = io.StringIO()
    with (
        painted(),
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as stdout,
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = app.run([str(word) for word in words])
        stdout.seek(0)
        return Said(code, stderr.getvalue(), stdout.read())


@dataclass(frozen=True, slots=True)
class Book:
    """A job file of `count` pictures, and the folder that they go to.

    `ruin` is the picture that a failure of before has left there half, if any.
    """

    folder: Path
    count: int
    ruin: str = ""

    @classmethod
    def made(cls, home: Path, count: int, name: str = "book") -> "Book":
        home.mkdir(parents=True, exist_ok=True)
        rows = "".join(f"a red fox, number {number}\n" for number in range(count))
        (home / "jobs.txt").write_text(rows, encoding="utf-8")
        return cls(home / name, count)

    @classmethod
    def worn(cls, home: Path, count: int) -> "Book":
        """Drawn once; then one picture was ruined, and one lost its sidecar and all notes of it."""
        book = cls.made(home, count)
        book.draw()
        ruined, unnoted = sorted(book.folder.glob("*.png"))[:2]
        ruined.write_bytes(ruined.read_bytes()[:100])
        unnoted.with_suffix(".json").unlink()
        ledger = book.folder / ".sdgen/batch/ledger.jsonl"
        lines = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
        ledger.write_text("".join(line for line in lines if unnoted.name not in line))
        return replace(book, ruin=ruined.name)

    @property
    def words(self) -> list[object]:
        """What is typed to draw it."""
        return ["batch", self.folder.parent / "jobs.txt", "-o", self.folder]

    def draw(self) -> Said:
        return command(*self.words)

    def start(self, *more: object, **settings: str) -> "subprocess.Popen[str]":
        """Draw it in a process of its own; `settings` go to its environment."""
        words = map(str, [*PAINTED, *self.words, *more])
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*words], env=variables(**settings), text=True, stdout=pipe, stderr=pipe
        )


def in_fork(action: Callable[[], int]) -> int:
    """Run `action` in a fork of this process; its exit code, or the signal's number below zero."""
    child = os.fork()
    if not child:
        code = 1
        gc.freeze()  # what the parent has is not gone through here again
        try:
            code = action()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
