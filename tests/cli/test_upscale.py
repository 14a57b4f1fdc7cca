"""`sdgen upscale`: three ways to a larger picture, what they keep, and what they refuse."""

from pathlib import Path

import pytest
from PIL import Image

from sdgen.files.images import open_pixels, read_record_of
from sdgen.recipe.seeds import DRAWN_BELOW
from sdgen.sources import store
from tests.cli.pictures import tamper


@pytest.fixture(autouse=True)
def _none_found():
    store._found.clear()
    yield
    store._found.clear()


def test_lanczos_is_a_step_after_the_drawing_and_comes_out_again(sdgen, fox, painter):
    assert sdgen("upscale", fox, "-o", "large.png").exit_code == 0
    assert len(painter.drawn) == 1, "nothing was drawn for it"
    record, before = read_record_of(Path("large.png")), read_record_of(fox)
    assert open_pixels(Path("large.png")).size == (128, 128)
    assert record.settings.post == ("enlarge=2",)
    assert record.image.before_post == before.image.sha256
    assert (record.parent.pixels_sha256, record.parent.changed) == (
        before.image.sha256,
        {"post": []},
    )
    assert record.settings.prompt == before.settings.prompt


def test_what_its_format_cannot_hold_is_told_before_drawing(sdgen, painter):
    said = ["--size", "4096x64", "--post", "enlarge=4"]
    done = sdgen("a fox", *said, "-o", "fox.webp")
    assert (done.exit_code, painter.drawn) == (2, [])
    told = "error: webp holds 16,383 pixels a side, and the picture is 16384x256\nhint: png holds"
    assert told in done.stderr
    assert sdgen("a fox", *said, "-o", "fox.png").exit_code == 0


def test_what_the_format_cannot_hold_is_told_of_an_enlarged_one_too(sdgen):
    sdgen("a fox", "--size", "4096x64", "-o", "wide.png")
    done = sdgen("upscale", "wide.png", "--scale", "4", "-o", "large.webp")
    assert done.exit_code == 3
    assert "error: webp holds 16,383 pixels a side, and the picture is 16384x256" in done.stderr
    Image.new("RGB", (16_384, 8)).save("nobodys.png")
    done = sdgen("convert", "nobodys.png", "--format", "webp")
    assert (done.exit_code, "webp holds 16,383 pixels" in done.stderr) == (2, True)


def test_twice_enlarged_is_two_steps(sdgen, fox):
    sdgen("upscale", fox, "-o", "large.png")
    assert sdgen("upscale", "large.png", "--scale", "1.5", "-o", "larger.png").exit_code == 0
    record = read_record_of(Path("larger.png"))
    assert record.settings.post == ("enlarge=2", "enlarge=1.5")
    assert (record.image.width, record.image.height) == (192, 192)
    assert record.image.before_post == read_record_of(fox).image.sha256


@pytest.mark.parametrize(("method", "upscaler"), [("latent", "latent"), ("redraw", "lanczos")])
def test_drawn_over_with_its_own_words_and_model(sdgen, fox, painter, method, upscaler):
    done = sdgen("upscale", fox, "--method", method, "--strength", "0.5", "-o", "large.png")
    assert done.exit_code == 0, done.stderr
    settings = painter.drawn[-1]
    assert (settings.prompt, settings.seed, settings.model) == ("a red fox", 7, "fake")
    assert settings.image.startswith(f"{fox.name}#")
    assert (settings.width, settings.height, settings.strength) == (64, 64, 0)
    passes = (settings.hires_scale, settings.hires_strength, settings.hires_upscaler)
    assert passes == (2, 0.5, upscaler)
    [source] = read_record_of(Path("large.png")).sources
    assert source.record["settings"]["prompt"] == "a red fox"


def test_what_made_the_picture_is_not_done_again(sdgen, fox, painter):
    sdgen("a red fox", "--image", fox, "--strength", "0.5", "--post", "contrast=2", "-o", "b.png")
    assert sdgen("upscale", "b.png", "--method", "redraw", "-o", "large.png").exit_code == 0
    settings = painter.drawn[-1]
    assert settings.post == ()
    assert settings.image.startswith("b.png#")


def test_a_photo_is_drawn_over_with_a_prompt(sdgen, painter):
    Image.new("RGB", (64, 64), "blue").save("photo.jpg")
    flags = ("--method", "redraw", "--prompt", "a blue sky", "--seed", "3", "-o", "large.png")
    assert sdgen("upscale", "photo.jpg", *flags).exit_code == 0
    assert painter.drawn[-1].prompt == "a blue sky"


@pytest.mark.parametrize("source", ["photo.jpg", "FOX"])
def test_a_variation_seed_that_nobody_gave_is_drawn(sdgen, fox, painter, monkeypatch, source: str):
    Image.new("RGB", (64, 64), "blue").save("photo.jpg")
    monkeypatch.setattr("secrets.randbelow", lambda below: below - 9)
    path = fox if source == "FOX" else source
    flags = ("--prompt", "a sky", "--variation-strength", "0.1", "-o", "a.png")
    assert sdgen("upscale", path, "--method", "redraw", *flags).exit_code == 0
    assert painter.drawn[-1].variation_seed == DRAWN_BELOW - 9


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("gone.png",), "gone.png: there is no such file"),
        (("photo.jpg",), "photo.jpg: has no record of sdgen"),
        (("photo.jpg", "--method", "redraw"), "prompt is missing"),
        (("FOX", "--method", "esrgan"), "unknown method 'esrgan'"),
        (("FOX", "--steps", "3"), "lanczos draws nothing, so steps does nothing"),
        (("FOX", "--method", "redraw", "--fit", "crop"), "sdgen upscale takes no fit"),
        (("FOX", "--scale", "9"), "--scale"),
        (("FOX", "FOX", "-o", "one.png"), "several pictures need a folder"),
        (("FOX", "--method", "redraw", "--scale", "1.3"), "hires_scale 1.3 makes 64x64 no whole"),
        (("FOX", "--method", "redraw", "--strength", "0"), "hires_strength 0 of 4 steps leaves"),
        (("FOX", "-o", "large.gif"), "sdgen writes no .gif pictures"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_code_2_and_no_picture(sdgen, fox, painter, words, reason: str):
    Image.new("RGB", (64, 64), "blue").save("photo.jpg")
    refused = sdgen("upscale", *(fox if word == "FOX" else word for word in words))
    assert refused.exit_code == 2, refused.stderr
    assert reason in refused.stderr
    assert refused.stderr.count("error: ") == 1
    assert len(painter.drawn) == 1


def test_other_pixels_than_the_recorded_ones_are_not_passed_off(sdgen, fox):
    tamper(fox)
    refused = sdgen("upscale", fox)
    assert refused.exit_code == 2
    assert "does not have the recorded pixels: it was changed after it was drawn" in refused.stderr
    sdgen("a red fox", "--seed", 8, "-o", "b.jpg")
    assert "it holds them only nearly" in sdgen("upscale", "b.jpg").stderr


def test_one_bad_picture_of_several_does_not_end_the_others(sdgen, fox):
    done = sdgen("upscale", "gone.png", fox, "-o", "large")
    assert done.exit_code == 3
    assert "1 of 2 could not be enlarged" in done.stderr
    assert len(list(Path("large").glob("*.png"))) == 1


def test_a_picture_beyond_what_is_read_again_is_refused(sdgen, painter):
    refused = sdgen("a red fox", "--size", "4096x4096", "--post", "enlarge=4")
    assert refused.exit_code == 2
    assert "post makes 16384x16384 pixels, more than are read again" in refused.stderr
