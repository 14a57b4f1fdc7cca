"""Units and outcomes: they go to other processes whole, and come back."""

import pickle
from pathlib import Path

from sdgen.batch.drawing import draw_unit, outcome_of
from sdgen.batch.executor import Outcome
from sdgen.batch.jobs import make_jobs
from sdgen.batch.outcomes import Observer
from sdgen.batch.units import Target, Unit, Work, units_of
from sdgen.errors import InputError, InterruptedRunError, ModelError, SdgenError
from sdgen.files.images import read_record_of
from tests.batch.conftest import drafts_of
from tests.fakes import PaintedGenerator

ROWS = "".join(f"fox {n} --d {n}\n" for n in range(1, 6))


def units(out: Path, size: int = 2) -> list[Unit]:
    out.mkdir()
    jobs = make_jobs(drafts_of(ROWS).items, 7)
    return list(units_of(Work(jobs, Target(out), micro_batch=size), PaintedGenerator()))


def test_a_unit_that_was_sent_is_drawn_and_written_without_anything_else(out: Path) -> None:
    for unit in units(out):
        sent = pickle.loads(pickle.dumps(unit))
        assert sent == unit
        drawn = draw_unit(sent, PaintedGenerator(), Observer(), lambda: None)
        for task, one in zip(sent.tasks, drawn, strict=True):
            outcome = outcome_of(task, one, sent.target)
            assert pickle.loads(pickle.dumps(outcome)) == outcome
            picture = out / outcome.file
            assert picture.stat().st_size == outcome.bytes
            record = read_record_of(picture)
            assert record.job is not None
            assert (record.job.id, record.batch.size) == (outcome.id, 2)


def test_units_are_numbered_and_cut_as_they_are_asked_for(out: Path) -> None:
    whole = units(out)
    assert [unit.number for unit in whole] == [0, 1, 2]
    assert [len(unit.tasks) for unit in whole] == [2, 2, 1]
    assert all(unit.is_only_model for unit in whole)


def test_errors_come_back_as_they_were() -> None:
    errors: list[SdgenError] = [
        ModelError("is broken", hint="get it again"),
        InputError("several", details=["one", "two"]),
        InterruptedRunError("stopped", signal_number=15),
    ]
    for error in errors:
        back = pickle.loads(pickle.dumps(Outcome("1f", error=error))).error
        assert type(back) is type(error)
        assert (str(back), back.hint, back.details, back.exit_code) == (
            str(error), error.hint, error.details, error.exit_code,
        )  # fmt: skip
