"""The moving display on a real terminal: it must not swallow results, and it must be gone after."""

import os
import pty
import subprocess
import sys
from pathlib import Path

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
