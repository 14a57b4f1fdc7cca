"""`sdgen batch --workers` and `--gpus`: signals, kills, and what is refused."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import sdgen.batch.seats as seats_module
from sdgen.batch.seats import cpu_seats, gpu_seats
from sdgen.cli.output import Output
from sdgen.cli.preview import open_display
from sdgen.cli.running import ShownProgress
from sdgen.errors import InputError
from tests.cli.processes import PAINTED, children, variables

COUNT = 12


@pytest.fixture
def jobs() -> str:
    Path("jobs.txt").write_text("".join(f"fox {number}\n" for number in range(COUNT)))
    return "jobs.txt"


@pytest.fixture
def begun(jobs: str) -> subprocess.Popen[str]:
    """A run of two workers that has shown its first picture, and draws the next ones slowly."""
    run = subprocess.Popen(
        [*PAINTED, "batch", jobs, "--workers", "2"], text=True,
        env=variables(STEP_SECONDS="0.1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdout.readline()
    return run


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + 10
    while any(_lives(pid) for pid in pids):
        assert time.monotonic() < until, f"{pids} live on"
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


only_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")


@only_linux
def test_ctrl_c_stops_all_after_their_step_and_the_same_command_goes_on(sdgen, begun) -> None:
    workers = children(begun.pid)
    assert len(workers) == 2
    for pid in [begun.pid, *workers]:  # as a terminal sends it: to all of them
        os.kill(pid, signal.SIGINT)
    _, told = begun.communicate(timeout=60)
    assert begun.returncode == 130, told
    assert " drawn, " in told
    assert "error: stopped\nhint: the same command goes on from here" in told
    wait_until_gone(workers)
    kept = {path.name for path in Path("outputs").glob("*.png")}
    assert 0 < len(kept) < COUNT
    again = sdgen("batch", "jobs.txt")
    assert again.exit_code == 0
    assert f"{len(kept)} done before" in again.stderr
    assert len(list(Path("outputs").glob("*.png"))) == COUNT


@only_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_ends_at_once_leaves_no_worker(sdgen, begun, number) -> None:
    workers = children(begun.pid)
    begun.send_signal(number)
    if number == signal.SIGINT:
        time.sleep(0.02)
        begun.send_signal(number)
    begun.communicate(timeout=60)
    assert begun.returncode in (-number, 130)
    wait_until_gone(workers)
    assert sdgen("batch", "jobs.txt").exit_code == 0
    assert len(list(Path("outputs").glob("*.png"))) == COUNT


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--gpus", "one"), "--gpus must be all, or numbers such as 0,2, not 'one'"),
        (("--gpus", "1,1"), "--gpus 1,1 names one twice"),
        (("--gpus", "all", "--workers", "2"), "--gpus and --workers cannot be had together"),
        (("--gpus", "0", "--device", "cpu"), "--gpus says what draws, and --device cpu"),
        (("--workers", "2", "--device", "cuda"), "--workers draw on the CPU, not on cuda"),
        (("--workers", "0"), "should be greater than or equal to 1"),
    ],
)
def test_what_does_not_go_together_is_told_before_the_work(sdgen, jobs, words, told) -> None:
    done = sdgen("batch", jobs, *words)
    assert (done.exit_code, Path("outputs").exists()) == (2, False)
    assert told in done.stderr


@pytest.mark.parametrize(
    ("there", "words", "told"),
    [
        (0, "all", "error: there is no GPU here\nhint: --workers 4 draws with processes"),
        (1, "0,1", "error: there is no GPU 1\nhint: the only one is 0"),
        (4, "4", "error: there is no GPU 4\nhint: they are 0 to 3"),
    ],
)
def test_a_gpu_that_is_not_there_is_code_2(sdgen, jobs, monkeypatch, there, words, told) -> None:
    monkeypatch.setattr(seats_module, "count_gpus", lambda: there)
    done = sdgen("batch", jobs, "--gpus", words)
    assert done.exit_code == 2
    assert told in done.stderr


def test_each_gpu_is_the_only_one_that_its_worker_sees(monkeypatch) -> None:
    monkeypatch.setattr(seats_module, "count_gpus", lambda: 3)

    def seen(wanted, **environment):
        return [
            seat.opening.environment["CUDA_VISIBLE_DEVICES"]
            for seat in gpu_seats(wanted, "eager", environment=environment)
        ]

    assert seen(None) == ["0", "1", "2"]
    assert seen((2, 0)) == ["2", "0"]
    assert seen((0, 2), CUDA_VISIBLE_DEVICES="3, 5,GPU-1f") == ["3", "GPU-1f"]
    with pytest.raises(InputError):
        gpu_seats((3,), "eager", environment={})


def test_cores_are_shared_out_unless_somebody_decided(monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert cpu_seats(3, "eager", environment={})[0].opening.environment == {"OMP_NUM_THREADS": "2"}
    assert cpu_seats(9, "eager", environment={})[0].opening.environment == {"OMP_NUM_THREADS": "1"}
    assert cpu_seats(3, "eager", environment={"OMP_NUM_THREADS": "4"})[0].opening.environment == {}


def test_a_program_is_told_of_a_dead_worker_too(capsys) -> None:
    out = Output(as_json=True)
    with open_display(out, None) as shown:
        ShownProgress(out, shown).warned("worker 1 was killed")
    assert capsys.readouterr().out == '{"warning": "worker 1 was killed"}\n'
