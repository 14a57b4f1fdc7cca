"""Wildcards: lines from files of one folder, and of no other place."""

from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files.wildcards import Wildcards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "wild"
    (inside / "animal").mkdir(parents=True)
    (inside / "colour.txt").write_text("\ufeffred\r\n\n# not this\n  blue  \n", encoding="utf-8")
    (inside / "animal/cat-2.txt").write_text("lynx")
    (inside / "颜色.txt").write_text("红", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret")
    return inside


def test_lines_are_what_is_said(folder):
    wildcards = Wildcards(folder)
    assert wildcards("colour") == ["red", "blue"]
    assert wildcards("animal/cat-2") == ["lynx"]
    assert wildcards("颜色") == ["红"]


def test_a_file_is_read_once(folder):
    wildcards = Wildcards(folder)
    wildcards("colour")
    (folder / "colour.txt").write_text("green")
    assert wildcards("colour") == ["red", "blue"]


@pytest.mark.parametrize(
    "name",
    ["../secret", "animal/../../secret", "/etc/passwd", "./colour", "animal//cat-2", "a\\b", "",
     "colour.txt", "~", "animal/", "animal", "C:colour", "x" * 300, "*"],
)  # fmt: skip
def test_a_name_leads_nowhere_else(folder, name):
    with pytest.raises(InputError, match="there is no wildcard"):
        Wildcards(folder)(name)


def test_no_link_leads_out_of_the_folder(folder):
    (folder / "out.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "up").symlink_to(folder.parent)
    (folder / "ring.txt").symlink_to(folder / "ring.txt")
    for name in ("out", "up/secret", "ring"):
        with pytest.raises(InputError, match="there is no wildcard"):
            Wildcards(folder)(name)


def test_a_link_inside_the_folder_is_followed(folder):
    (folder / "same.txt").symlink_to(folder / "colour.txt")
    assert Wildcards(folder)("same") == ["red", "blue"]


def test_a_slip_gets_the_nearest_name(folder):
    with pytest.raises(InputError) as caught:
        Wildcards(folder)("color")
    assert caught.value.hint == "did you mean colour?"


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "has no lines"), (b"\n# a\n", "has no lines"), (b"\xff\xfea\0", "UTF-16"),
     (b"caf\xe9", "is not UTF-8"), (b"x" * (4 * 2**20 + 1), "is larger than 4 MiB")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told(folder, content, told):
    (folder / "bad.txt").write_bytes(content)
    with pytest.raises(InputError, match="the wildcard 'bad'") as caught:
        Wildcards(folder)("bad")
    assert told in str(caught.value)


def test_a_folder_that_is_none_is_told(folder):
    for path in (folder / "nothing", folder / "colour.txt"):
        with pytest.raises(InputError, match="there is no folder of wildcards"):
            Wildcards(path)
