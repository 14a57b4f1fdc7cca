import json
from pathlib import Path

import pytest
from PIL import Image

from sdgen.gallery.entries import entry_of
from tests.cli.pictures import strip


@pytest.fixture
def book(sdgen) -> Path:
    """Three pictures, one of them without a record."""
    for seed in (1, 2, 3):
        assert sdgen("a red fox", "--seed", seed, "-o", "book").exit_code == 0
    Path("book/a-red-fox-3.json").unlink()
    strip(Path("book/a-red-fox-3.png"))
    return Path("book")


def test_a_folder_becomes_one_picture(sdgen, book: Path):
    done = sdgen("contact-sheet", book, "-o", "sheet.png")
    assert (done.exit_code, done.stdout) == (0, "sheet.png\n")
    assert "3 pictures on " in done.stderr
    with Image.open("sheet.png") as sheet:
        assert sheet.width == 2 * 74 + 10 + 74


def test_a_sheet_is_not_a_picture_of_the_next_one(sdgen, book: Path):
    sdgen("contact-sheet", book, "-o", "book/sheet.png")
    done = sdgen("contact-sheet", book, "-o", "again.png", "--json")
    assert json.loads(done.stdout) == {"sheet": "again.png", "pictures": 3, "failed": 0}
    assert entry_of(Path("book/sheet.png")) is None


@pytest.mark.parametrize("label", ["prompt", "seed", "name", "none"])
def test_the_words_may_be_chosen(sdgen, book: Path, label: str):
    assert sdgen("contact-sheet", book, "-o", "s.webp", "--label", label).exit_code == 0
    with Image.open("s.webp") as sheet:
        assert sheet.format == "WEBP"
        assert (sheet.height == 74 + 10) == (label == "none")


def test_a_damaged_picture_is_told_and_the_rest_is_shown(sdgen, book: Path):
    (book / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    done = sdgen("contact-sheet", book)
    assert done.exit_code == 3
    assert "warning: book/broken.png: " in done.stderr
    assert "error: 1 of 4 pictures could not be read" in done.stderr
    assert Path("contact-sheet.png").exists()


def test_a_sheet_that_is_there_is_kept(sdgen, book: Path):
    Path("sheet.png").write_text("mine")
    done = sdgen("contact-sheet", book, "-o", "sheet.png")
    assert (done.exit_code, Path("sheet.png").read_text()) == (5, "mine")
    assert "sheet.png exists" in done.stderr
    assert sdgen("contact-sheet", book, "-o", "sheet.png", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "no picture in nowhere"),
        (["."], "no picture in ."),
        ([".", "-o", "sheet.gif"], "sheet.gif has no suffix of a picture"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(sdgen, words: list[str], told: str):
    done = sdgen("contact-sheet", *words)
    assert done.exit_code == 2
    assert f"error: {told}" in done.stderr


def test_a_sheet_may_be_avif(sdgen, book: Path):
    assert sdgen("contact-sheet", book, "-o", "s.avif").exit_code == 0
    with Image.open("s.avif") as sheet:
        assert sheet.format == "AVIF"
    assert ".avif" in sdgen("contact-sheet", "--help").stdout


def test_too_large_a_sheet_names_the_flag(sdgen, book: Path, monkeypatch):
    monkeypatch.setattr("sdgen.gallery.sheet.MOST_SIDE", 100)
    done = sdgen("contact-sheet", book)
    assert done.exit_code == 2
    assert "hint: a smaller --size, or fewer pictures" in done.stderr
