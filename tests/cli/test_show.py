import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def fox(sdgen):
    """A picture with its record, `fox.png`."""
    assert sdgen("a red fox", "-o", "fox.png", "--seed", 7).exit_code == 0
    return Path("fox.png")


def test_shows_what_made_a_picture(sdgen, fox):
    outcome = sdgen("show", fox)
    lines = outcome.stdout.splitlines()
    assert outcome.exit_code == 0
    assert lines[0] == "fox.png"
    shown = dict(line.strip().split("  ", 1) for line in lines[1:] if "  " in line.strip())
    assert shown["prompt"].strip() == "a red fox"
    assert shown["seed"].strip() == "7"
    assert shown["pixels"].strip().startswith("64x64, sha256 ")


def test_json_is_the_record_beside_the_picture(sdgen, fox):
    outcome = sdgen("show", fox, "--json")
    value = json.loads(outcome.stdout)
    assert value["path"] == "fox.png"
    assert value["record"] == json.loads(Path("fox.json").read_text())


def test_reads_the_record_alone(sdgen, fox):
    assert "a red fox" in sdgen("show", "fox.json").stdout


def test_shows_all_that_can_be_read_and_then_fails(sdgen, fox):
    outcome = sdgen("show", "none.png", fox, "other.png")
    assert outcome.exit_code == 2
    assert "a red fox" in outcome.stdout
    assert "none.png: there is no such file" in outcome.stderr
    assert "error: 2 of 3 cannot be shown" in outcome.stderr


def test_sound_pictures_without_a_record_are_told_apart_from_missing_ones(sdgen, fox):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(name)
    outcome = sdgen("show", "a.png", fox, "b.png")
    assert outcome.exit_code == 2
    assert "error: 2 of 3 have no record" in outcome.stderr


def test_one_missing_picture_is_one_line(sdgen):
    outcome = sdgen("show", "none.png")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == "error: none.png: there is no such file\n"


def test_picture_and_record_that_disagree_are_told(sdgen, fox):
    record = Path("fox.json")
    record.write_text(record.read_text().replace('"seed": 7', '"seed": 8'))
    outcome = sdgen("show", fox)
    assert outcome.exit_code == 0
    assert "settings.seed" in outcome.stderr


def test_hostile_prompt_sends_nothing_to_the_terminal(sdgen):
    prompt = "[/b] :smile: \u202e \u2028 a\nb"
    sdgen("generate", prompt, "-o", "odd.png", "--seed", 1)
    outcome = sdgen("show", "odd.png")
    assert outcome.exit_code == 0
    assert r"[/b] :smile: \u202e \u2028 a\nb" in outcome.stdout
    assert "\u202e" not in outcome.stdout
