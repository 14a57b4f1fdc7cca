"""The safety checkers of models: real ones at toy size, which let all pictures pass, or none."""

import json
from pathlib import Path

import pytest

from sdgen.cli import app
from sdgen.engine.generator import DiffusersGenerator
from sdgen.errors import SafetyError
from sdgen.files.images import read_record_of
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.tiny_models import add_checker, build_sd


@pytest.fixture(scope="module")
def lenient(tmp_path_factory) -> Path:
    return add_checker(build_sd(tmp_path_factory.mktemp("lenient") / "model"), refuses=False)


@pytest.fixture(scope="module")
def strict(tmp_path_factory) -> Path:
    return add_checker(build_sd(tmp_path_factory.mktemp("strict") / "model"), refuses=True)


def test_what_it_says_is_in_the_record(tiny_sd, lenient):
    checked, unchecked = draw(lenient), draw(lenient, safety_checker="off")
    assert checked.record.environment["safety_checker"] == "passed"
    assert unchecked.record.environment["safety_checker"] == "off"
    without = draw(tiny_sd)
    assert "safety_checker" not in without.record.environment
    assert {one.record.image.sha256 for one in (checked, unchecked, without)} == {
        checked.record.image.sha256
    }
    assert "safety_checker/model.safetensors" in checked.record.model.files


def test_what_it_blanks_is_an_error_that_says_so_unless_it_is_off(strict, tiny_sd):
    plain = pixels(tiny_sd)
    with pytest.raises(SafetyError, match="blanked the picture") as refused:
        draw(strict)
    assert "--safety-checker off" in refused.value.hint
    assert refused.value.exit_code == 3
    state = kept_state()
    assert pixels(strict, safety_checker="off") == plain
    with pytest.raises(SafetyError):
        draw(strict)
    assert kept_state() == state


def test_each_picture_of_a_call_has_its_own_outcome(strict):
    settings, model = planned(strict)
    outcomes = DiffusersGenerator("cpu").generate_batch([settings, None, settings], model)
    assert [type(one) for one in outcomes] == [SafetyError, SafetyError]


def test_a_batch_notes_it_and_the_command_ends_with_its_code(strict, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    Path("jobs.yaml").write_text(
        "defaults: {steps: 1, seed: 1}\njobs:\n- a fox\n- {prompt: an owl, safety_checker: off}\n"
    )
    words = ["batch", "jobs.yaml", "--model", str(strict), "-o", "book", "--json"]
    assert app.run(words) == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["error"]["code"] for one in events if "error" in one] == ["safety"]
    [owl] = Path("book").glob("*.png")
    assert read_record_of(owl).environment["safety_checker"] == "off"
    noted = [json.loads(line) for path in Path("book/.sdgen").rglob("*.jsonl")
             for line in path.read_text().splitlines()]  # fmt: skip
    assert [one["code"] for one in noted if "failed" in one] == ["safety"]
    assert app.run(["reproduce", str(owl), "--model", str(strict)]) == 0
