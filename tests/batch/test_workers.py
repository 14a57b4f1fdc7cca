"""Worker processes: the same files whatever their number, and nothing lost or drawn twice."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sdgen.batch.drawing import draw_unit, outcome_of
from sdgen.batch.jobs import make_jobs
from sdgen.batch.messages import Opening, Ready
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import BatchSummary, Observer
from sdgen.batch.process import Seat, Worker
from sdgen.batch.recovery import left_of, written
from sdgen.batch.run import run_batch, run_with
from sdgen.batch.units import Target, Work, units_of
from sdgen.batch.workers import WorkersExecutor, open_workers
from sdgen.engine import OpenGenerator, open_generator
from sdgen.errors import GenerationError, InputError, InterruptedRunError, ModelError
from sdgen.models import find_model
from sdgen.stop import Stop
from tests.batch.conftest import drafts_of, job_ids, pictures
from tests.batch.test_run import fix_base_seed
from tests.cli.slow_painter import open_slow
from tests.fakes import PaintedGenerator

ROWS = "".join(f"fox {number}\n" for number in range(11))
OPTIONS = BatchOptions(micro_batch=2)

Crew = Callable[..., BatchSummary]


@pytest.fixture
def crew(out: Path) -> Crew:
    """Draw rows into `out` with so many workers."""
    fix_base_seed(out)

    def draw(count: int, opened: OpenGenerator = open_slow, rows: str = ROWS, **words):
        seats = [Seat(f"worker {n}", Opening(opened, {"SEAT": str(n)})) for n in range(count)]
        options = words.pop("options", OPTIONS)
        return run_with(
            drafts_of(rows), out, lambda stop, _: open_workers(seats, stop), options, **words
        )

    return draw


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What this process draws of `ROWS`."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    fix_base_seed(folder)
    assert run_batch(drafts_of(ROWS), folder, PaintedGenerator, OPTIONS).done == 11
    return pictures(folder)


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, int], Path]:
    """Let who draws a prompt be killed, so many times; the file has a line for each."""

    def on(prompt: str, times: int) -> Path:
        died = tmp_path / "died"
        for name, value in {"DIE_ON": prompt, "DIE_TIMES": times, "DIED": died}.items():
            monkeypatch.setenv(name, str(value))
        return died

    return on


@pytest.mark.parametrize("count", [1, 2, 3])
def test_files_are_bit_for_bit_the_same_with_any_number(crew, out, whole, count: int) -> None:
    summary = crew(count)
    assert (summary.done, summary.exit_code) == (11, 0)
    assert pictures(out) == whole


class Warned(Observer):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warned(self, line: str) -> None:
        self.lines.append(line)


def test_a_worker_that_dies_gives_its_unit_back(crew, out, whole, dying) -> None:
    died, heard = dying("fox 5", 2), Warned()
    summary = crew(2, observer=heard)
    assert (summary.done, len(died.read_text().split())) == (11, 2)
    assert pictures(out) == whole
    assert len(set(job_ids(out))) == 11
    assert [line.partition(" was ")[2] for line in heard.lines] == [
        "killed by signal 9 while it drew stdin:5"
    ] * 2


def test_what_takes_three_workers_with_it_is_reported_and_the_rest_is_drawn(
    crew, out, whole, dying
) -> None:
    dying("fox 6", 1000)
    summary = crew(2)
    assert (summary.done, summary.exit_code) == (9, 3)
    assert sorted(one.job.settings.prompt for one in summary.failed) == ["fox 6", "fox 7"]
    assert str(summary.failed[0].error) == (
        "the process that drew it was killed by signal 9, 3 times"
    )
    assert pictures(out).items() < whole.items()
    os.environ.pop("DIE_ON")
    assert crew(1).done == 2
    assert pictures(out) == whole


def refuse(*_):
    raise InputError("there is no such device")


def die_at_once():
    os._exit(9)


class WithoutModel(PaintedGenerator):
    def load(self, model, dtype):
        raise ModelError("fake cannot be loaded")


def noisy():
    os.write(1, b"noise\n")
    os.write(2, b"noise\n")
    print("noise")  # noqa: T201
    return PaintedGenerator({"fox 1": GenerationError("black")})


def without_seat_0():
    return refuse() if os.environ["SEAT"] == "0" else PaintedGenerator()


class Broken(PaintedGenerator):
    def notices(self, settings, model):
        raise KeyError("our bug")


def test_a_device_that_is_not_there_ends_the_run(crew) -> None:
    summary = crew(2, refuse)
    assert (summary.exit_code, str(summary.error)) == (2, "there is no such device")


def test_one_device_that_refuses_leaves_the_work_to_the_others(crew) -> None:
    heard = Warned()
    assert crew(2, without_seat_0, observer=heard).done == 11
    assert heard.lines == ["worker 0 is not used: there is no such device"]


def test_the_only_model_that_cannot_be_loaded_ends_the_run_once(crew) -> None:
    summary = crew(2, WithoutModel)
    assert (summary.exit_code, str(summary.error), summary.failed) == (
        4, "fake cannot be loaded", [],
    )  # fmt: skip


def test_workers_that_die_before_they_draw_end_the_run(crew) -> None:
    summary = crew(1, die_at_once)
    assert (summary.exit_code, summary.left) == (3, 11)
    assert str(summary.error) == "worker 0 ended with code 9 again and again"


def test_what_workers_print_is_not_seen_and_failures_are_told(crew, capfd) -> None:
    summary = crew(1, noisy)
    assert capfd.readouterr() == ("", "")
    assert (summary.done, [str(one.error) for one in summary.failed]) == (10, ["black"])


def test_a_bug_in_a_worker_is_a_bug(crew) -> None:
    with pytest.raises(RuntimeError, match="our bug"):
        crew(1, Broken)


def test_units_are_taken_as_there_is_somebody_to_draw_them(out: Path) -> None:
    """Of a thousand jobs no more are cut than the workers have in hand, and a few."""
    out.mkdir()
    taken = 0

    def counted(units):
        nonlocal taken
        for unit in units:
            taken += 1
            yield unit

    class Run:
        observer = Observer()
        most = told = 0

        def note(self, unit, outcomes):
            """Noted."""

        def tell(self, unit, outcomes):
            self.told += 1
            self.most = max(self.most, taken - self.told)

    jobs = make_jobs(drafts_of("".join(f"fox {n}\n" for n in range(60))).items, 7)
    run = Run()
    seats, stop = [Seat(name, Opening(open_slow)) for name in ("one", "two")], Stop()
    with open_workers(seats, stop) as two:
        two.draw(counted(units_of(Work(jobs, Target(out)), two)), run, stop)
    assert run.told == taken == 60
    assert run.most <= 2 * 20  # each draws one, and up to 16 wait to be written


def test_what_a_dead_worker_wrote_and_did_not_tell_is_found(out: Path) -> None:
    out.mkdir()
    jobs = make_jobs(drafts_of(ROWS).items, 7)
    unit = next(units_of(Work(jobs, Target(out), micro_batch=4), PaintedGenerator()))
    assert written(unit) == []
    drawn = draw_unit(unit, PaintedGenerator(), Observer(), lambda: None)
    outcomes = [
        outcome_of(task, one, unit.target)
        for task, one in list(zip(unit.tasks, drawn, strict=True))[:2]
    ]
    (out / outcomes[0].file).with_suffix(".json").unlink()
    assert written(unit) == outcomes
    assert len(pictures(out)) == 2, "the sidecar is there again"
    left = left_of(unit, {one.id for one in outcomes})
    assert left is not None
    assert [task is None for task in left.slots] == [True, True, False, False]
    assert left_of(unit, {job.id for job in unit.jobs}) is None


def test_a_real_model_gives_the_pixels_of_one_process(crew, out: Path, tmp_path: Path) -> None:
    rows = "a red fox\nan owl\n"
    words = {"upper": [_small()], "find": find_model}
    other = tmp_path / "other"
    fix_base_seed(other)
    opened = partial(open_generator, "cpu")
    run_batch(drafts_of(rows, **words), other, opened, BatchOptions())
    seats = [Seat("worker 1", Opening(opened))]
    assert (
        run_with(drafts_of(rows, **words), out, lambda stop, _: open_workers(seats, stop)).done == 2
    )
    assert pictures(out) == pictures(other)


def _small():
    from sdgen.recipe.layers import Layer

    return Layer("flags", {"width": 192, "height": 320, "steps": 1})


class Silent(Worker):
    """Who never says anything, but perhaps that it is ready; a wish to stop comes meanwhile."""

    def __init__(self, seat: Seat, heard, stop: Stop, *, is_up: bool) -> None:
        super().__init__(seat)
        self.stop = stop
        if is_up:
            heard.put((self, Ready()))
        else:
            stop.requested = 2

    def send(self, order) -> None:
        self.stop.requested = 2

    def end(self) -> str:
        return "ended"


@pytest.mark.parametrize("is_up", [False, True])
def test_a_wish_to_stop_is_heard_while_a_worker_starts_or_answers(is_up: bool) -> None:
    stop = Stop()
    begin = partial(Silent, stop=stop, is_up=is_up)
    crew = WorkersExecutor([Seat("one", Opening(open_slow))], stop, begin)
    with pytest.raises(InterruptedRunError) as stopped:
        crew.check_dtype("float16")  # waits for a worker first
    assert stopped.value.exit_code == 130
