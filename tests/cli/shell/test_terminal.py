"""`sdgen shell` at a terminal: completion, history, Ctrl-C and Ctrl-D; one real session."""

import re
import signal
import stat
from pathlib import Path

import pytest

from sdgen.engine import open_generator
from sdgen.files.images import open_pixels, read_record_of
from sdgen.metadata.record import pixels_sha256
from sdgen.models import find_model
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.cli.processes import REAL
from tests.cli.shell.terminal import CTRL_C, CTRL_D, Terminal, wait_for_file

pytest.importorskip("pty")
pytest.importorskip("readline")

READY = r"sdgen> "
HISTORY = Path("state/sdgen/shell_history")


def start(*words: object, **more: str) -> Terminal:
    return Terminal("shell", *words, XDG_STATE_HOME=str(Path("state").absolute()), **more)


def test_a_session_with_completion_history_and_the_end_by_ctrl_d():
    one = start("--seed", 7)
    one.wait_for(READY)
    one.type("a red fox\n")
    assert "outputs/a-red-fox-7.png" in one.wait_for(READY)
    one.type("set sche\t eul\t\n")  # completes the name; two schedulers begin like that
    one.wait_for(READY)
    one.type("unse\tstep\t\n")
    assert "steps is not set here" in one.wait_for(READY)
    one.type(CTRL_D)
    assert one.end() == 0
    assert HISTORY.read_text().splitlines()[0] == "a red fox"
    assert stat.S_IMODE(HISTORY.stat().st_mode) == 0o600
    assert stat.S_IMODE(HISTORY.parent.stat().st_mode) == 0o700
    two = start("--no-history")
    two.wait_for(READY)
    two.type("\x1b[A\n")  # the arrow upwards
    two.wait_for(READY)
    two.type("quit\n")
    assert two.end() == 0
    assert "a-red-fox" not in two.told


def test_the_arrow_upwards_brings_the_last_session_back():
    HISTORY.parent.mkdir(parents=True)
    HISTORY.write_text("a blue fox\n")
    one = start("--seed", 8)
    one.wait_for(READY)
    one.type("\x1b[A\n")
    assert "outputs/a-blue-fox-8.png" in one.wait_for(r"png[\s\S]*" + READY)
    one.type("exit\n")
    assert one.end() == 0


def test_ctrl_c_stops_the_picture_after_the_step_and_the_session_goes_on():
    one = start(STEP_SECONDS="0.5", STEP_FILE="begun")
    one.wait_for(READY)
    one.type("a red fox\n")
    wait_for_file(Path("begun"))
    one.interrupt()
    assert "stopped; 0 of 1 pictures drawn" in one.wait_for(READY)
    one.type("set\n")
    assert re.search(r"prompt +a red fox +set here", one.wait_for(READY)), "it can be drawn again"
    one.type("quit\n")
    assert one.end() == 0
    assert not list(Path("outputs").glob("*.png"))


def test_ctrl_c_twice_while_drawing_ends_at_once():
    one = start(STEP_SECONDS="300", STEP_FILE="begun")
    one.wait_for(READY)
    one.type("a red fox\n")
    wait_for_file(Path("begun"))
    one.interrupt()
    one.wait_until_deaf(signal.SIGINT)
    one.interrupt()
    assert one.end() == -signal.SIGINT


def test_ctrl_c_at_the_prompt_drops_the_line_and_twice_ends():
    one = start()
    one.wait_for(READY)
    one.type("a half li")
    one.wait_for("half li")
    assert "Ctrl-C once more ends" in one.interrupt_until(READY)
    one.type("history\n")
    one.wait_for(READY)
    one.interrupt_until(READY)
    assert one.end(typing=CTRL_C) == 130
    assert not list(Path("outputs").glob("*.png"))


def test_a_bug_of_ours_ends_nothing():
    one = start(STEP_SECONDS="a bug")
    one.wait_for(READY)
    one.type("a red fox\n")
    assert "error: a bug in sdgen: ValueError" in one.wait_for(READY)
    one.type("quit\n")
    assert one.end() == 0


def test_without_a_place_for_history_it_is_told_once():
    Path("state").write_text("a file")
    one = start()
    one.wait_for(READY)
    one.type("history\nhistory\nquit\n")
    assert one.end() == 0
    assert one.told.count("warning: what you type is not kept") == 1


def test_a_real_session_with_the_built_in_model(tmp_path: Path):
    one = Terminal("shell", "--steps", "2", program=REAL)
    one.wait_for("storybook on cpu")
    one.wait_for(READY)
    one.type("a red fox in the snow\n")
    one.wait_for(r"\.png[\s\S]*" + READY)
    one.type("vary 1 0.2\n")
    one.wait_for(r"\.png[\s\S]*" + READY)
    one.type("quit\n")
    assert one.end() == 0
    first, second = sorted(Path("outputs").glob("*.png"), key=lambda path: path.stat().st_mtime_ns)
    records = [read_record_of(path) for path in (first, second)]
    assert records[1].settings.variation_strength == 0.2
    assert records[0].settings.seed == records[1].settings.seed
    assert pixels_sha256(open_pixels(first)) == records[0].image.sha256 != records[1].image.sha256
    original = Original(records[1], open_pixels(second))
    _, verdict = redraw(original, find_model("storybook"), open_generator("cpu"))
    assert verdict.kind == "identical"
