"""`sdgen reproduce` of other programs' pictures: report, model, verdict, and what is kept."""

import hashlib
import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from sdgen.files.images import read_record_of
from tests.metadata.formats.pictures import png
from tests.models.conftest import safetensors

TEXT = """\
a (red fox:1.2)
Negative prompt: blurry
Steps: 20, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7.5, Seed: 42, Size: 512x512, \
Model hash: {digest}, Model: dream, ENSD: 31337, RNG: NV, Version: v1.10.1"""


@pytest.fixture
def text(mini) -> str:
    """A recipe whose model is `mini`, as the checkpoint in it says."""
    (mini / "dream.safetensors").write_bytes(data := safetensors(b"\1" * 16))
    return TEXT.format(digest=hashlib.sha256(data).hexdigest()[:10])


@pytest.fixture
def foreign(text) -> Path:
    path = Path("dream.png")
    path.write_bytes(png({"parameters": text}))
    return path


def drawn_by(sdgen, text: str, image: Image.Image) -> Path:
    """A picture of another program with these very pixels."""
    file = io.BytesIO(png({"parameters": text}))
    with Image.open(file) as carrier:
        info = carrier.text["parameters"]
    path = Path("same.png")
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("parameters", info)
    image.save(path, pnginfo=texts)
    return path


def report_of(stdout: str) -> dict[str, list[str]]:
    rows = [line.split("  ") for line in stdout.splitlines() if line.startswith("  ")]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {row[0]: row[1:] for row in cells}


def test_each_field_is_told_and_what_can_be_followed_is_drawn(sdgen, foreign, mini, painter):
    done = sdgen("reproduce", foreign, "--model-dir", mini.parent)
    rows = report_of(done.stdout)
    assert rows["model"][1:] == ["mini", "exact"]
    assert rows["steps"] == ["20", "20", "exact"]
    assert rows["rng"] == ["NV", "nv", "exact"]
    [drawn] = painter.drawn
    assert (drawn.prompt, drawn.seed, drawn.rng, drawn.ensd) == ("a (red fox:1.2)", 42, "nv", 31337)
    assert done.exit_code == 7
    assert "different: dream.png: its size is 1x1, and 512x512 was drawn; scaled" in done.stdout
    assert done.stderr == "error: dream.png came out different\n"
    assert not Path("outputs").exists()


def test_pixels_that_agree_are_identical(sdgen, text, mini, painter):
    Path("a.txt").write_text(text)
    kept = sdgen("reproduce", "a.txt", "--model", mini, "-o", "kept.png")
    assert kept.exit_code == 0
    with Image.open("kept.png") as image:
        same = drawn_by(sdgen, text, image.convert("RGB"))
    done = sdgen("reproduce", same, "--model", mini)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0, "identical: same.png: every pixel is the same",
    )  # fmt: skip


def test_a_level_is_equivalent_and_more_is_told_as_likeness(sdgen, text, mini, painter):
    Path("a.txt").write_text(text)
    sdgen("reproduce", "a.txt", "--model", mini, "-o", "kept.png")
    for levels, code, words in (
        (1, 0, "equivalent: same.png: within 1 level: another program's"),
        (9, 7, "different: same.png: 0.0 of 255 levels apart on average"),
    ):
        with Image.open("kept.png") as image:
            moved = image.convert("RGB")
        red, green, blue = moved.getpixel((3, 5))
        moved.putpixel((3, 5), (red, green, blue + levels if blue < 128 else blue - levels))
        done = sdgen("reproduce", drawn_by(sdgen, text, moved), "--model", mini)
        assert done.exit_code == code
        assert words in done.stdout
    assert sdgen("reproduce", "same.png", "--model", mini, "--tolerance", "9").exit_code == 0


def test_the_kept_picture_says_whose_recipe_it_follows(sdgen, foreign, mini):
    sdgen("reproduce", foreign, "--model", mini, "-o", "kept.png")
    record = read_record_of(Path("kept.png"))
    assert (record.followed.tool, record.followed.version) == ("AUTOMATIC1111", "v1.10.1")
    assert record.followed.fidelity["rng"] == "exact"
    assert len(record.followed.pixels_sha256) == 64
    assert "after a picture of" in sdgen("show", "kept.png").stdout


def test_a_model_that_is_not_here_is_told_after_the_report(sdgen, foreign, painter):
    done = sdgen("reproduce", foreign)
    assert (done.exit_code, painter.drawn) == (4, [])
    assert report_of(done.stdout)["seed"] == ["42", "42", "exact"]
    assert done.stderr.startswith("error: the model 'dream' [")
    assert "--model-dir FOLDER" in done.stderr


def test_a_model_that_the_user_names_counts_and_is_told(sdgen, foreign, mini):
    (mini / "dream.safetensors").unlink()
    done = sdgen("reproduce", foreign, "--model", mini)
    row = report_of(done.stdout)["model"]
    assert row[1:] == ["mini", "unknown", "you chose it; its files do not have that hash"]


def test_check_tells_and_draws_nothing(sdgen, foreign, mini, painter):
    done = sdgen("reproduce", foreign, "--model", mini, "--check")
    assert (done.exit_code, painter.drawn) == (0, [])
    assert done.stdout.splitlines()[-1] == (
        "unchecked: dream.png: the recipe can be followed (nothing drawn)"
    )


def test_settings_of_the_user_count_are_told_and_the_picture_is_kept(sdgen, foreign, mini, painter):
    done = sdgen("reproduce", foreign, "--model", mini, "--steps", "3", "--size", "64x64",
                 "--eta", "0", "--seed", "42")  # fmt: skip
    rows = report_of(done.stdout)
    assert rows["steps"] == ["20", "3", "ignored", "you chose another"]
    assert rows["size"] == ["512x512", "64x64", "ignored", "you chose another"]
    assert rows["seed"] == ["42", "42", "exact"]
    assert rows["eta"] == ["0.0", "unknown", "not said; you chose it"]
    assert (painter.drawn[0].steps, painter.drawn[0].width) == (3, 64)
    assert [line for line in done.stdout.splitlines() if Path(line).is_file()]


def test_a_recipe_alone_has_nothing_to_compare(sdgen, text, mini, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    done = sdgen("reproduce", "-", "--model", mini)
    assert done.exit_code == 0
    assert "unchecked: -: drawn; there is no picture to compare with" in done.stdout


def test_a_recipe_beside_a_bare_picture_is_compared_with_it(sdgen, text, mini):
    Path("bare.png").write_bytes(png())
    Path("bare.txt").write_text(text)
    for name in ("bare.png", "bare.txt"):
        assert "its size is 1x1" in sdgen("reproduce", name, "--model", mini).stdout


def test_a_picture_from_stdin_is_compared(sdgen, foreign, mini, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(foreign.read_bytes())))
    assert "its size is 1x1" in sdgen("reproduce", "-", "--model", mini).stdout


def test_our_own_picture_from_stdin_is_drawn_again(sdgen, fox, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(fox.read_bytes())))
    assert sdgen("reproduce", "-").stdout == "identical: -: every pixel is the same\n"


def test_json_has_report_verdict_and_likeness_in_one_object(sdgen, foreign, mini):
    done = sdgen("reproduce", foreign, "--model", mini, "--json")
    value = json.loads(done.stdout)
    assert (value["verdict"], value["foreign"]["tool"]) == ("different", "AUTOMATIC1111")
    assert {row["field"]: row["fidelity"] for row in value["fidelity"]}["rng"] == "exact"
    assert value["likeness"]["mean"] > 0
    assert json.loads(done.stderr)["error"]["exit_code"] == 7


def test_a_recipe_without_a_seed_gets_one_and_says_so(sdgen, text, mini, painter):
    Path("a.txt").write_text(text.replace("Seed: 42, ", ""))
    rows = report_of(sdgen("reproduce", "a.txt", "--model", mini).stdout)
    assert rows["seed"][0] == str(painter.drawn[0].seed)
    assert rows["seed"][1] == "unknown"


def test_a_recipe_without_a_prompt_is_refused_unless_one_is_given(sdgen, text, mini, painter):
    Path("a.txt").write_text(text.partition("\n")[2].partition("\n")[2])
    done = sdgen("reproduce", "a.txt", "--model", mini)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert "prompt is missing" in done.stderr
    assert sdgen("reproduce", "a.txt", "--model", mini, "--prompt", "a fox").exit_code == 0


def test_paths_in_a_recipe_are_never_followed(sdgen, text, mini, painter):
    far = mini.parent / "far"
    far.mkdir()
    mini.rename(far / "mini")
    Path("a.txt").write_text(text.replace("Model: dream", f"Model: {far / 'mini'}"))
    done = sdgen("reproduce", "a.txt")
    assert (done.exit_code, painter.drawn) == (4, [])


def test_pictures_of_others_are_skipped_by_all(sdgen, foreign, fox):
    done = sdgen("reproduce", "--all", ".")
    assert "skipped: dream.png: has no record of sdgen, only 'parameters'" in done.stdout


def test_choices_are_made_in_the_users_prompt_and_not_in_the_recipes(sdgen, text, mini, painter):
    Path("a.txt").write_text(text.replace("a (red", "a {blue|green} (red"))
    sdgen("reproduce", "a.txt", "--model", mini)
    assert painter.drawn[-1].prompt.startswith("a {blue|green}")
    done = sdgen("reproduce", "a.txt", "--model", mini, "--prompt", "a {cat|dog}", "-o", "kept.png")
    assert done.exit_code == 0
    assert painter.drawn[-1].prompt in ("a cat", "a dog")
    assert read_record_of(Path("kept.png")).written.prompt == "a {cat|dog}"


def test_variations_of_a_recipe_get_a_seed(sdgen, text, mini, painter):
    Path("a.txt").write_text(text)
    sdgen("reproduce", "a.txt", "--model", mini, "--variation-strength", "0.2")
    assert painter.drawn[-1].variation_seed is not None
