"""`--micro-batch`, from the command line to a replay of every picture, with a tiny real model."""

import json
from pathlib import Path

import pytest

from sdgen.cli import app
from sdgen.errors import GenerationError
from sdgen.files.images import read_record_of


def places(folder: str = "outputs") -> list[tuple[int, int]]:
    records = [read_record_of(path).batch for path in sorted(Path(folder).glob("*.png"))]
    return [(place.size, place.slot) for place in records]


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_every_picture_of_a_batch_is_reproduced_alone(model: str, request, capsys):
    folder = request.getfixturevalue(model)
    Path("jobs.txt").write_text("".join(f"fox {n} --f fox-{n}\n" for n in range(6)))
    said = ["--model", folder, "--steps", "2", "--size", "64x64", "--scheduler", "dpmpp_2m_sde"]
    words = ["batch", "jobs.txt", "--micro-batch", "4", "--device", "cpu", *map(str, said)]
    assert app.run(words) == 0
    assert places() == [(4, 0), (4, 1), (4, 2), (4, 3), (4, 0), (4, 1)]
    capsys.readouterr()
    assert app.run(["reproduce", "outputs", "--model", str(folder), "--json"]) == 0
    verdicts = [json.loads(line)["verdict"] for line in capsys.readouterr().out.splitlines()]
    assert verdicts == ["identical"] * 6


def test_several_of_one_prompt_go_together(tiny_sd: Path, capsys):
    said = ["--model", tiny_sd, "--steps", "2", "--size", "64x64", "--seed", "1"]
    words = ["a fox", "-n", "3", "--micro-batch", "2", "--device", "cpu", *map(str, said)]
    assert app.run(words) == 0
    assert places() == [(2, 0), (2, 1), (2, 0)]
    assert app.run(["reproduce", "outputs", "--model", str(tiny_sd)]) == 0
    assert capsys.readouterr().out.count("identical: ") == 3


def test_a_picture_alone_is_a_call_of_one(sdgen, painter):
    painter.together = 8
    assert sdgen("a fox").exit_code == 0
    assert places() == [(1, 0)]


def test_auto_takes_what_the_device_does_well(sdgen, painter):
    painter.together = 4
    assert sdgen("a fox", "-n", "6", "--seed", "1").exit_code == 0
    assert [len(slots) for slots in painter.calls] == [4, 4]
    assert places() == [(4, 0), (4, 1), (4, 2), (4, 3), (4, 0), (4, 1)]


def test_a_failure_and_a_picture_in_one_call(sdgen, painter, monkeypatch):
    plain = painter.generate

    def generate(settings, *rest):
        if settings.seed == 6:
            raise GenerationError("came out as NaN")
        return plain(settings, *rest)

    monkeypatch.setattr(painter, "generate", generate)
    done = sdgen("a fox", "-n", "3", "--seed", "5", "--micro-batch", "4")
    assert done.stdout.split() == ["outputs/a-fox-5.png", "outputs/a-fox-7.png"]
    assert "warning: seed 6: came out as NaN" in done.stderr
    assert done.exit_code == 3


@pytest.mark.parametrize("value", ["0", "65", "-1", "two", "", "1.5", "²"])
@pytest.mark.parametrize("words", [["a fox"], ["batch", "jobs.txt"]])
def test_what_is_no_size_is_refused(sdgen, jobs, painter, words, value: str):
    done = sdgen(*words, f"--micro-batch={value}")
    assert done.exit_code == 2
    assert f"--micro-batch must be auto or 1 to 64, not {value!r}" in done.stderr
    assert painter.drawn == []


def test_a_lack_of_memory_is_told_in_one_line(sdgen, painter, monkeypatch):
    plain = painter.generate

    def generate(settings, model, on_step, tell):
        tell("out of memory: trying again 1 at a time")
        return plain(settings, model, on_step)

    monkeypatch.setattr(painter, "generate", generate)
    Path("jobs.txt").write_text("a fox\n")
    for words in (["a fox"], ["batch", "jobs.txt", "-o", "other"]):
        told = [line for line in sdgen(*words).stderr.splitlines() if "out of memory" in line]
        assert len(told) == 1
        assert told[0].endswith("out of memory: trying again 1 at a time")
