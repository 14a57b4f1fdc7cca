"""`sdgen reproduce --all` on pictures out of micro-batches: fewer calls, and all else the same."""

import json
import os
import signal
from pathlib import Path

import pytest

from sdgen.cli import app
from sdgen.engine.generator import DiffusersGenerator
from sdgen.errors import GenerationError, InputError
from sdgen.files.images import read_record_of
from tests.cli.pictures import tamper

PROMPTS = [f"{colour} fox" for colour in ("red", "blue", "green", "old", "small", "lame")]
PATHS = [f"book/{prompt.replace(' ', '-')}-7.png" for prompt in sorted(PROMPTS)]


@pytest.fixture
def book(sdgen, painter) -> Path:
    """Six pictures out of two calls of four; their order by name is not that of their slots."""
    Path("jobs.txt").write_text("\n".join(PROMPTS))
    done = sdgen("batch", "jobs.txt", "-o", "book", "--micro-batch", "4", "--seed", "7",
                 "--name", "{prompt}-{seed}")  # fmt: skip
    assert done.exit_code == 0
    painter.drawn.clear()
    painter.calls.clear()
    return Path("book")


def told(stdout: str) -> list[list[str]]:
    return [line.split(": ")[:2] for line in stdout.splitlines()]


def drawn(painter) -> list[list[str | None]]:
    """What was in the slots of each call."""
    return [[slot and slot.prompt for slot in call] for call in painter.calls]


def test_a_call_of_several_is_drawn_again_in_one(sdgen, book, painter):
    done = sdgen("reproduce", "--all", book)
    assert (done.exit_code, done.stderr) == (0, "6 identical\n")
    assert told(done.stdout) == [["identical", path] for path in PATHS]
    assert len(painter.drawn) == 6
    calls = drawn(painter)
    assert len(calls) == 2
    for path in book.glob("*.png"):
        record = read_record_of(path)
        assert record.settings.prompt in [call[record.batch.slot] for call in calls]


def test_it_says_what_it_says_of_each_alone(sdgen, book, painter):
    tamper(Path(PATHS[1]))
    painter.fail_on["red fox"] = GenerationError("came out as NaN")
    one_by_one = "".join(sdgen("reproduce", path, "--json").stdout for path in PATHS)
    assert len(painter.calls) == 5
    together = sdgen("reproduce", "--all", book, "--json").stdout.splitlines()[:-1]
    assert len(painter.calls) == 5 + 2
    verdicts = [json.loads(line) for line in one_by_one.splitlines()]
    assert [json.loads(line) for line in together] == verdicts


def test_one_that_fails_takes_no_other_with_it(sdgen, book, painter):
    painter.fail_on["green fox"] = GenerationError("came out as NaN")
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 3
    assert f"failed: {PATHS[1]}: came out as NaN\n" in done.stdout
    assert [kind for kind, _ in told(done.stdout)].count("identical") == 5
    assert len(painter.calls) == 2


def test_where_a_call_fails_as_a_whole_each_is_tried_alone(sdgen, book, painter):
    painter.fail_on["green fox"] = InputError("not with this model")
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 3
    assert f"failed: {PATHS[1]}: not with this model\n" in done.stdout
    assert [kind for kind, _ in told(done.stdout)].count("identical") == 5


def test_what_needs_no_drawing_leaves_its_slot_empty(sdgen, book, painter):
    tamper(Path(PATHS[1]))
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 7
    assert [path for kind, path in told(done.stdout) if kind != "identical"] == [PATHS[1]]
    assert len(painter.drawn) == 5
    assert len(painter.calls) == 2


def test_a_lone_picture_is_drawn_as_ever(sdgen, book, painter):
    for path in PATHS[1:]:
        Path(path).unlink()
        Path(path).with_suffix(".json").unlink()
    assert sdgen("reproduce", "--all", book).exit_code == 0
    slot = read_record_of(Path(PATHS[0])).batch.slot
    assert drawn(painter) == [["blue fox" if at == slot else None for at in range(4)]]


def test_on_another_kind_of_device_each_is_drawn_alone(sdgen, book, painter):
    painter.device = "other"
    assert sdgen("reproduce", "--all", book).exit_code == 0
    assert [len(call) for call in painter.calls] == [1] * 6


def test_check_draws_nothing(sdgen, book, painter):
    done = sdgen("reproduce", "--all", book, "--check")
    assert (done.exit_code, done.stderr, painter.calls) == (0, "6 unchecked\n", [])


def test_an_interruption_tells_what_was_drawn_before_its_turn(sdgen, book, painter, monkeypatch):
    plain = painter.generate_batch

    def generate_batch(*said):
        if len(painter.calls) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return plain(*said)

    monkeypatch.setattr(painter, "generate_batch", generate_batch)
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 130
    first = set(drawn(painter)[0])
    assert told(done.stdout) == [
        ["identical", path] for path, prompt in zip(PATHS, sorted(PROMPTS), strict=True)
        if prompt in first
    ]  # fmt: skip
    count = len(first)
    assert done.stderr == (
        f"{count} identical, {6 - count} not reached\nerror: stopped; {count} of 6 pictures tried\n"
    )


def test_a_record_beside_that_disagrees_is_told_once(sdgen, book):
    sidecar = Path(PATHS[2]).with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace('"seed": 7', '"seed": 8'))
    done = sdgen("reproduce", "--all", book)
    name = Path(PATHS[2]).name
    warning = f"warning: {name}: the picture and its .json disagree about settings.seed"
    assert done.stderr.splitlines() == [warning, "6 identical"]


def test_a_picture_that_is_taken_away_meanwhile_fails_alone(sdgen, book, painter, monkeypatch):
    plain = painter.generate_batch

    def generate_batch(*said):
        Path(PATHS[0]).unlink(missing_ok=True)
        return plain(*said)

    monkeypatch.setattr(painter, "generate_batch", generate_batch)
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 3
    assert f"failed: {PATHS[0]}: there is no such file\n" in done.stdout
    assert [kind for kind, _ in told(done.stdout)].count("identical") == 5


def test_a_record_that_changed_meanwhile_goes_by_what_it_says_now(
    sdgen, book, painter, monkeypatch
):
    """The first call makes one picture of the second a copy of the other, slot and all."""
    plain = painter.generate_batch

    def generate_batch(slots, *rest):
        if not painter.calls:
            prompts = {slot.prompt for slot in slots if slot}
            one, other = (Path(path) for path in PATHS if prompt_of(path) not in prompts)
            other.write_bytes(one.read_bytes())
            other.with_suffix(".json").write_bytes(one.with_suffix(".json").read_bytes())
        return plain(slots, *rest)

    monkeypatch.setattr(painter, "generate_batch", generate_batch)
    done = sdgen("reproduce", "--all", book)
    assert [kind for kind, _ in told(done.stdout)] == ["identical"] * 6
    assert len(painter.calls) == 3


def prompt_of(path: str) -> str:
    return read_record_of(Path(path)).settings.prompt


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_real_pictures_are_identical_in_fewer_calls(model: str, request, capsys, monkeypatch):
    folder = request.getfixturevalue(model)
    Path("jobs.txt").write_text("\n".join(PROMPTS))
    said = ["--model", folder, "--steps", "2", "--size", "64x64", "--scheduler", "dpmpp_2m_sde"]
    words = ["batch", "jobs.txt", "--micro-batch", "4", "--device", "cpu", *map(str, said)]
    assert app.run(words) == 0
    capsys.readouterr()
    plain, calls = DiffusersGenerator.generate_batch, []
    monkeypatch.setattr(
        DiffusersGenerator,
        "generate_batch",
        lambda self, slots, *rest: calls.append(slots) or plain(self, slots, *rest),
    )
    assert app.run(["reproduce", "--all", "outputs", "--model", str(folder)]) == 0
    assert [kind for kind, _ in told(capsys.readouterr().out)] == ["identical"] * 6
    assert [len(slots) for slots in calls] == [4, 4]
    assert sum(slot is not None for slots in calls for slot in slots) == 6
