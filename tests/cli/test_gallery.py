import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def book(sdgen) -> Path:
    for seed in (1, 2):
        assert sdgen("a red fox", "--seed", seed, "-o", "book").exit_code == 0
    return Path("book")


def test_a_folder_becomes_a_page(sdgen, book: Path):
    done = sdgen("gallery", book)
    assert (done.exit_code, done.stdout) == (0, "gallery.html\n")
    text = Path("gallery.html").read_text()
    assert "<title>book</title>" in text
    assert '"source":"book/a-red-fox-1.png"' in text
    assert "a red fox" in text


def test_the_page_may_lie_in_the_folder_with_thumbnails_beside_it(sdgen, book: Path):
    words = ["gallery", book, "-o", "book/index.html", "--pictures", "beside"]
    for _ in range(2):  # the thumbnails of the first are no pictures of the second
        done = sdgen(*words, "--overwrite", "--json")
        assert json.loads(done.stdout)["pictures"] == 2
    assert len(list(Path("book/index-thumbnails").iterdir())) == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], 2, "there is no picture to show"),
        (["empty"], 2, "no picture in empty"),
        (["book", "-o", "page.txt"], 2, "page.txt is no .html file"),
        (["book", "-o", "taken.html"], 5, "taken.html exists"),
        (["book", "--pictures", "nowhere"], 2, "unknown --pictures 'nowhere'"),
        (["book", "--port", "1"], 2, "--port is for --serve"),
        (["book", "--serve", "-o", "page.html"], 2, "--serve writes nothing"),
        (["nowhere", "--serve"], 2, "nowhere: there is no such file or folder"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(sdgen, book, words: list[str], code: int, told: str):
    Path("empty").mkdir()
    Path("taken.html").touch()
    done = sdgen("gallery", *words)
    assert done.exit_code == code
    assert f"error: {told}" in done.stderr


def test_a_damaged_picture_is_told_and_the_rest_is_shown(sdgen, book: Path):
    (book / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    done = sdgen("gallery", book)
    assert done.exit_code == 3
    assert "error: 1 of 3 pictures could not be read" in done.stderr
    assert Path("gallery.html").exists()


def test_serving_ends_with_ctrl_c_and_is_no_failure(sdgen, book: Path):
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.painted_app", "gallery", "book", "--serve", "--port=0"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"a red fox" in page.read()
        taken = sdgen("gallery", "book", "--serve", "--port", address.split(":")[2].strip("/"))
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    assert taken.exit_code == 2
    assert "cannot be had" in taken.stderr
    assert "--port 0 takes a free one" in taken.stderr
