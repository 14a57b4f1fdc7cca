"""Batches on a Ray cluster of two nodes: the same pictures, none lost and none twice."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from sdgen.batch.on_cluster import Wanted, open_cluster
from sdgen.batch.outcomes import Observer
from sdgen.batch.run import run_batch, run_with
from sdgen.engine import open_generator
from sdgen.errors import InputError
from sdgen.models import find_model
from sdgen.stop import Stop
from tests.batch.conftest import drafts_of, job_ids, pictures
from tests.cli.processes import ROOT
from tests.cli.slow_painter import open_slow
from tests.fakes import PaintedGenerator

pytest.importorskip("ray")

ROWS = "".join(f"fox {number} --d {number}\n" for number in range(12))
TOKEN = "0123456789abcdef" * 4


@dataclass
class TwoNodes:
    address: str
    process: "subprocess.Popen[str]"

    def remove_one(self) -> None:
        """Kill a node with all its processes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print("remove", file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "removed\n"


@pytest.fixture(scope="module")
def _variables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONPATH": str(ROOT), "STEP_SECONDS": "0.1", "OMP_NUM_THREADS": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def cluster(_variables) -> Iterator[TwoNodes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.two_nodes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    yield TwoNodes(process.stdout.readline().strip(), process)
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


@pytest.fixture
def painted(monkeypatch) -> None:
    """The workers paint, slowly."""
    monkeypatch.setattr("sdgen.engine.open_generator", open_slow)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, str]:
    """What one process makes of the rows."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    run_batch(drafts_of(ROWS), folder, PaintedGenerator)
    return pictures(folder)


class Meddler(Observer):
    """Does something once, when so many pictures are saved; counts what is told."""

    def __init__(self, after: int, what) -> None:
        self.left, self.what = after, what
        self.saved_jobs: list[str] = []
        self.warnings: list[str] = []

    def saved(self, job, path):
        self.saved_jobs.append(job.id)
        self.left -= 1
        if self.left == 0:
            self.what()

    def warned(self, line):
        self.warnings.append(line)


def draw(cluster: TwoNodes, out: Path, **more):
    opened = partial(open_cluster, cluster.address, Wanted(workers=more.pop("workers", None)))
    return run_with(
        drafts_of(more.pop("rows", ROWS), **more.pop("drafts", {})), out, opened, **more
    )


def hired() -> list[int]:
    """The processes of our workers that hold a unit, by their name and the token they know."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name = (entry / "cmdline").read_bytes()
            if (
                name.startswith(b"ray::Hired")
                and TOKEN.encode() in (entry / "environ").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def test_pictures_are_bit_for_bit_those_of_one_process(cluster, tiny_sd, tmp_path):
    rows = "".join(f"fox {number} --d {number} --s 2\n" for number in range(4))
    drafts = {"find": lambda _: find_model(str(tiny_sd))}
    alone, here = tmp_path / "alone", tmp_path / "here"
    run_batch(drafts_of(rows, **drafts), alone, partial(open_generator, "cpu"))
    summary = draw(cluster, here, rows=rows, drafts=drafts)
    assert (summary.exit_code, summary.done) == (0, 4), summary.error
    assert pictures(here) == pictures(alone)


def test_a_worker_that_is_killed_loses_and_repeats_nothing(cluster, painted, whole, out):
    meddler = Meddler(3, lambda: os.kill(hired()[0], signal.SIGKILL))
    summary = draw(cluster, out, observer=meddler)
    assert (summary.exit_code, summary.done) == (0, 12), summary.error
    assert pictures(out) == whole
    assert len(set(job_ids(out))) == len(meddler.saved_jobs) == len(set(meddler.saved_jobs)) == 12
    assert any("died while it drew" in line for line in meddler.warnings)


def test_a_run_that_is_stopped_goes_on(cluster, painted, whole, out):
    stop = Stop()
    meddler = Meddler(2, lambda: setattr(stop, "requested", 2))
    stopped = draw(cluster, out, observer=meddler, stop=stop)
    assert (stopped.exit_code, 2 <= stopped.done < 12) == (130, True)
    assert pictures(out).items() <= whole.items()
    assert draw(cluster, out).exit_code == 0
    assert pictures(out) == whole
    assert not list(out.glob(".*.part"))


def test_one_worker_draws_where_one_was_asked_for(cluster, painted, out):
    summary = draw(cluster, out, rows="a fox --s 1\na cat --s 1", workers=1)
    assert summary.done == 2


def test_a_node_that_goes_down_loses_and_repeats_nothing(cluster, painted, whole, out):
    def remove() -> None:
        threading.Thread(target=cluster.remove_one).start()

    meddler = Meddler(3, remove)
    summary = draw(cluster, out, observer=meddler)
    assert (summary.exit_code, summary.done) == (0, 12), summary.error
    assert pictures(out) == whole
    assert len(set(job_ids(out))) == len(meddler.saved_jobs) == len(set(meddler.saved_jobs)) == 12


def test_who_waits_for_room_is_told_so_and_can_stop(cluster, painted, out, monkeypatch):
    monkeypatch.setattr("sdgen.batch.on_cluster.PATIENCE_SECONDS", 0.5)
    stop = Stop()

    class Impatient(Observer):
        def warned(self, line):
            assert "no worker has come yet" in line
            stop.requested = 15

    opened = partial(open_cluster, cluster.address, Wanted("cuda", workers=1))
    summary = run_with(drafts_of(ROWS), out, opened, observer=Impatient(), stop=stop)
    assert (summary.exit_code, summary.done) == (143, 0)


def refusal(address: str, device: str = "auto") -> InputError:
    wanted = Wanted(device)
    with (
        pytest.raises(InputError) as refused,
        open_cluster(address, wanted, Stop(), Observer()),
    ):
        pytest.fail("was opened")
    return refused.value


def test_what_keeps_a_cluster_from_being_joined_is_one_line(cluster, monkeypatch, tmp_path):
    assert "cannot be reached" in str(refusal("127.0.0.1:9"))
    assert "has no GPU" in str(refusal(cluster.address, "cuda"))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "wrong")
    error = refusal(cluster.address)
    assert "does not take the token" in str(error)
    assert "RAY_AUTH_MODE=disabled" in error.hint
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "wants a token, and there is none" in str(refusal(cluster.address))


def test_without_ray_its_extra_is_named(monkeypatch):
    monkeypatch.setattr("sdgen.batch.on_cluster.find_spec", lambda name: None)
    assert refusal("auto").hint == "pip install 'sdgen[ray]'"


def test_versions_must_be_ours_and_alike():
    from sdgen.batch.cluster_messages import Resources
    from sdgen.batch.hired import versions
    from sdgen.batch.on_cluster import ClusterExecutor

    class Linked:
        resources = Resources((4.0,), 2, ("A100", "H100"))

    crew = ClusterExecutor(Linked(), Wanted(), Stop(), Observer())
    assert crew._untold == [
        "the cluster has different GPUs (A100, H100): a picture may differ by a level from one to "
        "the other; its record says which drew it"
    ]
    assert crew.fault_in(versions()) == ""
    assert "others" in crew.fault_in({**versions(), "torch": "1.0"})
    assert "and this is" in crew.fault_in({**versions(), "sdgen": "9.9"})
