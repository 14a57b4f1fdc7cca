"""`sdgen reproduce` through the app: verdicts and reasons, what is kept, and the exit codes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sdgen.errors import GenerationError, ModelError
from sdgen.files.images import read_record_of
from sdgen.metadata.record import pixels_of
from tests.cli.pictures import tamper
from tests.fakes import FAKE_MODEL

FOX = Path("outputs/a-red-fox-7.png")


def test_the_same_pixels_are_identical(sdgen, fox, painter):
    done = sdgen("reproduce", fox)
    assert done.exit_code == 0
    assert done.stdout == f"identical: {FOX}: every pixel is the same\n"
    assert painter.drawn[0] == painter.drawn[1].model_copy(update={"dtype": "auto"})
    assert len(list(Path("outputs").iterdir())) == 2, "nothing is kept unasked"


def test_a_level_or_two_are_equivalent_and_the_reason_is_told(sdgen, fox, shift):
    shift(2, threads=8)
    done = sdgen("reproduce", fox)
    assert done.exit_code == 0
    assert done.stdout == f"equivalent: {FOX}: within 2 levels: CPU threads 2 → 8\n"


def test_more_levels_are_different_and_the_reason_is_told(sdgen, fox, shift):
    shift(3, torch="2.7")
    done = sdgen("reproduce", fox)
    assert done.exit_code == 7
    assert f"different: {FOX}: 1 of 4096 pixels differ (2.4e-04), by at most 3" in done.stdout
    assert "torch 2.13 → 2.7" in done.stdout
    assert done.stderr == f"error: {FOX} came out different\n"


def test_a_difference_without_a_reason_says_so(sdgen, fox, shift):
    shift(9)
    assert "nothing recorded differs" in sdgen("reproduce", fox).stdout


@pytest.mark.parametrize(("tolerance", "code"), [(0, 7), (1, 7), (2, 0), (255, 0)])
def test_tolerance_draws_the_line(sdgen, fox, shift, tolerance: int, code: int):
    shift(2)
    assert sdgen("reproduce", fox, "--tolerance", tolerance).exit_code == code


def test_json_is_one_object(sdgen, fox, shift):
    shift(2)
    done = sdgen("reproduce", fox, "--json")
    verdict = json.loads(done.stdout)
    assert (verdict["image"], verdict["verdict"], verdict["max_level"]) == (
        str(FOX),
        "equivalent",
        2,
    )
    assert (verdict["share"], verdict["output"], done.stderr) == (1 / 4096, None, "")


def test_a_difference_as_json_is_an_error_too(sdgen, fox, shift):
    shift(50)
    done = sdgen("reproduce", fox, "--json")
    assert json.loads(done.stdout)["verdict"] == "different"
    assert json.loads(done.stderr)["error"]["exit_code"] == done.exit_code == 7


def test_the_record_alone_is_enough(sdgen, fox):
    fox.unlink()
    done = sdgen("reproduce", fox.with_suffix(".json"))
    assert (done.exit_code, done.stdout.split(":")[0]) == (0, "identical")


def test_the_record_alone_cannot_tell_how_far(sdgen, fox, shift):
    fox.unlink()
    shift(1)
    done = sdgen("reproduce", fox.with_suffix(".json"))
    assert done.exit_code == 7
    assert "the picture is not here, so not how far" in done.stdout


@pytest.mark.parametrize("name", ["fox.jpg", "fox.webp", "fox.avif"])
def test_other_formats_are_compared_by_what_they_hold(sdgen, shift, name: str):
    sdgen("a red fox", "--seed", "7", "-o", name)
    assert sdgen("reproduce", name).stdout.startswith("identical")
    shift(40)
    done = sdgen("reproduce", name)
    assert done.exit_code == 7
    assert ("the file is lossy" in done.stdout) == (name != "fox.webp")


@pytest.mark.parametrize("size", [(64, 64), (32, 64)])
def test_a_record_on_another_jpeg_does_not_make_it_the_picture(sdgen, size):
    sdgen("a red fox", "--seed", "7", "-o", "fox.jpg")
    with Image.open("fox.jpg") as ours:
        Image.new("RGB", size, (255, 0, 0)).save("fox.jpg", exif=ours.info["exif"])
    done = sdgen("reproduce", "fox.jpg")
    assert done.exit_code == 7
    assert done.stdout.startswith("different: fox.jpg: the picture was changed after it was drawn")


def test_check_draws_nothing_and_so_calls_nothing_identical(sdgen, fox, painter):
    done = sdgen("reproduce", fox, "--check")
    assert (done.exit_code, len(painter.drawn)) == (0, 1)
    reason = "picture, record and model files agree (nothing drawn)"
    assert done.stdout == f"unchecked: {fox}: {reason}\n"


def test_check_says_what_it_could_not_even_compare(sdgen, fox):
    sdgen("a red fox", "-o", "fox.jpg")
    fox.unlink()
    for path, reason in (("fox.jpg", "lossy"), (fox.with_suffix(".json"), "picture is not here")):
        done = sdgen("reproduce", path, "--check")
        assert done.exit_code == 0
        assert done.stdout.startswith("unchecked: ")
        assert reason in done.stdout


@pytest.mark.parametrize("flags", [[], ["--check"]])
def test_a_tampered_picture_is_different_before_anything_is_drawn(sdgen, fox, painter, flags):
    tamper(fox)
    done = sdgen("reproduce", fox, *flags)
    assert (done.exit_code, len(painter.drawn)) == (7, 1)
    assert "the picture was changed after it was drawn" in done.stdout


def test_a_tampered_picture_can_be_had_back(sdgen, fox):
    before = read_record_of(fox).image.sha256
    tamper(fox)
    done = sdgen("reproduce", fox, "-o", "again.png")
    assert (done.exit_code, "was changed" in done.stdout) == (7, True)
    with Image.open("again.png") as image:
        assert pixels_of(image).sha256 == before


def test_a_record_beside_that_disagrees_is_told(sdgen, fox):
    sidecar = fox.with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace('"seed": 7', '"seed": 8'))
    done = sdgen("reproduce", fox)
    assert done.exit_code == 0, "the record inside is believed"
    assert "the picture and its .json disagree about settings.seed" in done.stderr
    assert sdgen("reproduce", sidecar).exit_code == 7


def test_output_keeps_the_new_picture(sdgen, fox):
    done = sdgen("reproduce", fox, "-o", "again", "--json")
    kept = Path(json.loads(done.stdout)["output"])
    assert kept == Path("again/a-red-fox-7.png")
    assert read_record_of(kept).image == read_record_of(fox).image
    assert read_record_of(kept).parent is None


def test_output_never_writes_over_the_original(sdgen, fox):
    before = fox.read_bytes()
    assert sdgen("reproduce", fox, "-o", fox).exit_code == 5
    sdgen("reproduce", fox, "-o", "outputs")
    assert fox.read_bytes() == before
    assert Path("outputs/a-red-fox-7-2.png").is_file()


def test_several_pictures_get_a_verdict_each(sdgen, fox):
    sdgen("a blue fox", "--seed", "8")
    blue = "outputs/a-blue-fox-8.png"
    tamper(Path(blue))
    done = sdgen("reproduce", fox, blue, "nowhere.png")
    assert [line.split(": ")[0] for line in done.stdout.splitlines()] == ["identical", "different"]
    assert "warning: nowhere.png: there is no such file" in done.stderr
    assert (done.exit_code, "1 of 3 came out different" in done.stderr) == (7, True)


def test_several_that_fail_are_counted_under_the_code_of_the_first(sdgen, fox):
    done = sdgen("reproduce", fox, "nowhere.png", "none.json")
    assert (done.exit_code, done.stdout.count("\n")) == (2, 1)
    assert done.stderr.endswith("error: 2 of 3 could not be drawn again\n")


def test_a_folder_is_all_its_pictures(sdgen, fox):
    sdgen("a blue fox", "--format", "webp")
    done = sdgen("reproduce", "outputs")
    assert (done.exit_code, done.stdout.count("identical")) == (0, 2)
    objects = map(json.loads, sdgen("reproduce", "outputs", "--json").stdout.splitlines())
    assert [one["verdict"] for one in objects] == ["identical", "identical"]


def test_a_batch_picture_comes_out_again(sdgen, jobs):
    sdgen("batch", jobs, "-o", "book")
    assert sdgen("reproduce", "book").exit_code == 0


def test_changed_settings_are_a_variation_that_knows_its_parent(sdgen, fox, painter):
    done = sdgen("reproduce", fox, "--steps", "9", "--negative-prompt", "blurry")
    assert done.exit_code == 0
    [path] = done.stdout.split()
    record = read_record_of(Path(path))
    assert (record.settings.steps, record.settings.negative_prompt) == (9, "blurry")
    assert (record.settings.seed, record.settings.prompt) == (7, "a red fox")
    assert record.parent is not None
    assert record.parent.pixels_sha256 == read_record_of(fox).image.sha256
    assert record.parent.changed == {"steps": 4, "negative_prompt": ""}
    assert "variation of" in sdgen("show", path).stdout


def test_a_variation_comes_out_again(sdgen, fox):
    sdgen("reproduce", fox, "--steps", "9", "-o", "varied.png")
    assert sdgen("reproduce", "varied.png").stdout.startswith("identical")


@pytest.fixture
def other_weights(tmp_path: Path, monkeypatch):
    """The model's name now means other files."""
    (tmp_path / "weights.safetensors").write_bytes(b"other")
    model = replace(FAKE_MODEL, folder=tmp_path, weights=("weights.safetensors",))
    monkeypatch.setattr("sdgen.replay.find_model", lambda name: model)


@pytest.mark.parametrize("flags", [[], ["--check"], ["-o", "again.png"], ["--model", "fake"]])
def test_other_weights_are_told_before_anything_is_drawn(
    sdgen, fox, painter, other_weights, flags: list[str]
):
    done = sdgen("reproduce", fox, *flags)
    assert (done.exit_code, len(painter.drawn)) == (7, 1)
    assert "the model has other files than it had: weights.safetensors" in done.stdout


def test_a_variation_with_other_weights_says_so(sdgen, fox, other_weights):
    done = sdgen("reproduce", fox, "--steps", "9")
    assert done.exit_code == 0
    assert "warning: the model has other files than it had: weights.safetensors" in done.stderr


def test_a_model_that_is_not_here_is_code_4(sdgen, fox, painter, monkeypatch):
    def find(name: str):
        raise ModelError(f"no model {name!r} here")

    monkeypatch.setattr("sdgen.replay.find_model", find)
    done = sdgen("reproduce", fox)
    assert (done.exit_code, len(painter.drawn)) == (4, 1)
    assert "hint: say where it is: --model FOLDER" in done.stderr


def test_a_picture_that_fails_has_its_code(sdgen, fox, painter):
    painter.fail_on["a red fox"] = GenerationError("came out as NaN")
    done = sdgen("reproduce", fox)
    assert done.exit_code == 3
    assert "came out as NaN" in done.stderr


REFUSED = {
    (): "missing argument",
    ("empty",): "no picture in empty",
    ("fox.png", "--check", "--steps", "3"): "--check draws nothing",
    ("fox.png", "--check", "-o", "x"): "--check draws nothing",
    ("fox.png", "--format", "webp"): "add --output",
    ("fox.png", "--overwrite"): "add --output",
    ("fox.png", "fox.png", "-o", "one.png"): "need a folder",
    ("fox.png", "--tolerance", "256"): "'--tolerance'",
    ("fox.png", "--steps", "0"): "steps (flags) must be at least 1",
    ("fox.png", "--size", "70x64"): "multiples of 8",
    ("fox.png", "--format", "gif", "-o", "x"): "unknown format",
}


@pytest.mark.parametrize(("words", "reason"), REFUSED.items(), ids=map(" ".join, REFUSED))
def test_what_is_refused(sdgen, fox, painter, words: tuple[str, ...], reason: str):
    Path("empty").mkdir()
    shutil.copy(fox, "fox.png")
    done = sdgen("reproduce", *words)
    assert (done.exit_code, len(painter.drawn)) == (2, 1)
    assert reason in done.stderr


def test_noise_of_a_gpu_is_imitated_where_there_is_none_and_told(sdgen, painter):
    sdgen("a red fox", "--seed", "7", "--rng", "gpu")
    done = sdgen("reproduce", FOX)
    assert painter.drawn[-1].rng == "nv"
    assert "rng gpu → nv" in done.stdout
