import json
from pathlib import Path

import pytest

from sdgen.recipe.settings import Settings


def lines(outcome):
    """Setting → (value, source), from the JSON lines."""
    assert outcome.exit_code == 0, outcome.stderr
    found = map(json.loads, outcome.stdout.splitlines())
    return {line["name"]: (line["value"], line["source"]) for line in found}


def test_every_setting_has_a_value_and_a_place(sdgen):
    Path("mine.yaml").write_text("steps: 9\nguidance_scale: 3\n")
    home = Path("home/sdgen")
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("steps: 5\nscheduler: ddim\n")
    shown = lines(sdgen("explain", "a red fox", "-c", "mine.yaml", "--guidance-scale", 0, "--json"))
    assert shown.keys() == Settings.model_fields.keys()
    assert shown["prompt"] == ("a red fox", "flags")
    assert shown["guidance_scale"] == (0, "flags")
    assert shown["steps"] == (9, "mine.yaml, line 1")
    assert shown["scheduler"][1].endswith("config.yaml, line 2")
    assert shown["width"] == (64, "model fake")
    assert shown["clip_skip"] == (1, "defaults")


def test_what_nobody_gave_has_no_value(sdgen):
    shown = lines(sdgen("explain", "--json"))
    assert shown["seed"] == (None, "drawn")
    assert shown["prompt"] == (None, "not given")


def test_table_for_people(sdgen):
    outcome = sdgen("explain", "--steps", 3)
    rows = [line.split("  ") for line in outcome.stdout.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["steps", "3", "flags"] in cells
    assert ["seed", "another in every run", "drawn"] in cells


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "0"], "steps (flags) must be at least 1, not 0"),
        (["--config", "potrait"], "there is no config 'potrait'"),
        (["a fox", "--prompt", "a fox"], "prompt is given twice"),
        (["--size", "65x64"], "fake draws multiples of 8 pixels, not 65x64"),
    ],
)
def test_faults_are_those_of_generate(sdgen, words, message):
    outcome = sdgen("explain", *words)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"error: {message}")


def test_draws_nothing(sdgen, painter):
    sdgen("explain", "a red fox")
    assert painter.drawn == []
    assert not Path("outputs").exists()
