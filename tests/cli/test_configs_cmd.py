import json
from pathlib import Path

import pytest


@pytest.fixture
def own():
    """The folder of a person's own configs."""
    folder = Path("home/sdgen/configs")
    folder.mkdir(parents=True)
    return folder


def test_lists_each_with_what_it_is_for(sdgen, own):
    (own / "mine.yaml").write_text("for: red foxes\n")
    (own / "bad.yaml").write_text("stpes: 3\n")
    outcome = sdgen("configs", "list")
    assert outcome.exit_code == 0
    lines = {line.split()[0]: line for line in outcome.stdout.splitlines()}
    assert "red foxes" in lines["mine"]
    assert "broken: bad.yaml, line 1: unknown setting 'stpes'" in lines["bad"]
    assert "portrait.yaml" in lines["portrait"]


def test_lists_as_json(sdgen, own):
    (own / "bad.yaml").write_text("stpes: 3\n")
    lines = map(json.loads, sdgen("configs", "list", "--json").stdout.splitlines())
    found = {line["name"]: line for line in lines}
    assert found["bad"]["fault"]
    assert found["fast"].keys() == {"name", "for", "path"}


def test_shows_the_file_as_it_is(sdgen):
    Path("mine.yaml").write_text("# why \u202e\nsteps: 9\n", encoding="utf-8")
    outcome = sdgen("configs", "show", "mine.yaml")
    assert (outcome.exit_code, outcome.stdout) == (0, "# why \\u202e\nsteps: 9\n")


def test_shows_values_as_json(sdgen):
    Path("mine.yaml").write_text("for: foxes\ncfg: 4.5\nsize: 256x128\n")
    value = json.loads(sdgen("configs", "show", "./mine.yaml", "--json").stdout)
    assert value["settings"] == {"guidance_scale": 4.5, "width": 256, "height": 128}


def test_shows_a_broken_one_and_says_why(sdgen, own):
    (own / "bad.yaml").write_text("stpes: 3\n")
    outcome = sdgen("configs", "show", "bad")
    assert (outcome.exit_code, outcome.stdout) == (2, "stpes: 3\n")
    assert outcome.stderr.startswith("error: bad.yaml, line 1: unknown setting 'stpes'")


def test_unknown_name_gets_the_nearest(sdgen):
    outcome = sdgen("configs", "show", "potrait")
    assert outcome.exit_code == 2
    assert "did you mean portrait" in outcome.stderr
