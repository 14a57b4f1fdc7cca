import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def foxes(sdgen):
    """`a.png` and `b.png`: one prompt, two seeds."""
    for name, seed in (("a", 7), ("b", 8)):
        assert sdgen("a red fox", "-o", f"{name}.png", "--seed", seed).exit_code == 0


def test_a_picture_does_not_differ_from_itself(sdgen, foxes):
    outcome = sdgen("diff", "a.png", "a.png")
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines() == ["recipe: identical", "pixels: identical"]


def test_names_only_what_differs(sdgen, foxes):
    outcome = sdgen("diff", "a.png", "b.png")
    assert outcome.exit_code == 0
    first, seed, pixels = outcome.stdout.splitlines()
    assert first.split() == ["a.png", "b.png"]
    assert seed.split() == ["settings", "seed", "7", "8"]
    assert pixels.startswith("pixels: 4096 of 4096 pixels differ (100.0%), by at most ")


def test_measures_pixels(sdgen, foxes):
    with Image.open("a.png") as found:
        image = found.convert("RGB")
    red, green, blue = image.getpixel((3, 4))
    image.putpixel((3, 4), (red, (green + 128) % 256, blue))
    image.save("edited.png")
    outcome = sdgen("diff", "a.png", "edited.png", "--json")
    value = json.loads(outcome.stdout)
    assert value["recipe"] is None
    assert value["pixels"] == {"largest": 128, "pixels": 1, "total": 4096, "share": 1 / 4096}


def test_missing_record_is_told_and_pixels_compared(sdgen, foxes):
    with Image.open("a.png") as image:
        image.convert("RGB").save("bare.png")
    outcome = sdgen("diff", "a.png", "bare.png")
    assert outcome.exit_code == 0
    assert outcome.stdout == "pixels: identical\n"
    assert outcome.stderr.startswith("warning: bare.png: has no record")


@pytest.mark.parametrize(("other", "verdict"), [("a", "identical"), ("b", "different")])
def test_records_alone_are_compared_by_their_hashes(sdgen, foxes, other, verdict):
    outcome = sdgen("diff", "a.json", f"{other}.json")
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines()[-1] == f"pixels: {verdict}, by the hashes in the records"


def test_other_sizes_are_not_compared(sdgen, foxes):
    sdgen("a red fox", "-o", "wide.png", "--seed", 7, "--size", "128x64")
    outcome = sdgen("diff", "a.png", "wide.png")
    assert outcome.exit_code == 0
    assert "pixels: not comparable, the sizes are 64x64 and 128x64" in outcome.stdout
    assert "settings width  64     128" in outcome.stdout


@pytest.mark.parametrize("missing", ["none.png", "text.png"])
def test_file_without_record_and_pixels_is_an_error(sdgen, foxes, missing):
    Path("text.png").write_text("not a picture")
    outcome = sdgen("diff", "a.png", missing)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"error: {missing}: ")


def test_json_lists_the_differences(sdgen, foxes):
    [found] = json.loads(sdgen("diff", "a.png", "b.png", "--json").stdout)["recipe"]
    assert found == {"part": "settings", "name": "seed", "a": 7, "b": 8}
