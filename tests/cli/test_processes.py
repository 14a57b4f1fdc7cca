"""The real program in processes of its own, with a tiny real model: stopped, killed, side by side.

One thread each: several processes of many threads would only wait for one another.
"""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from sdgen.batch.state import read_noted
from sdgen.files.images import open_pixels, read_record_of
from sdgen.metadata.record import pixels_sha256
from tests.cli.processes import PAINTED, REAL, run, variables

COUNT = 8


def start(*words: object, program: tuple[str, ...] = REAL, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*program, *map(str, words)], env=variables(OMP_NUM_THREADS="1", **more), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what stderr said."""
    _, told = process.communicate(timeout=600)
    return process.returncode, told


def send_after_a_picture(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(number)
    return end(process)


def sound_pictures(folder: Path) -> dict[str, str]:
    """Name → job of each picture; every one is whole and has its record."""
    jobs = {}
    for path in folder.glob("*.png"):
        record = read_record_of(path)
        assert pixels_sha256(open_pixels(path)) == record.image.sha256
        assert record.job is not None
        jobs[path.name] = record.job.id
    return jobs


@pytest.fixture
def batch(tiny_sd: Path) -> list[object]:
    """The words of a batch of eight pictures."""
    rows = "".join(f"a red fox, number {number}\n" for number in range(COUNT))
    Path("jobs.txt").write_text(rows)
    return ["batch", "jobs.txt", "-o", "book", "--model", tiny_sd, "--steps", "4"]


def test_a_batch_that_is_killed_and_stopped_is_finished_by_the_same_command(batch):
    book = Path("book")
    code, _ = send_after_a_picture(start(*batch), signal.SIGKILL)
    assert code == -signal.SIGKILL
    kept = sound_pictures(book)
    code, told = send_after_a_picture(start(*batch), signal.SIGINT)
    assert code == 130, told
    assert "not reached" in told
    assert "stopped" in told
    assert kept.items() <= sound_pictures(book).items()
    noted = {entry.file for entry in read_noted(book).values()}
    assert noted == sound_pictures(book).keys()
    code, told = end(start(*batch))
    assert code == 0, told
    jobs = sound_pictures(book)
    assert len(jobs) == len(set(jobs.values())) == COUNT
    assert not list(book.rglob("*.part"))
    assert {path.stem for path in book.glob("*.json")} == {Path(name).stem for name in jobs}
    done = run(*REAL, *batch, "--dry-run")
    assert "0 to draw, 8 done before" in done.stderr
    redrawn = run(*REAL, "reproduce", "book", "--model", batch[5], timeout=600)
    assert (redrawn.returncode, redrawn.stdout.count("identical: ")) == (0, COUNT)


def test_four_processes_write_into_one_folder(tiny_sd: Path):
    words = ("a red fox", "--seed", "1", "-n", "3", "--steps", "2", "--model", tiny_sd)
    processes = [start(*words) for _ in range(4)]
    assert [end(process)[0] for process in processes] == [0, 0, 0, 0]
    pictures = list(Path("outputs").glob("*.png"))
    assert len(pictures) == len(list(Path("outputs").glob("*.json"))) == 12
    records = [read_record_of(path) for path in pictures]
    seeds = sorted(record.settings.seed for record in records)
    assert seeds == [1] * 4 + [2] * 4 + [3] * 4
    assert len({record.image.sha256 for record in records}) == 3, "one seed, one picture"


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    while word not in (line := process.stderr.readline()):
        assert line, f"ended before {word!r}"


def test_the_first_signal_stops_after_the_step_and_drops_the_half_picture(tiny_sd: Path):
    process = start("a red fox", "--steps", "900", "--scheduler", "euler", "--model", tiny_sd)
    wait_for(process, "on cpu")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    code, told = end(process)
    assert code == 130
    assert told.endswith("error: stopped; 0 of 1 pictures drawn\n")
    assert not list(Path("outputs").iterdir())


def catches(process: subprocess.Popen[str], number: int) -> bool:
    """Whether the process has a handler for the signal."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:")).split()[1]
    return bool(int(caught, 16) >> (number - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_second_signal_ends_it_at_once(number: signal.Signals):
    process = start("a red fox", program=PAINTED, STEP_SECONDS="300", STEP_FILE="begun")
    while not Path("begun").exists():
        assert process.poll() is None
        time.sleep(0.01)
    assert catches(process, number)
    process.send_signal(number)
    while catches(process, number):
        time.sleep(0.01)
    assert process.poll() is None, "the step goes on"
    process.send_signal(number)
    assert end(process)[0] == -number


def test_what_the_caller_ignores_stays_ignored():
    process = start("-c", 'trap "" HUP; exec "$@"', "sh", *PAINTED, "a red fox",
                    program=("sh",), STEP_SECONDS="0.2")  # fmt: skip
    wait_for(process, "fake on fake")
    process.send_signal(signal.SIGHUP)
    assert end(process)[0] == 0
    assert len(list(Path("outputs").glob("*.png"))) == 1
