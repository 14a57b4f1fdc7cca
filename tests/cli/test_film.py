import json
from pathlib import Path

import pytest
from PIL import Image

from sdgen.files.images import read_record_of
from sdgen.gallery.entries import entry_of


def test_a_film_lies_beside_its_picture(sdgen, painter):
    done = sdgen("film", "a red fox in the snow", "--seed", "7", "--steps", "3", "-o", "f")
    assert done.exit_code == 0
    assert done.stdout.split() == [
        "f/picture.png", "f/steps.png", "f/film.webp", "f/words.png", "f/words/01-red.png",
        "f/words/02-fox.png", "f/words/03-snow.png",
    ]  # fmt: skip
    with Image.open("f/film.webp") as film:
        assert film.n_frames == 4, "three steps, and the picture"
    assert read_record_of(Path("f/picture.png")).settings.seed == 7
    assert sdgen("reproduce", "f/picture.png").exit_code == 0
    assert entry_of(Path("f/steps.png")) is None, "a strip is no picture of its own"


def test_what_is_made_can_be_chosen(sdgen):
    words = ["--as", "gif", "--word", "red fox", "-o", "f", "--json"]
    done = sdgen("film", "a red fox", *words)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(one.get("file", one.get("image"))).name for one in lines] == [
        "picture.png", "steps.png", "film.gif", "words.png", "01-red-fox.png"
    ]  # fmt: skip
    done = sdgen("film", "a red fox", "--as", "none", "--no-words", "-o", "g")
    assert done.stdout.split() == ["g/picture.png", "g/steps.png"]


def test_the_usual_folder_is_named_after_the_picture(sdgen):
    done = sdgen("film", "a red fox", "--seed", "7", "--as", "none", "--no-words")
    assert done.stdout.split()[0] == "outputs/a-red-fox-7-film/picture.png"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--as", "avi"], "unknown --as 'avi'"),
        (["--word", "hen"], "--word: 'hen' is not in the prompt"),
        (["--word", "fo"], "--word: 'fo' is not in the prompt"),
        (["--word", " "], "--word: ' ' is not in the prompt"),
        (["-o", "fox.png"], "--output of a film is a folder, and fox.png looks like a picture"),
        (["--word", "fox", "--no-words"], "--no-words contradicts --word"),
        (["--steps", "0"], "steps (flags) must be at least 1"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(sdgen, painter, words: list[str], told: str):
    done = sdgen("film", "a red fox", *words)
    assert done.exit_code == 2
    assert f"error: {told}" in done.stderr
    assert painter.drawn == []


LARGE = ("--size", "1024x1024", "--shown", "1024")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a fox", "--frames", "24", "--steps", "24"], "or fewer --frames"),
        ([" ".join(f"w{n}" for n in range(60)), "--steps", "2"], "or fewer words, with --word"),
    ],
)
def test_too_large_a_strip_is_told_before_the_work(sdgen, painter, words: list[str], told: str):
    done = sdgen("film", *words, *LARGE)
    assert done.exit_code == 2
    assert "error: the sheet would have " in done.stderr
    assert f"hint: a smaller --shown, {told}" in done.stderr
    assert painter.drawn == []


@pytest.mark.parametrize(
    "words",
    [["--steps", "2", *LARGE], ["--steps", "24", "--size", "256x256", "--shown", "1024"]],
)
def test_a_strip_is_measured_by_what_stands_on_it(sdgen, words: list[str]):
    """Few steps, or pictures that are no larger than the model draws them."""
    assert sdgen("film", "a fox", "--frames", "24", "--as", "none", *words).exit_code == 0


def test_a_missing_library_is_told_before_the_work(sdgen, painter, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = sdgen("film", "a red fox", "--as", "mp4")
    assert done.exit_code == 2
    assert "MP4 needs PyAV" in done.stderr
    assert painter.drawn == []


def test_a_film_that_is_there_is_kept(sdgen, painter):
    words = ("film", "a red fox", "--seed", "7", "--as", "none", "--no-words", "-o", "f")
    assert sdgen(*words).exit_code == 0
    done = sdgen(*words)
    assert done.exit_code == 5
    assert "f/picture.png exists" in done.stderr
    assert len(painter.drawn) == 1
    assert sdgen(*words, "--overwrite").exit_code == 0
