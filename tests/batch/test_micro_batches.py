"""Micro-batches: which job has which slot, and that stopping and failing change nothing of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import Observer
from sdgen.batch.run import run_batch
from sdgen.errors import GenerationError, ModelError
from sdgen.files.images import open_pixels, read_record_of
from sdgen.models import find_model
from sdgen.replay import redraw
from sdgen.stop import Stop
from sdgen.verdict import Original
from tests.batch.conftest import drafts_of, pictures
from tests.fakes import PaintedGenerator

ROWS = "".join(f"fox {n} --d {n}\n" for n in range(1, 11))


def shapes(painter: PaintedGenerator) -> list[str]:
    """Each call: one letter a slot, the last of its prompt, or a dot where it is empty."""
    return [
        "".join("." if one is None else one.prompt[-1] for one in slots) for slots in painter.calls
    ]


def drawn(out: Path) -> dict[str, tuple[int, int]]:
    """Name of each picture → size and slot of its call."""
    records = {path.stem: read_record_of(path).batch for path in out.glob("*.png")}
    return {name: (place.size, place.slot) for name, place in records.items()}


@pytest.mark.parametrize(
    ("size", "calls"),
    [(1, list("1234567890")), (2, ["12", "34", "56", "78", "90"]),
     (4, ["1234", "5678", "90.."]), (64, ["1234567890" + "." * 54])],
)  # fmt: skip
def test_jobs_go_in_order_and_the_end_is_padded(run, painter, size: int, calls: list[str]) -> None:
    assert run(ROWS, BatchOptions(micro_batch=size)).done == 10
    assert shapes(painter) == calls


def test_auto_asks_the_generator_and_pads_no_small_batch(run, painter) -> None:
    painter.together = 8
    run("a\nb\nc")
    assert shapes(painter) == ["abc"]
    run(ROWS)
    assert shapes(painter)[1:] == ["12345678", "90......"]


def test_only_pictures_of_one_shape_go_together(run, painter) -> None:
    rows = "a\nb --s 9\nc\nd --n red --d 5\ne --s 9\n"
    run(rows, BatchOptions(micro_batch=4))
    assert shapes(painter) == ["acd.", "be.."]


def test_prompts_of_one_length_go_together_and_alone_they_need_no_counting(run, painter) -> None:
    rows = "a\nx BREAK b\nc\ny BREAK d\n"
    run(rows, BatchOptions(micro_batch=2))
    assert shapes(painter) == ["ac", "bd"]
    painter.chunks = None  # would fail
    run(rows.replace("a", "e"), BatchOptions(micro_batch=1))
    assert len(painter.calls) == 2 + 1


def test_the_record_tells_size_and_slot(run, out: Path) -> None:
    run(ROWS, BatchOptions(micro_batch=4))
    places = drawn(out)
    assert places["fox-7-7"] == (4, 2)
    assert places["fox-10-10"] == (4, 1)


class Stopping(Observer):
    """Asks for a stop after `steps` steps."""

    def __init__(self, steps: int) -> None:
        self.stop, self.left = Stop(), steps

    def step(self, jobs, done, total) -> None:
        self.left -= 1
        if not self.left:
            self.stop.requested = 2


@pytest.mark.parametrize("steps", [1, 9, 17, 20, 33])
def test_a_stopped_run_goes_on_with_the_same_slots(out: Path, tmp_path: Path, steps: int) -> None:
    options = BatchOptions(micro_batch=4)
    run_batch(drafts_of(ROWS), tmp_path / "whole", PaintedGenerator, options)
    stopping = Stopping(steps)
    run_batch(
        drafts_of(ROWS), out, PaintedGenerator, options, observer=stopping, stop=stopping.stop
    )
    assert len(pictures(out)) < 10
    rest = PaintedGenerator()
    assert run_batch(drafts_of(ROWS), out, lambda: rest, options).exit_code == 0
    assert drawn(out) == drawn(tmp_path / "whole")
    assert 0 < len(rest.drawn) <= 10


def test_a_picture_that_is_missing_is_drawn_in_its_slot_beside_empty_ones(
    run, out: Path, painter
) -> None:
    options = BatchOptions(micro_batch=4)
    run(ROWS, options)
    (out / "fox-6-6.png").unlink()
    (out / "fox-6-6.json").unlink()
    run(ROWS, options)
    assert shapes(painter)[3:] == [".6.."]
    assert drawn(out)["fox-6-6"] == (4, 1)


def test_one_failure_in_a_micro_batch_is_one_failure(run, out: Path, painter) -> None:
    painter.fail_on = {"fox 2": GenerationError("black")}
    summary = run(ROWS, BatchOptions(micro_batch=4))
    assert (summary.done, [str(one.error) for one in summary.failed]) == (9, ["black"])
    painter.fail_on = {}
    assert run(ROWS, BatchOptions(micro_batch=4)).done == 1
    assert drawn(out)["fox-2-2"] == (4, 1)


def test_what_stops_a_whole_call_fails_its_pictures_and_no_others(
    run, painter, monkeypatch
) -> None:
    plain = painter.generate_batch

    def fail_once(slots, *rest):
        if slots[0] is not None and slots[0].prompt == "fox 1":
            raise ModelError("the weights are gone")
        return plain(slots, *rest)

    monkeypatch.setattr(painter, "generate_batch", fail_once)
    summary = run(ROWS, BatchOptions(micro_batch=4))
    assert (summary.done, len(summary.failed), summary.exit_code) == (6, 4, 3)


def test_a_run_that_is_stopped_before_it_draws_draws_nothing(run, painter) -> None:
    assert run(ROWS, BatchOptions(micro_batch=4), stop=Stop(requested=15)).stopped_by == 15
    assert painter.drawn == []


RealRun = Callable[..., Path]


@pytest.fixture
def real(tmp_path: Path, request: pytest.FixtureRequest) -> RealRun:
    """Draw `count` pictures with a tiny real model; `stop` ends the first run after that call."""

    def run(model: str, count: int, size: int, name: str = "out", stop: int = 0) -> Path:
        from sdgen.engine import open_generator

        folder = request.getfixturevalue(model)
        rows = "".join(
            f'{{"prompt": "fox {n}", "model": "{folder}", "seed": {n}, "steps": 2, "size": "64x64",'
            f' "scheduler": "euler_ancestral"}}\n'
            for n in range(count)
        )
        out, options = tmp_path / name, BatchOptions(micro_batch=size)
        drafts = drafts_of(rows, find=find_model)
        if stop:
            stopping = Stopping(stop)
            run_batch(drafts, out, open_generator, options, observer=stopping, stop=stopping.stop)
        assert run_batch(drafts, out, open_generator, options).exit_code == 0
        return out

    return run


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_every_picture_of_a_ragged_batch_is_identical_alone(
    real: RealRun, model: str, size: int, request: pytest.FixtureRequest
) -> None:
    from sdgen.engine import open_generator

    folder = find_model(str(request.getfixturevalue(model)))
    for path in sorted(real(model, 5, size).glob("*.png")):
        original = Original(read_record_of(path), open_pixels(path))
        assert original.record.batch.size == size
        _, verdict = redraw(original, folder, open_generator("cpu"))
        assert verdict.kind == "identical", path


def test_a_run_that_was_stopped_has_the_pixels_of_one_that_was_not(real: RealRun) -> None:
    whole = pictures(real("tiny_sd", 7, 4, "whole"))
    assert pictures(real("tiny_sd", 7, 4, "stopped", stop=3)) == whole
