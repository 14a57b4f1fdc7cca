"""Runs in one process: stop anywhere, go on, and the set of files is the same."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from sdgen.batch.finished import by_stem
from sdgen.batch.jobs import Shard
from sdgen.batch.ledger import Ledger
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import Observer
from sdgen.batch.preview import preview_batch
from sdgen.batch.run import run_batch
from sdgen.batch.state import state_folder
from sdgen.errors import (
    BusyError,
    GenerationError,
    InputError,
    MemoryExhaustedError,
    ModelError,
    OutputError,
)
from sdgen.files.formats import MAX_SIDE
from sdgen.files.reading import read_record_of
from sdgen.stop import Stop
from tests.batch.conftest import drafts_of, job_ids, pictures
from tests.fakes import PaintedGenerator

ROWS = "a red fox\n{owl}\nan owl\na bear --d 1,2 --f bear\na red fox\n".replace("{owl}\n", "")
COUNT = 5


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


class Log(Observer):
    """Writes down what it hears; asks for a stop after `after` steps."""

    def __init__(self, after: int = 1_000_000) -> None:
        self.stop = Stop()
        self.left = after
        self.lines: list[str] = []

    def started(self, total, skipped):
        self.lines.append(f"started {total} {skipped}")

    def loading(self, model):
        self.lines.append(f"loading {model.name}")

    def step(self, jobs, done, total):
        self.left -= 1
        if self.left <= 0:
            self.stop.requested = 2

    def saved(self, job, path):
        self.lines.append(f"saved {path.name} {job.source}")

    def failed(self, job, error):
        self.lines.append(f"failed {job.source} {error}")


def fix_base_seed(folder: Path) -> None:
    """Give the folder a base seed, so that two folders get the same pictures."""
    state_folder(folder).mkdir(parents=True)
    said = {"schema": "sdgen.batch/1", "base_seed": 7}
    (state_folder(folder) / "state.json").write_text(json.dumps(said))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an undisturbed run of `ROWS` makes from base seed 7."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    fix_base_seed(folder)
    summary = run_batch(drafts_of(ROWS), folder, PaintedGenerator)
    assert (summary.done, summary.exit_code) == (COUNT, 0)
    return pictures(folder)


def test_run_tells_what_it_does(run, out: Path) -> None:
    log = Log()
    summary = run("a --d 1\nb --d 1 --f owl", observer=log)
    assert log.lines == [
        "started 2 0",
        "loading fake",
        "saved a-1.png stdin:1",
        "saved owl.png stdin:2",
    ]
    assert (summary.total, summary.done, summary.left, summary.exit_code) == (2, 2, 0, 0)
    assert sorted(pictures(out)) == ["a-1.png", "owl.png"]


def test_second_run_draws_nothing_and_opens_no_generator(run, out: Path, painter) -> None:
    run(ROWS)
    summary = run_batch(drafts_of(ROWS), out, lambda: pytest.fail("opened"))
    assert (summary.skipped, summary.done, summary.exit_code) == (COUNT, 0, 0)
    assert len(painter.drawn) == COUNT


@pytest.mark.parametrize("steps", [1, 2, 4, 5, 9, 12, 17, 20])
def test_stopped_run_goes_on_to_the_same_files(out: Path, whole, painter, steps: int) -> None:
    fix_base_seed(out)
    log = Log(after=steps)
    stopped = run_batch(drafts_of(ROWS), out, lambda: painter, observer=log, stop=log.stop)
    assert (stopped.stopped_by, stopped.exit_code) == (2, 130)
    assert stopped.done == len(pictures(out)) == (steps - 1) // 4
    assert stopped.left == COUNT - stopped.done
    rest = run_batch(drafts_of(ROWS), out, lambda: painter)
    assert (rest.skipped, rest.done) == (stopped.done, COUNT - stopped.done)
    assert pictures(out) == whole
    assert len(painter.drawn) == COUNT


@pytest.mark.parametrize("picture", range(COUNT))
def test_picture_published_but_not_noted_is_not_drawn_again(
    out: Path, whole, painter, picture: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_base_seed(out)
    with monkeypatch.context() as patch:
        _die_at(patch, Ledger, "add_all", picture)
        with pytest.raises(Killed):
            run_batch(drafts_of(ROWS), out, lambda: painter)
    [*_, last] = sorted(out.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    last.unlink()  # as if killed between picture and sidecar
    again = PaintedGenerator()
    summary = run_batch(drafts_of(ROWS), out, lambda: again)
    assert (summary.skipped, summary.done) == (picture + 1, COUNT - picture - 1)
    assert pictures(out) == whole
    assert len(again.drawn) == COUNT - picture - 1


def _die_at(patch: pytest.MonkeyPatch, owner: object, name: str, call: int) -> None:
    calls = iter(range(1000))
    real = getattr(owner, name)

    def dying(*args, **options):
        if next(calls) == call:
            raise Killed
        return real(*args, **options)

    patch.setattr(owner, name, dying)


@pytest.mark.parametrize("call", range(0, 25, 4))
@pytest.mark.parametrize("name", ["write", "link", "fsync"])
def test_failing_disk_ends_the_run_and_the_next_finishes_it(
    out: Path, whole, painter, name: str, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_base_seed(out)
    out.joinpath("kept").mkdir()
    with monkeypatch.context() as patch:
        calls = iter(range(1000))
        real = getattr(os, name)

        def full(*args, **options):
            if next(calls) >= call:
                raise OSError(28, "No space left on device")
            return real(*args, **options)

        patch.setattr(os, name, full)
        try:
            error = run_batch(drafts_of(ROWS), out, lambda: painter).error
        except OutputError as raised:
            error = raised
        assert error is None or error.exit_code == 5
    assert pictures_only_complete(out)
    assert run_batch(drafts_of(ROWS), out, lambda: painter).exit_code == 0
    assert pictures(out) == whole
    assert not list(out.rglob("*.part"))


def pictures_only_complete(folder: Path) -> bool:
    return all(read_record_of(path) for path in folder.glob("*.png"))


def test_torn_ledger_loses_no_picture(run, out: Path) -> None:
    run(ROWS)
    [ledger] = state_folder(out).glob("ledger*")
    os.truncate(ledger, ledger.stat().st_size // 2)
    assert run(ROWS).skipped == COUNT
    ledger.unlink()
    assert run(ROWS).skipped == COUNT
    assert len(pictures(out)) == COUNT


def test_missing_picture_is_drawn_again_under_its_name(run, out: Path) -> None:
    run(ROWS)
    before = pictures(out)
    (out / "bear-1.png").unlink()
    (out / "bear-2.png").unlink()
    (out / "bear-2.json").unlink()
    summary = run(ROWS)
    assert (summary.done, summary.skipped) == (2, COUNT - 2)
    assert pictures(out) == before


@pytest.mark.parametrize("length", [0, 100])
def test_cut_picture_is_drawn_again_in_its_place(run, out: Path, length: int) -> None:
    run(ROWS)
    before = pictures(out)
    os.truncate(out / "bear-1.png", length)
    assert run(ROWS).done == 1
    assert pictures(out) == before


def test_picture_that_somebody_edited_is_left_alone(run, out: Path) -> None:
    from PIL import Image

    run(ROWS)
    Image.new("RGB", (8, 8), "red").save(out / "bear-1.png")
    before = (out / "bear-1.png").read_bytes()
    assert run(ROWS).skipped == COUNT
    assert (out / "bear-1.png").read_bytes() == before


def test_foreign_file_of_that_name_is_left_alone(run, out: Path) -> None:
    out.mkdir()
    (out / "bear-1.png").write_bytes(b"mine")
    summary = run(ROWS)
    assert (summary.done, (out / "bear-1.png").read_bytes()) == (COUNT, b"mine")
    assert run(ROWS).skipped == COUNT


def test_name_given_again_belongs_to_its_new_job(run, out: Path) -> None:
    run("a --d 1 --f fox")
    (out / "fox.png").unlink()
    (out / "fox.json").unlink()
    run("b --d 1 --f fox")
    summary = run("a --d 1 --f fox")
    assert (summary.done, sorted(pictures(out))) == (1, ["fox-2.png", "fox.png"])
    assert run("a --d 1 --f fox").skipped == run("b --d 1 --f fox").skipped == 1


def test_one_bad_picture_does_not_end_the_run(run, out: Path, painter) -> None:
    painter.fail_on = {"b": GenerationError("all black"), "c": MemoryExhaustedError("too small")}
    log = Log()
    summary = run("a --d 1\nb\nc\nd", observer=log)
    assert (summary.done, len(summary.failed), summary.exit_code) == (2, 2, 3)
    assert [line for line in log.lines if "failed" in line] == [
        "failed stdin:2 all black",
        "failed stdin:3 too small",
    ]
    painter.fail_on = {}
    again = run("a --d 1\nb\nc\nd")
    assert (again.skipped, again.done, again.exit_code) == (2, 2, 0)


def test_a_picture_too_large_for_its_format_does_not_end_the_run(run, monkeypatch) -> None:
    monkeypatch.setitem(MAX_SIDE, "webp", 100)
    log = Log()
    summary = run("a\nb --w 128\nc", BatchOptions(format="webp"), observer=log)
    assert (summary.done, len(summary.failed), summary.exit_code) == (2, 1, 3)
    [line] = [line for line in log.lines if "failed" in line]
    assert line == "failed stdin:2 webp holds 100 pixels a side, and the picture is 128x64"


@pytest.mark.parametrize("error", [MemoryExhaustedError("no"), GenerationError("no")])
def test_what_fails_every_picture_gives_the_exit_code(run, painter, error) -> None:
    painter.fail_on = {"a": error, "b": error}
    assert run("a\nb").exit_code == error.exit_code


def test_model_that_cannot_be_loaded_ends_the_run(run, painter, monkeypatch) -> None:
    def load(model, dtype):
        raise ModelError("damaged")

    monkeypatch.setattr(painter, "load", load)
    summary = run("a\nb")
    assert (summary.exit_code, summary.left, str(summary.error)) == (4, 2, "damaged")


def test_one_model_of_several_that_cannot_be_loaded_fails_its_rows(
    run, painter, monkeypatch
) -> None:
    loaded = []

    def load(model, dtype):
        loaded.append(dtype)
        if dtype == "float16":
            raise InputError("the CPU cannot do float16")

    monkeypatch.setattr(painter, "load", load)
    rows = [("a", "float32"), ("b", "float16"), ("c", "float32"), ("d", "float16")]
    summary = run("\n".join(json.dumps({"prompt": p, "dtype": d}) for p, d in rows))
    assert loaded == ["float32", "float16"]
    assert (summary.done, len(summary.failed), summary.exit_code) == (2, 2, 3)
    assert [settings.prompt for settings in painter.drawn] == ["a", "c"]


def test_rejected_rows_show_in_the_exit_code(out: Path, painter) -> None:
    drafts = drafts_of('{"prompt": "a"}\n{"steps": 3}', keep_going=True)
    summary = run_batch(drafts, out, lambda: painter)
    assert (summary.done, len(summary.rejected), summary.exit_code) == (1, 1, 3)


def test_our_bug_is_not_swallowed(run, painter) -> None:
    painter.fail_on = {"a": ZeroDivisionError()}
    with pytest.raises(ZeroDivisionError):
        run("a")
    painter.fail_on = {}
    assert run("a").done == 1  # the lock was let go


def test_limit_takes_the_first_rows_and_stays_there(run) -> None:
    assert run("a\nb\nc", BatchOptions(limit=2)).done == 2
    assert run("a\nb\nc", BatchOptions(limit=2)).done == 0
    assert run("a\nb\nc").done == 1


def test_shards_fill_one_folder(run, out: Path) -> None:
    done = [run(ROWS, BatchOptions(shard=Shard(index, 3))).done for index in (1, 2, 3)]
    assert (done, run(ROWS).skipped) == ([2, 2, 1], COUNT)
    assert len(set(job_ids(out))) == COUNT


def test_formats_do_not_count_for_each_other(run, out: Path) -> None:
    assert run(ROWS).done == COUNT
    assert run(ROWS, BatchOptions(format="webp")).done == COUNT
    assert run(ROWS).skipped == run(ROWS, BatchOptions(format="webp")).skipped == COUNT
    kinds = Counter(path.suffix for path in out.iterdir() if path.is_file())
    assert kinds == {".png": COUNT, ".webp": COUNT, ".json": 2 * COUNT}


def test_names_may_have_folders(run, out: Path) -> None:
    options = BatchOptions(template="{prompt}/{seed}")
    assert run("a\nb --d 1,2", options).done == 3
    assert run("a\nb --d 1,2", options).skipped == 3
    assert {"b/1.png", "b/2.png"} < set(pictures(out))


def test_records_name_their_job(run, out: Path) -> None:
    run(ROWS)
    noted = [
        json.loads(line) for line in (state_folder(out) / "ledger.jsonl").read_text().splitlines()
    ]
    assert sorted(job_ids(out)) == sorted(line["id"] for line in noted if "file" in line)


def test_preview_writes_nothing(out: Path) -> None:
    previews = preview_batch(drafts_of("a --d 1\nb"), out)
    assert [(p.job.stem[:3], p.done, p.is_seed_open) for p in previews] == [
        ("a-1", False, False),
        ("b-" + previews[1].job.stem[2], False, True),
    ]
    assert not out.exists()


def test_preview_knows_what_is_done(run, out: Path, painter) -> None:
    run("a\nb", BatchOptions(limit=1))
    before = sorted(out.rglob("*"))
    previews = preview_batch(drafts_of("a\nb"), out)
    assert [(p.done, p.is_seed_open) for p in previews] == [(True, False), (False, False)]
    assert sorted(out.rglob("*")) == before


def test_folder_that_is_a_file_is_refused_before_anything_loads(out: Path) -> None:
    out.write_text("mine")
    with pytest.raises(OutputError):
        run_batch(drafts_of("a"), out, lambda: pytest.fail("opened"))


def test_second_run_in_the_folder_is_refused(out: Path, painter) -> None:
    class Again(Observer):
        def drawing(self, jobs):
            with pytest.raises(BusyError):
                run_batch(drafts_of("b"), out, lambda: painter)

    assert run_batch(drafts_of("a"), out, lambda: painter, observer=Again()).done == 1


def test_a_picture_is_found_by_each_stem_it_may_have_its_name_from() -> None:
    names = ["a/fox-2.png", "fox.json", "fox-2.png", "fox.png"]
    assert by_stem(names, ".png") == {
        "a/fox-2": ["a/fox-2.png"], "a/fox": ["a/fox-2.png"],
        "fox-2": ["fox-2.png"], "fox": ["fox-2.png", "fox.png"],
    }  # fmt: skip
