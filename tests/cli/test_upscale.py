"""`sdgen upscale`: four ways to a larger picture, what they keep, and what they refuse."""

from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdgen.files.images import open_pixels, read_record_of
from sdgen.recipe.seeds import DRAWN_BELOW
from sdgen.sources import store
from tests.cli.pictures import tamper
from tests.upscalers import FINE, write_upscaler


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
        (("FOX", "--method", "bicubic"), "unknown method 'bicubic'"),
        (("FOX", "--method", "esrgan"), "esrgan needs weights"),
        (("FOX", "--with", "gone.safetensors"), "no upscaler 'gone.safetensors' here"),
        (("FOX", "--with", FINE, "--method", "latent"), "latent takes no weights"),
        (("FOX", "--with", FINE, "--steps", "3"), "esrgan draws nothing, so steps does nothing"),
        (("FOX", "--with", FINE, "--device", "tpu"), "unknown device 'tpu'"),
        (("gone.png", "--with", FINE), "gone.png: there is no such file"),
        (("words.png", "--with", FINE), "words.png: neither a picture (PNG, JPEG"),
        (("FOX", "--method", "redraw", "--upscaler", FINE), "sdgen upscale takes no upscaler"),
        (("wide.png", "--with", FINE, "--scale", "4"), "post makes 40000x4000 pixels, more than"),
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
    Image.new("RGB", (10_000, 1000)).save("wide.png")
    Path("words.png").write_text("only words")
    refused = sdgen("upscale", *(fox if word == "FOX" else word for word in words))
    assert refused.exit_code == (4 if "gone.safetensors" in words else 2), refused.stderr
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


def test_weights_are_a_step_after_the_drawing(sdgen, fox, painter):
    done = sdgen("upscale", fox, "--with", FINE, "-o", "large.png")
    assert done.exit_code == 0, done.stderr
    assert len(painter.drawn) == 1, "nothing was drawn for it"
    record, before = read_record_of(Path("large.png")), read_record_of(fox)
    assert open_pixels(Path("large.png")).size == (128, 128), "as the weights were made"
    assert (record.settings.upscaler, record.settings.post) == ("fine", ("esrgan=2",))
    assert record.parent.changed == {"post": [], "upscaler": ""}
    assert record.image.before_post == before.image.sha256
    [added] = record.added
    assert (added.kind, added.name) == ("upscaler", "fine")
    assert added.sha256 in sdgen("models", "info", FINE).stdout
    assert record.environment["upscale_tile"] == 256
    assert record.environment["threads"] == before.environment["threads"]
    shown = " ".join(sdgen("show", "large.png").stdout.split())
    assert "upscaler fine 2 blocks, sha256" in shown
    told = open_text(Path("large.png"))
    assert "Postprocess upscale by: 2, Postprocess upscaler: fine" in told


def open_text(path: Path) -> str:
    with Image.open(path) as image:
        return image.text["parameters"]


def test_again_by_the_same_weights_but_not_by_others(sdgen, fox):
    other = write_upscaler(Path("other.safetensors"), scale=4)
    sdgen("upscale", fox, "--with", FINE, "-o", "large.png")
    done = sdgen("upscale", "large.png", "--with", FINE, "--scale", "1.5", "-o", "larger.png")
    assert done.exit_code == 0, done.stderr
    record = read_record_of(Path("larger.png"))
    assert record.settings.post == ("esrgan=2", "esrgan=1.5")
    assert (record.image.width, len(record.added)) == (192, 1)
    refused = sdgen("upscale", "large.png", "--with", other)
    assert refused.exit_code == 2
    assert "large.png: it was enlarged by fine, and a record holds one upscaler" in refused.stderr


def test_pickles_are_refused_with_the_way_out(sdgen, fox):
    Path("4x.pth").write_bytes(b"PK\x03\x04" + bytes(60))
    refused = sdgen("upscale", fox, "--with", "4x.pth")
    assert refused.exit_code == 4
    assert "4x.pth is a zip archive as torch.save writes it" in refused.stderr
    assert "hint: sdgen reads safetensors only" in refused.stderr


def test_redraw_begins_at_what_the_weights_made(sdgen, fox, painter):
    done = sdgen("upscale", fox, "--with", FINE, "--method", "redraw", "-o", "large.png")
    assert done.exit_code == 0, done.stderr
    settings = painter.drawn[-1]
    assert (settings.hires_upscaler, settings.upscaler) == ("esrgan", "fine")
    assert settings.hires_scale == 2


def test_anybodys_picture_keeps_its_words_and_what_is_seen_through(sdgen):
    image = Image.new("RGBA", (40, 24), (200, 30, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 24))
    told = "a fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 40x24"
    texts = PngInfo()
    texts.add_text("parameters", told)
    image.save("fox.png", pnginfo=texts)
    done = sdgen("upscale", "fox.png", "--with", FINE, "-o", "large")
    assert (done.exit_code, done.stdout) == (0, "large/fox.png\n"), done.stderr
    with Image.open("large/fox.png") as large:
        assert (large.size, large.mode) == ((80, 48), "RGBA")
        assert large.text["parameters"] == told
        done = "Postprocess upscale by: 2, Postprocess upscaler: fine"
        assert large.text["postprocessing"] == done
        assert (large.getpixel((4, 4))[3], large.getpixel((76, 4))[3]) == (0, 255)
    assert sdgen("upscale", "fox.png", "--with", FINE, "-o", "large").exit_code == 5
    refused = sdgen("upscale", "fox.png", "--with", FINE, "--format", "jpeg", "-o", "other")
    assert "fox.png: has transparency, which JPEG cannot hold" in refused.stderr


def test_what_enlarges_is_settings_and_goes_through_every_door(sdgen, painter):
    said = ["--upscaler", FINE, "--hires-size", "96x128", "--hires-upscaler", "esrgan"]
    assert sdgen("a fox", *said, "-o", "a.png").exit_code == 0
    assert painter.drawn[-1].upscaler == "fine"
    record = read_record_of(Path("a.png"))
    assert record.settings.hires_size == "96x128"
    told = open_text(Path("a.png"))
    assert "Hires resize: 96x128, Hires upscaler: fine" in told
    Path("jobs.yaml").write_text(f"- {{prompt: a fox, upscaler: {FINE}, post: {{esrgan: 2}}}}\n")
    assert sdgen("batch", "jobs.yaml", "-o", "jobs").exit_code == 0
    assert painter.drawn[-1].post == ("esrgan=2",)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--upscaler", FINE), "upscaler does nothing alone"),
        (("--post", "esrgan=2"), "post esrgan needs an upscaler"),
        (("--post", "esrgan=9"), "post (flags) esrgan must be 1 to 8"),
        (("--hires-scale", "2", "--hires-upscaler", "esrgan"), "hires_upscaler esrgan needs an"),
        (("--hires-size", "32x32"), "hires_size (flags) must be of 64 to 4096 pixels a side"),
        (("--hires-size", "big"), "hires_size (flags) must be WIDTHxHEIGHT"),
        (("--hires-size", "64x64", "--size", "128x64"), "hires_size 64x64 is smaller than the 128"),
        (("--hires-size", "96x128", "--hires-scale", "2"), "hires_size 96x128 cannot stand beside"),
        (("--hires-size", "100x128"), "fake draws multiples of 8 pixels, not 100x128"),
        (("--hires-size", "96x96", "--image", "cat.png", "--extend", "all=8"), "hires_size cannot"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_before(sdgen, painter, flags, reason):
    Image.new("RGB", (64, 64)).save("cat.png")
    refused = sdgen("a fox", *flags)
    assert (refused.exit_code, painter.drawn) == (2, [])
    assert reason in refused.stderr
    assert refused.stderr.count("error: ") == 1
