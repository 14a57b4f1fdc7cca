"""Places that cannot be written to: code 5, one line, told before the work where it can be."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sdgen import models
from tests.cli.processes import PAINTED, run

PLACES = {
    "taken": "there is a file where a folder is needed",
    "taken/deeper": "a part of the path is a file",
    "/dev/null": "there is a file where a folder is needed",
    "/proc/sdgen": "cannot write /proc/sdgen",
    "é" * 200: "the name is too long",
    "é" * 200 + ".png": "the name is too long",
    "a" * 5000 + "/fox.png": "the name is too long",
    "loop": "there is a file where a folder is needed",
    "dangling/fox.png": "there is a file where a folder is needed",
    "folder.png/../taken/fox.png": "there is a file where a folder is needed",
}


@pytest.fixture(autouse=True)
def _places() -> None:
    Path("taken").write_text("mine")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    Path("folder.png").mkdir()


CASES = [
    (command, place)
    for command in ("a fox", "batch jobs.txt")
    for place in PLACES
    if command == "a fox" or not place.endswith(".png")  # a batch wants a folder
]


@pytest.mark.parametrize(("command", "place"), CASES, ids=lambda text: text[:24])
def test_a_place_that_cannot_be_is_told_before_the_work(sdgen, painter, jobs, command, place):
    words = ["a fox"] if command == "a fox" else command.split()
    done = sdgen(*words, "-o", place)
    assert (done.exit_code, done.stdout, painter.drawn) == (5, "", [])
    assert PLACES[place] in done.stderr
    assert Path("taken").read_text() == "mine"


def test_a_folder_called_like_a_picture_is_a_folder(sdgen):
    assert sdgen("a fox", "--seed", "1", "-o", "folder.png").stdout == "folder.png/a-fox-1.png\n"


def test_a_linked_folder_is_followed_and_a_linked_picture_is_not(sdgen, painter):
    Path("there").mkdir()
    Path("link").symlink_to("there")
    Path("fox.png").symlink_to("taken")
    assert sdgen("a fox", "-o", "link").exit_code == 0
    assert list(Path("there").glob("*.png"))
    done = sdgen("a fox", "-o", "fox.png", "--overwrite")
    assert (done.exit_code, len(painter.drawn)) == (5, 1)
    assert "it is a symbolic link" in done.stderr
    assert Path("taken").read_text() == "mine"


@pytest.mark.parametrize("words", [["a fox"], ["batch", "jobs.txt"]], ids=lambda words: words[0])
def test_a_limit_on_file_sizes_leaves_nothing_behind(jobs, words: list[str]):
    done = run("sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *PAINTED, *words, "--size", "512x512")
    assert done.returncode == 5
    assert "the file would be larger than is allowed here" in done.stderr
    assert [path for path in Path("outputs").glob("*") if path.is_file()] == []


@contextmanager
def nobody() -> Iterator[None]:
    """Somebody without rights; root is not held by permissions, others are."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_a_folder_that_is_not_ours_is_told(sdgen, painter):
    Path("theirs").mkdir(mode=0o555)
    with nobody():
        done = sdgen("a fox", "-o", "theirs")
    assert (done.exit_code, painter.drawn) == (5, [])
    assert "no permission" in done.stderr


CLOSED = (
    ["show", "closed/fox.png"], ["reproduce", "closed/fox.png"], ["reproduce", "closed"],
    ["batch", "closed/jobs.txt"], ["a fox", "-c", "closed/fox.yaml"], ["diff", "closed/a", "b"],
    ["a fox", "-o", "closed/deeper"], ["a fox", "-o", "closed/fox.png"], ["doctor", "--quick"],
    ["configs", "list"], ["configs", "show", "closed/fox.yaml"], ["models", "info", "closed/model"],
)  # fmt: skip


@pytest.mark.parametrize("words", CLOSED, ids=" ".join)
def test_a_closed_folder_is_one_line_and_no_bug(sdgen, painter, monkeypatch, words: list[str]):
    """The home folder is closed too, as under `sudo -u`."""
    sdgen(*words)  # what it imports may lie in a folder closed to nobody
    painter.drawn.clear()
    Path("closed").mkdir(exist_ok=True)
    Path("closed").chmod(0o000)
    monkeypatch.setenv("HOME", str(Path("closed").absolute()))
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable)
    monkeypatch.setattr("sdgen.models.find_model", models.find_model.__wrapped__)
    with nobody():
        done = sdgen(*words)
    Path("closed").chmod(0o700)
    assert done.exit_code in (0, 2, 4, 5)
    assert (done.exit_code == 0) == (words[0] in ("doctor", "configs") and len(words) == 2)
    assert not painter.drawn


@pytest.mark.parametrize(
    "words",
    [["a fox"], ["a fox", "-n", "2", "--micro-batch", "1"], ["a fox", "-o", "outputs/fox.png"],
     ["a fox", "-o", "outputs/fox.png", "--overwrite"], ["reproduce", "drawn.png", "-o", "outputs"],
     ["reproduce", "drawn.png", "--steps", "2"]],
    ids=" ".join,
)  # fmt: skip
def test_a_folder_swapped_for_a_link_while_drawing_is_not_followed(
    sdgen, painter, monkeypatch, words: list[str]
):
    assert sdgen("a fox", "-o", "drawn.png", "--seed", "1").exit_code == 0
    Path("elsewhere").mkdir()
    draw = painter.generate

    def draw_and_swap(*args):
        Path("outputs").rename("moved")
        Path("outputs").symlink_to("elsewhere")
        monkeypatch.setattr(painter, "generate", draw)
        return draw(*args)

    monkeypatch.setattr(painter, "generate", draw_and_swap)
    done = sdgen(*words)
    assert (done.exit_code, list(Path("elsewhere").iterdir())) == (5, [])
    assert done.stderr.splitlines()[-2].startswith("error: cannot write outputs/")
    assert "a part of the path is a file or a link" in done.stderr
