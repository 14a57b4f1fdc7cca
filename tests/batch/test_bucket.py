"""Batches whose pictures go to object storage: whole, once, and known again from any machine."""

from pathlib import Path

import pytest

from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import Observer
from sdgen.batch.preview import preview_batch
from sdgen.batch.run import run_batch
from sdgen.errors import BusyError, OutputError
from sdgen.files.objects import ObjectFolder
from sdgen.files.reading import read_record_of
from sdgen.metadata.migrations import read_record
from sdgen.stop import Stop
from tests.batch.conftest import drafts_of
from tests.fakes import PaintedGenerator
from tests.storage import control

ROWS = "a red fox\na blue fox\na green fox --d 7\na grey fox --d 7\n"


@pytest.fixture
def folder(storage, tmp_path, monkeypatch) -> ObjectFolder:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return ObjectFolder.at("s3://pictures/cats")


def run(folder, rows: str = ROWS, *, painter: PaintedGenerator | None = None, **more):
    painter = painter or PaintedGenerator()
    summary = run_batch(drafts_of(rows), folder, lambda: painter, **more)
    return summary, [one.prompt for one in painter.drawn]


def pictures(folder: ObjectFolder, tmp_path: Path) -> dict[str, tuple[str, str]]:
    """Every picture: its name → job and pixels; each whole, with the same record beside it."""
    found = {}
    for name in sorted(folder.sizes()):
        if name.endswith(".png"):
            here = tmp_path / "read.png"
            here.write_bytes(folder.read([name])[name])
            record = read_record_of(here)
            sidecar = name.replace(".png", ".json")
            assert read_record(folder.read([sidecar])[sidecar]) == record
            found[name] = (record.job.id, record.image.sha256)
    return found


class StopAfter(Observer):
    def __init__(self, steps: int) -> None:
        self.left, self.stop = steps, Stop()

    def saved(self, job, path):
        assert path.startswith("s3://pictures/cats/")

    def step(self, jobs, done, total):
        self.left -= 1
        if self.left <= 0:
            self.stop.requested = 15


def test_a_batch_is_drawn_stopped_and_finished(folder, tmp_path):
    watch = StopAfter(steps=10)
    stopped, _ = run(folder, observer=watch, stop=watch.stop)
    assert (stopped.exit_code, stopped.error) == (143, None)
    before = pictures(folder, tmp_path)
    done, _ = run(folder)
    assert (len(before), done.done, done.exit_code) == (2, 2, 0)
    after = pictures(folder, tmp_path)
    assert len(after) == len({job for job, _ in after.values()}) == 4
    assert before.items() <= after.items()
    assert run(folder)[1] == []


def test_another_machine_goes_on_with_the_same_seeds(folder, tmp_path, monkeypatch):
    run(folder, options=BatchOptions(limit=2))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert [one.done for one in preview_batch(drafts_of(ROWS), folder)] == [1, 1, 0, 0]
    summary, drawn = run(folder)
    assert (summary.skipped, drawn) == (2, ["a green fox", "a grey fox"])
    assert len(pictures(folder, tmp_path)) == 4


def test_a_dry_run_before_the_first_leaves_nothing(folder, tmp_path):
    assert not any(one.done for one in preview_batch(drafts_of(ROWS), folder))
    assert (folder.sizes(), list((tmp_path / "state").glob("*/*/*"))) == ({}, [])


def test_a_sidecar_that_is_missing_is_mended_and_a_picture_drawn_again(folder, tmp_path):
    run(folder)
    whole = pictures(folder, tmp_path)
    [one, other, third, fourth] = sorted(whole)
    folder.remove(one.replace(".png", ".json"))
    folder.remove(other)
    folder.remove(third)
    folder.remove(third.replace(".png", ".json"))
    folder.replace(fourth, b"what somebody put there")
    summary, drawn = run(folder)
    assert (summary.skipped, len(drawn)) == (2, 2)
    assert folder.read([fourth]) == {fourth: b"what somebody put there"}
    folder.remove(fourth)
    run(folder)
    assert pictures(folder, tmp_path) == whole


def test_a_name_that_is_taken_is_left_to_its_owner(folder, tmp_path):
    run(folder, "a red fox --d 7")
    [name] = pictures(folder, tmp_path)
    sidecar = name.replace(".png", ".json")
    for taken, numbered in ((name, "-2.png"), (sidecar, "-2.png")):
        other = ObjectFolder.at(f"s3://pictures/{taken[-4:]}")
        other.claim(taken, b"mine")
        assert run(other, "a red fox --d 7")[0].done == 1
        assert other.read([taken]) == {taken: b"mine"}
        assert list(pictures_with(other, numbered)) == [name.replace(".png", numbered)]


def pictures_with(folder: ObjectFolder, ending: str) -> list[str]:
    return [name for name in folder.sizes() if name.endswith(ending)]


class Twice(Observer):
    """A worker that was thought dead: it writes all that somebody else writes, just before."""

    def __init__(self, folder: ObjectFolder, tmp_path: Path, monkeypatch) -> None:
        self.folder, self.home, self.monkeypatch = folder, tmp_path, monkeypatch

    def drawing(self, jobs):
        with self.monkeypatch.context() as elsewhere:
            elsewhere.setenv("XDG_STATE_HOME", str(self.home / "elsewhere"))
            run(self.folder)


@pytest.mark.parametrize("inside", ["record", "nothing"])
def test_what_two_workers_wrote_is_there_once(folder, tmp_path, monkeypatch, inside):
    twice = Twice(folder, tmp_path, monkeypatch)
    options = BatchOptions(inside=inside)
    summary, drawn = run(folder, observer=twice, options=options)
    assert (summary.done, len(drawn), summary.exit_code) == (4, 4, 0)
    assert len(pictures_with(folder, ".png")) == len(pictures_with(folder, ".json")) - 1 == 4
    assert run(folder, options=options)[1] == []


def test_one_run_at_a_time_holds_a_folder(folder):
    class Meanwhile(Observer):
        def drawing(self, jobs):
            with pytest.raises(BusyError, match="another run holds s3://pictures/cats"):
                run(folder)

    assert run(folder, observer=Meanwhile())[0].exit_code == 0


def test_a_storage_that_refuses_ends_the_run_and_the_next_goes_on(folder, storage, tmp_path):
    class Refused(Observer):
        def drawing(self, jobs):
            if "green" in jobs[0].settings.prompt:
                control(storage, "reset-auth", "0")

    summary, _ = run(folder, observer=Refused())
    assert isinstance(summary.error, OutputError)
    assert summary.exit_code == 5
    with pytest.raises(OutputError, match="no permission, or the wrong keys"):
        run(folder)
    control(storage, "reset-auth", "9999999")
    assert run(folder)[0].exit_code == 0
    assert len(pictures(folder, tmp_path)) == 4
