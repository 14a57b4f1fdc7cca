"""Real processes: killed, interrupted, side by side; afterwards nothing is missing or double."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sdgen.batch.state import read_noted
from tests.batch.conftest import job_ids, pictures

ROOT = Path(__file__).parents[2]
COUNT = 48


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.txt"
    path.write_text("".join(f"a red fox, number {index}\n" for index in range(COUNT)))
    return path


def start(jobs: Path, folder: Path, *shard: str) -> subprocess.Popen[str]:
    script = [sys.executable, "-m", "tests.batch.painted_batch", str(jobs), str(folder), *shard]
    return subprocess.Popen(script, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def send_while_drawing(process: subprocess.Popen[str], number: int, seconds: float) -> int:
    """Send a signal some time after the first picture began; the exit code (0: it was done)."""
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(number)
    process.communicate(timeout=30)
    return process.returncode


def finish(jobs: Path, folder: Path) -> None:
    """Run to the end, then once more: nothing is left to do."""
    first = start(jobs, folder)
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert len(pictures(folder)) == len(set(job_ids(folder))) == COUNT
    noted = {entry.file for entry in read_noted(folder).values()}
    assert noted == set(pictures(folder))
    assert not list(folder.rglob("*.part"))
    before = pictures(folder)
    output, _ = start(jobs, folder).communicate(timeout=60)
    assert (output, pictures(folder)) == ("", before)


def test_ten_kills_lose_and_repeat_nothing(jobs: Path, tmp_path: Path) -> None:
    chance = random.Random(7)
    folder = tmp_path / "out"
    kept: dict[str, str] = {}
    for _ in range(10):
        process = start(jobs, folder)
        assert send_while_drawing(process, signal.SIGKILL, chance.uniform(0, 0.12)) in (-9, 0)
        now = {path.name for path in folder.glob("*.png")}
        assert kept.keys() <= now  # what is there stays there
        kept = dict.fromkeys(now, "")
    finish(jobs, folder)


def test_five_interrupts_keep_ledger_and_files_in_step(jobs: Path, tmp_path: Path) -> None:
    chance = random.Random(8)
    folder = tmp_path / "out"
    for _ in range(5):
        process = start(jobs, folder)
        assert send_while_drawing(process, signal.SIGINT, chance.uniform(0, 0.12)) in (130, 0)
        noted = {entry.file for entry in read_noted(folder).values()}
        assert noted == set(pictures(folder))
    finish(jobs, folder)


def test_four_shards_at_once_fill_one_folder(jobs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shards = [start(jobs, folder, f"{index}/4") for index in (1, 2, 3, 4)]
    outputs = [shard.communicate(timeout=60)[0] for shard in shards]
    assert [shard.returncode for shard in shards] == [0, 0, 0, 0]
    assert [output.count("saved") for output in outputs] == [COUNT / 4] * 4
    finish(jobs, folder)


def test_second_process_is_told_that_the_folder_is_busy(jobs: Path, tmp_path: Path) -> None:
    first = start(jobs, tmp_path / "out")
    assert first.stdout is not None
    first.stdout.readline()
    second = subprocess.run(
        [sys.executable, "-m", "tests.batch.painted_batch", str(jobs), str(tmp_path / "out")],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "BusyError: another run holds" in second.stderr
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=30)
    finish(jobs, tmp_path / "out")
