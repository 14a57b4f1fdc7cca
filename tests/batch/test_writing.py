"""Pictures are written while the next ones are drawn: by a batch, and by a command of several."""

import json
import threading
import time
from pathlib import Path

import pytest

from sdgen.batch.outcomes import Observer
from sdgen.batch.run import run_batch
from sdgen.batch.state import read_noted
from sdgen.errors import GenerationError
from sdgen.files import save as saving
from tests.batch.conftest import drafts_of, pictures
from tests.fakes import PaintedGenerator

SECONDS = 20
"""After so long, what should have happened will not."""


class Heard(Observer):
    """The names of the pictures, and the prompts of failures, in order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def saved(self, job, path):
        self.names.append(path.name)

    def failed(self, job, error):
        self.names.append(f"no {job.settings.prompt}")


class Patient(PaintedGenerator):
    """Draws the prompt `waiting` until `is_enough`, step after step."""

    def __init__(self, waiting: str, is_enough) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.waiting, self.is_enough = waiting, is_enough

    def generate(self, settings, model, on_step, tell):
        if settings.prompt == self.waiting:
            self.begun.set()
            until = time.monotonic() + SECONDS
            while not self.is_enough() and time.monotonic() < until:
                on_step(1, settings.steps)
                time.sleep(0.001)
        return super().generate(settings, model, on_step, tell)


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch):
    """Let no picture have its name before an event."""

    def hold(event: threading.Event) -> None:
        real = saving._prepared

        def prepared(*args, **words):
            assert event.wait(SECONDS), "the next picture was not begun"
            return real(*args, **words)

        monkeypatch.setattr(saving, "_prepared", prepared)

    return hold


def test_a_picture_is_written_and_told_while_the_next_is_drawn(out: Path, slow_disk) -> None:
    heard = Heard()
    painter = Patient("b", lambda: heard.names == ["a-1.png"])
    slow_disk(painter.begun)
    summary = run_batch(drafts_of("a --d 1\nb --d 1"), out, lambda: painter, observer=heard)
    assert (summary.done, heard.names) == (2, ["a-1.png", "b-1.png"])


def test_a_full_disk_ends_the_drawing_after_the_step(out: Path, monkeypatch) -> None:
    painter = Patient("b", lambda: False)  # would go on for ever

    def full(*args, **words):
        assert painter.begun.wait(SECONDS)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "_prepared", full)
    heard = Heard()
    started = time.monotonic()
    summary = run_batch(drafts_of("a --d 1\nb\nc"), out, lambda: painter, observer=heard)
    assert time.monotonic() - started < SECONDS
    assert (summary.exit_code, summary.left, heard.names) == (5, 3, [])
    assert str(summary.error) == f"cannot write {out / 'a-1.png'}: the disk is full"
    assert [one.prompt for one in painter.drawn] == ["a"]


def test_failures_are_told_in_their_turn(out: Path) -> None:
    painter = PaintedGenerator({"b": GenerationError("black"), "d": GenerationError("black")})
    heard = Heard()
    rows = "a --d 1\nb\nc --d 1\nd\ne --d 1"
    run_batch(drafts_of(rows), out, lambda: painter, observer=heard)
    assert heard.names == ["a-1.png", "no b", "c-1.png", "no d", "e-1.png"]


def test_the_ledger_has_the_order_of_drawing(out: Path) -> None:
    rows = "\n".join(f"fox {number} --d {number}" for number in range(40))
    run_batch(drafts_of(rows), out, PaintedGenerator)
    lines = (out / ".sdgen/batch/ledger.jsonl").read_text().splitlines()[1:]
    names = [f"fox-{number}-{number}.png" for number in range(40)]
    assert [json.loads(line)["file"] for line in lines] == names


@pytest.mark.parametrize("at", [0, 1, 7, 20])
def test_nothing_is_named_or_noted_behind_a_failure(out: Path, at: int, monkeypatch) -> None:
    """Even where the threads have later pictures ready."""
    real = saving._prepared

    def prepared(home, name, data, note, **words):
        if name.startswith(f"fox-{at}-"):
            time.sleep(0.05)
            raise OSError(5, "Input/output error")
        return real(home, name, data, note, **words)

    monkeypatch.setattr(saving, "_prepared", prepared)
    rows = "\n".join(f"fox {number} --d {number}" for number in range(40))
    summary = run_batch(drafts_of(rows), out, PaintedGenerator)
    assert (summary.exit_code, summary.done) == (5, at)
    assert sorted(pictures(out)) == sorted(f"fox-{n}-{n}.png" for n in range(at))
    assert len(read_noted(out)) == at
    assert not list(out.rglob("*.part"))
