"""Pictures from pictures through the commands: sizes, paths, refusals, records, drawing again."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import sdgen as package
from sdgen.files.images import read_record_of
from sdgen.metadata.record import pixels_sha256
from sdgen.models.catalogue import CATALOGUE
from sdgen.sources import store


@pytest.fixture(autouse=True)
def _none_found():
    """As in a new process: no picture was found before."""
    store._found.clear()
    yield
    store._found.clear()


def picture(path: str, size: tuple[int, int] = (64, 64), colour: str = "orange") -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return Path(path)


@pytest.fixture
def cat() -> Path:
    return picture("cat.png")


@pytest.fixture
def drawn(sdgen, cat) -> Path:
    """A picture from the cat."""
    assert sdgen("a red fox", "--seed", 7, "--image", cat, "--strength", 0.5).exit_code == 0
    return Path("outputs/a-red-fox-7.png")


def test_a_picture_is_drawn_in_its_own_size_and_three_quarters_of_the_steps(sdgen, painter):
    picture("wide.png", (128, 72))
    assert sdgen("a red fox", "--image", "wide.png").exit_code == 0
    [settings] = painter.drawn
    assert (settings.width, settings.height, settings.strength) == (128, 72, 0.75)


def test_a_named_size_must_be_the_pictures_or_fitted(sdgen, painter, cat):
    refused = sdgen("a red fox", "--image", cat, "--size", "128x64")
    assert refused.exit_code == 2
    assert "cat.png asks for 64x64, not 128x64" in refused.stderr
    assert "--fit crop, pad or stretch" in refused.stderr
    assert sdgen("a red fox", "--image", cat, "--size", "128x64", "--fit", "crop").exit_code == 0
    assert (painter.drawn[0].width, painter.drawn[0].fit) == (128, "crop")


def test_a_size_that_the_model_cannot_draw_is_refused_or_fitted_to_one_of_that_shape(
    sdgen, painter
):
    picture("odd.png", (300, 75))
    refused = sdgen("a red fox", "--image", "odd.png")
    assert refused.exit_code == 2
    assert "odd.png asks for 300x75: fake draws multiples of 8 pixels" in refused.stderr
    assert sdgen("a red fox", "--image", "odd.png", "--fit", "crop").exit_code == 0
    assert (painter.drawn[0].width, painter.drawn[0].height) == (128, 64), "about 64x64, but wider"


def test_a_model_of_listed_sizes_gets_the_one_of_the_nearest_shape(sdgen, monkeypatch, painter):
    from sdgen.models.local import find_model
    from sdgen.models.resolve import plan
    from sdgen.recipe.layers import Layer

    picture("photo.png", (900, 500))
    said = {"prompt": "fox", "seed": 1, "image": "photo.png", "fit": "crop"}
    settings = plan([Layer("flags", said)], find=lambda _: find_model("storybook")).settings
    assert (settings.width, settings.height) in CATALOGUE["storybook"].sizes.only
    assert settings.width > settings.height


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--image", "gone.png"), "image (flags) gone.png: there is no such file"),
        (("--image", "."), "image (flags) .: is a folder"),
        (("--image", "words.txt"), "words.txt: cannot be read as a picture (no kind that sdgen"),
        (("--image", ""), "image (flags) is empty"),
        (("--strength", "0.5"), "strength (flags) does nothing without image"),
        (("--fit", "crop"), "fit (flags) does nothing without image"),
        (("--mask", "cat.png"), "mask (flags) does nothing without image"),
        (("--mask-blur", "3", "--image", "cat.png"), "mask_blur (flags) does nothing without mask"),
        (("--image", "cat.png", "--strength", "0"), "strength 0 of 4 steps leaves none to draw"),
        (("--image", "cat.png", "--strength", "0.2"), "strength 0.2 of 4 steps leaves none"),
        (("--image", "cat.png", "--strength", "1.1"), "strength (flags) must be at most 1"),
        (("--image", "cat.png", "--mask", "gone.png"), "mask (flags) gone.png: there is no such"),
        (("--image", "cat.png", "--mask", "large.png"), "large.png is 128x128, and cat.png 64x64"),
        (("--image", "cat.png", "--extend", "up=3"), "extend (flags) must be such as left=64"),
        (("--image", "cat.png", "--extend", "left=0"), "extend (flags) must add 1 to 2048 pixels"),
        (("--image", "cat.png", "--extend", "left=4"), "cat.png asks for 68x64: fake draws mult"),
        (("--image", "cat.png", "--extend", "all=32", "--size", "64x64", "--fit", "crop"),
         "extend left=32,top=32,right=32,bottom=32 leaves no room for the image in 64x64"),
        (("--image", "cat.png", "--fit", "zoom"), "fit (flags) must be 'crop', 'pad' or 'stretch'"),
        (("--hires-steps", "3"), "hires_steps (flags) does nothing without hires_scale or"),
        (("--hires-scale", "1.3"), "hires_scale 1.3 makes 64x64 no whole pixels"),
        (("--hires-scale", "5"), "hires_scale (flags) must be at most 4"),
        (("--hires-scale", "1.0625"), "fake draws multiples of 8 pixels, not 68x68"),
        (("--hires-scale", "2", "--image", "cat.png", "--extend", "all=8"), "hires_scale cannot"),
        (("--hires-scale", "2", "--hires-strength", "0.1"), "hires_strength 0.1 of 4 steps leaves"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_code_2_and_no_picture(sdgen, painter, cat, flags, reason: str):
    Path("words.txt").write_text("only words")
    picture("large.png", (128, 128))
    refused = sdgen("a red fox", *flags)
    assert (refused.exit_code, painter.drawn) == (2, [])
    assert reason in refused.stderr
    assert refused.stderr.count("error: ") == 1


def test_what_the_user_must_know_of_a_picture_is_recorded(sdgen, painter):
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save("clear.png")
    source = store.find_source(Path("clear.png"), "image")
    assert source.notices == ("clear.png is transparent in parts, which count as white",)


def test_paths_in_a_config_are_meant_from_where_it_lies(sdgen, painter):
    picture("deep/cat.png")
    Path("deep/look.yaml").write_text("image: cat.png\nstrength: 0.5\n")
    assert sdgen("a red fox", "--config", "deep/look.yaml").exit_code == 0
    assert painter.drawn[0].image.startswith("cat.png#")
    refused = sdgen("a red fox", "--config", "deep/look.yaml", "--image", "cat.png")
    assert refused.exit_code == 2, "a flag's path is meant from here"


def test_paths_in_a_job_file_are_meant_from_where_it_lies_and_faults_have_a_place(sdgen, painter):
    picture("deep/cat.png")
    job_file = Path("deep/jobs.jsonl")
    job_file.write_text(
        '{"prompt": "fox", "image": "cat.png"}\n{"prompt": "fox", "image": "dog.png"}\n'
    )
    refused = sdgen("batch", job_file)
    assert refused.exit_code == 2
    assert "deep/jobs.jsonl:2:19: image deep/dog.png: there is no such file" in refused.stderr
    picture("deep/dog.png", (100, 64))
    refused = sdgen("batch", job_file)
    assert "deep/jobs.jsonl:2:19: dog.png asks for 100x64" in refused.stderr
    picture("deep/dog.png", colour="blue")
    assert sdgen("batch", job_file).exit_code == 0
    assert [one.image[:8] for one in painter.drawn] == ["cat.png#", "dog.png#"]


def test_another_picture_of_the_same_name_is_another_job(sdgen, painter, cat):
    Path("jobs.csv").write_text("prompt,image,strength\nfox,cat.png,0.5\n")
    for drawn, colour in [(1, "orange"), (1, "orange"), (2, "green")]:
        picture("cat.png", colour=colour)
        assert sdgen("batch", "jobs.csv").exit_code == 0
        assert len(painter.drawn) == drawn


def test_the_picture_beside_it_is_found_again(sdgen, drawn, cat):
    assert sdgen("reproduce", drawn).stdout.startswith("identical")
    store._found.clear()
    Path("kept").mkdir()
    for path in (drawn, drawn.with_suffix(".json")):
        shutil.move(path, Path("kept") / path.name)
    cat.rename("kept/cat.png")
    assert sdgen("reproduce", f"kept/{drawn.name}").stdout.startswith("identical")


def test_a_picture_that_is_not_here_is_asked_for(sdgen, drawn, cat, painter):
    store._found.clear()
    cat.rename("tiger.png")
    missing = sdgen("reproduce", drawn)
    assert missing.exit_code == 2
    assert "the image cat.png that it was drawn from is not here" in missing.stderr
    assert "say where it is: --image FILE" in missing.stderr
    assert sdgen("reproduce", drawn, "--image", "tiger.png").stdout.startswith("identical")


def test_other_pixels_are_not_drawn_from(sdgen, drawn, cat, painter):
    store._found.clear()
    picture("cat.png", colour="blue")
    count = len(painter.drawn)
    other = sdgen("reproduce", drawn)
    assert other.exit_code == 2
    assert "is not here; the file of that name has other pixels" in other.stderr
    given = sdgen("reproduce", drawn, "--image", "cat.png")
    assert given.exit_code == 2
    assert "cat.png is not the image cat.png that it was drawn from" in given.stderr
    assert len(painter.drawn) == count


def test_the_same_pixels_in_another_file_are_the_picture(sdgen, drawn, cat):
    store._found.clear()
    Image.open(cat).save("cat.webp", lossless=True)
    cat.unlink()
    assert sdgen("reproduce", drawn, "--image", "cat.webp").stdout.startswith("identical")


def test_a_place_for_no_picture_is_refused(sdgen, fox, cat):
    refused = sdgen("reproduce", fox, "--image", cat)
    assert refused.exit_code == 2
    assert "it was drawn without image" in refused.stderr


def test_a_tree_is_checked_with_its_pictures(sdgen, drawn, cat):
    store._found.clear()
    shutil.copy(cat, "outputs/cat.png")
    done = sdgen("reproduce", "--all", "outputs")
    assert "identical: outputs/a-red-fox-7.png" in done.stdout


def test_a_variation_is_drawn_from_the_same_picture(sdgen, drawn, cat, painter):
    store._found.clear()
    assert sdgen("reproduce", drawn, "--strength", "1", "-o", "more").exit_code == 0
    assert painter.drawn[-1].image == painter.drawn[0].image
    assert painter.drawn[-1].strength == 1


def test_a_record_with_a_path_in_it_is_not_followed(sdgen, drawn, cat):
    record = json.loads(drawn.with_suffix(".json").read_text())
    record["settings"]["image"] = "../../etc/cat.png#" + "0" * 64
    Path("lone.json").write_text(json.dumps(record))
    refused = sdgen("reproduce", "lone.json")
    assert refused.exit_code == 2
    assert "which is not a picture's name" in refused.stderr


def test_the_sources_record_stays_and_history_shows_it(sdgen, drawn, painter):
    assert sdgen("a blue bear", "--seed", 8, "--image", drawn, "--strength", 1).exit_code == 0
    bear = Path("outputs/a-blue-bear-8.png")
    [source] = read_record_of(bear).sources
    assert source.record["settings"]["prompt"] == "a red fox"
    assert source.record["image"]["sha256"] == source.pixels_sha256
    assert [one["name"] for one in source.record["sources"]] == ["cat.png"]
    lines = sdgen("show", "--history", bear).stdout.splitlines()
    assert lines[1].startswith("  a blue bear (fake, seed 8, 64x64, strength 1)")
    assert lines[2].startswith("  └─ image a-red-fox-7.png, 64x64, sha256 ")
    assert lines[3].startswith("     a red fox (fake, seed 7, 64x64, strength 0.5)")
    assert lines[4].startswith("     └─ image cat.png, 64x64, sha256 ")
    assert lines[5] == "        no record of sdgen in it"
    told = json.loads(sdgen("show", "--history", bear, "--json").stdout)
    assert told["history"]["sources"][0]["record"]["sources"][0]["name"] == "cat.png"


def test_history_of_a_picture_from_words_is_one_line(sdgen, fox):
    assert len(sdgen("show", "--history", fox).stdout.splitlines()) == 2


def test_old_ancestors_are_dropped_before_a_picture_is_lost(sdgen, painter):
    path = picture("first.png")
    for generation in range(9):
        prompt = f"{generation} " + "very " * 1800
        done = sdgen(prompt, "--seed", 1, "--image", path, "-o", f"g{generation}.jpg")
        assert done.exit_code == 0, done.stderr
        path = Path(f"g{generation}.jpg")
    record, depth = json.loads(read_record_of(path).to_json()), 0
    while record.get("sources"):
        record, depth = record["sources"][0].get("record", {}), depth + 1
    assert 2 <= depth < 9


def test_what_a_jpeg_has_no_room_for_is_the_history_and_not_the_picture(sdgen, painter, cat):
    """Signs that XML writes as four: within the bounds of a lineage, and beyond those of a JPEG."""
    assert sdgen("<" * 9900, "--image", cat, "--seed", 1, "-o", "long.png").exit_code == 0
    assert sdgen("<" * 9900, "--image", "long.png", "--seed", 1, "-o", "b.jpg").exit_code == 0
    [source] = read_record_of(Path("b.jpg")).sources
    assert (source.name, source.record) == ("long.png", None)
    assert sdgen("<" * 9900, "--image", "long.png", "--seed", 1, "-o", "c.png").exit_code == 0
    assert read_record_of(Path("c.png")).sources[0].record is not None


def test_python_takes_a_path(painter, cat, monkeypatch):
    monkeypatch.setattr("sdgen.api._generator", lambda _: painter)
    drawn = package.generate("a red fox", image=cat, strength=0.5, seed=1)
    assert drawn.record.sources[0].pixels_sha256 == pixels_sha256(Image.open(cat))
