"""The moving display on a real terminal: it must not swallow results, and it must be gone after."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdgen.cli import progress
from sdgen.cli.output import Output
from sdgen.cli.progress import EventDisplay, PlainDisplay, duration, loading_words
from sdgen.models import LocalModel
from tests.fakes import FAKE_MODEL

ROOT = Path(__file__).parents[2]


def on_terminal(folder: Path, *words: str, stdout_too: bool) -> tuple[str, str]:
    """Run the painted app with stderr, and stdout if wanted, on a terminal; what each got."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "tests.cli.painted_app", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=follower if stdout_too else subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    piped = b"" if stdout_too else process.communicate(timeout=300)[0]
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait(timeout=300) == 0
    return piped.decode(), shown.decode()


def test_results_go_to_the_pipe_though_a_bar_moves_on_the_terminal(tmp_path: Path):
    piped, shown = on_terminal(tmp_path, "a red fox", "--seed", "7", stdout_too=False)
    assert piped == "outputs/a-red-fox-7.png\n"
    assert "seed 7, 64x64" in shown
    assert "\x1b[" in shown, "the bar did move"


def test_on_one_terminal_path_and_talk_are_both_to_be_seen(tmp_path: Path):
    _, shown = on_terminal(tmp_path, "a red fox", "--seed", "7", stdout_too=True)
    assert "outputs/a-red-fox-7.png" in shown
    assert "seed 7, 64x64" in shown


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def model_of(size: int, tmp_path: Path) -> LocalModel:
    with (tmp_path / "weights").open("wb") as file:
        file.truncate(size)
    return replace(FAKE_MODEL, folder=tmp_path, weights=("weights",))


@pytest.mark.parametrize(
    ("size", "told"), [(0, ""), (36_500_000, ", 36 MB"), (6_900_000_000, ", 6.9 GB")]
)
def test_loading_tells_the_size(tmp_path: Path, size: int, told: str):
    assert loading_words(model_of(size, tmp_path)) == f"loading fake{told}"


@pytest.mark.parametrize(
    ("seconds", "told"), [(4.2, "4 s"), (99, "99 s"), (300, "5 min"), (9000, "2.5 h")]
)
def test_durations_are_told_as_people_tell_them(seconds: float, told: str):
    assert duration(seconds) == told


def test_a_log_hears_of_a_long_run_what_is_done_failed_and_left(tmp_path, clock, capsys):
    with PlainDisplay(Output()) as shown:
        shown.loading(model_of(6_900_000_000, tmp_path))
        shown.run(0, 0, 10)
        shown.picture("a red fox")
        clock.now = 100.0
        shown.run(3, 1, 10)
        shown.picture("a blue fox")
        clock.now = 106.0
        shown.step(2, 4)
        shown.step(3, 4)
    assert capsys.readouterr().err.splitlines() == [
        "loading fake, 6.9 GB",
        "[3 of 10, 1 failed, 2 min left] a blue fox: step 2 of 4, about 6 s left",
    ]


def test_a_program_hears_the_same_as_events(tmp_path, clock, capsys):
    with EventDisplay(Output(as_json=True)) as shown:
        shown.loading(model_of(6_900_000_000, tmp_path))
        shown.run(0, 0, 10)
        clock.now = 100.0
        shown.run(3, 1, 10)
        shown.picture("a \x1b[31mfox")
        clock.now = 106.0
        shown.step(2, 4)
        shown.step(4, 4)
    said = capsys.readouterr()
    assert said.out == ""
    assert [json.loads(line) for line in said.err.splitlines()] == [
        {"event": "loading", "model": "fake", "bytes": 6_900_000_000},
        {
            "event": "step", "title": "a \x1b[31mfox", "step": 2, "steps": 4, "seconds_left": 6.0,
            "pictures": 3, "failed": 1, "of": 10, "run_seconds_left": 150,
        },
    ]  # fmt: skip
    assert "\x1b" not in said.err


def test_short_work_tells_programs_nothing_but_results(sdgen):
    done = sdgen("a red fox", "-n", "3", "--json")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 3


def test_a_batch_tells_how_far_it_is(tmp_path: Path):
    (tmp_path / "jobs.txt").write_text("a red fox\na blue fox\n")
    _, shown = on_terminal(tmp_path, "batch", "jobs.txt", stdout_too=False)
    assert "[0 of 2] a red fox" in shown
