"""Looking through a folder for pictures: what is found, and that no link leads out."""

import os
from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files.walk import Found, find_pictures

RECORD = '{\n  "schema": "sdgen.image/1",\n'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


def fill(book: Path, *names: str) -> None:
    """Write files; the `.json` ones begin like a record."""
    for name in names:
        (book / name).parent.mkdir(parents=True, exist_ok=True)
        (book / name).write_text(RECORD if name.endswith(".json") else "pixels")


def look(book: Path) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Items, skipped and refused, by their names in the folder."""
    found: Found = find_pictures(book)
    shown = [str(path.relative_to(book)) for path in found.items]
    odd = ({str(p.relative_to(book)): why for p, why in part.items()}
           for part in (found.skipped, found.refused))  # fmt: skip
    return (shown, *odd)


def test_pictures_of_all_folders_in_the_order_of_paths(book):
    fill(book, "b.png", "a/c.webp", "a/b/d.JPG", "a.jpeg", "notes.txt", "a.jpeg.bak")
    assert look(book) == (["a/b/d.JPG", "a/c.webp", "a.jpeg", "b.png"], {}, {})


def test_a_record_counts_where_its_picture_is_gone(book):
    fill(book, "fox.png", "fox.json", "owl.json", "CAT.PNG", "CAT.json")
    assert look(book)[0] == ["CAT.PNG", "fox.png", "owl.json"]


def test_other_json_is_skipped_and_named(book):
    fill(book, "fox.png")
    (book / "labels.json").write_text('{"schema": "coco"}')
    (book / "empty.json").write_text("")
    reason = "is no record of sdgen"
    assert look(book) == (["fox.png"], {"empty.json": reason, "labels.json": reason}, {})


def test_hidden_files_and_folders_are_left_out(book):
    fill(book, ".sdgen/batch/x.png", ".fox.png.part", ".fox.png", "fox.png")
    assert look(book) == (["fox.png"], {}, {})


def test_links_that_lead_out_are_named_and_not_followed(book, tmp_path):
    fill(book, "fox.png")
    fill(tmp_path, "secret.png", "elsewhere/owl.png")
    (book / "out.png").symlink_to(tmp_path / "secret.png")
    (book / "away").symlink_to(tmp_path / "elsewhere")
    (book / "up").symlink_to("..")
    (book / "notes.txt").symlink_to(tmp_path / "secret.png")
    (book / "lost.png").symlink_to("/nowhere/at/all.png")
    reason = "is a link that leads out of the folder"
    names = ("away", "lost.png", "out.png", "up")
    assert look(book) == (["fox.png"], dict.fromkeys(names, reason), {})


def test_a_folder_whose_name_begins_alike_is_outside(book, tmp_path):
    fill(book, "fox.png")
    fill(tmp_path / "book2", "owl.png")
    (book / "owl.png").symlink_to("../book2/owl.png")
    assert look(book)[0] == ["fox.png"]


def test_links_inside_are_followed_once(book):
    fill(book, "a/fox.png", ".store/owl")
    (book / "same.png").symlink_to("a/fox.png")
    (book / "owl.png").symlink_to(".store/owl")
    (book / "b").symlink_to("a")
    (book / "a/loop").symlink_to("..")
    (book / "self.png").symlink_to("self.png")
    (book / "gone.png").symlink_to("a/none.png")
    items, skipped, refused = look(book)
    assert (items, skipped) == (["a/fox.png", "owl.png"], {})
    assert refused == dict.fromkeys(("gone.png", "self.png"), "is a link to nothing")


def test_what_is_read_together_with_a_link_that_leads_out_is_refused(book, tmp_path):
    fill(book, "fox.png", "owl.json")
    fill(tmp_path, "secret.json", "secret.png")
    (book / "fox.json").symlink_to(tmp_path / "secret.json")
    (book / "owl.png").symlink_to(tmp_path / "secret.png")
    items, skipped, refused = look(book)
    assert (items, list(skipped)) == ([], ["fox.json", "owl.png"])
    assert refused == {
        "fox.png": "fox.json beside it leads out of the folder",
        "owl.json": "owl.png beside it leads out of the folder",
    }


def test_a_pipe_is_refused_and_does_not_keep_us_waiting(book):
    fill(book, "fox.png")
    os.mkfifo(book / "owl.png")
    os.mkfifo(book / "cat.json")
    reason = "is not a regular file"
    assert look(book) == (["fox.png"], {}, {"cat.json": reason, "owl.png": reason})


def test_a_folder_that_cannot_be_read_is_told(book, monkeypatch):
    fill(book, "a/fox.png", "b/owl.png")
    listed = os.scandir

    def closed(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr("sdgen.files.walk.os.scandir", closed)
    assert look(book) == (["b/owl.png"], {}, {"a": "cannot be read (permission denied)"})


def test_a_deep_tree_is_no_trouble(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(Path(), "/".join("d" * 900) + "/fox.png")
    assert len(find_pictures(Path()).items) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "no such file"),
        ("fox.png", "not a directory"),
        ("a\0b", "null"),
        ("x" * 300, "long"),
    ],
)
def test_what_is_no_folder_is_bad_input(book, name, reason):
    fill(book, "fox.png")
    with pytest.raises(InputError) as caught:
        find_pictures(book / name)
    assert f"{name}: cannot be read (" in str(caught.value)
    assert reason in str(caught.value)


def test_the_folder_itself_may_be_a_link(book, tmp_path):
    fill(book, "fox.png")
    (tmp_path / "link").symlink_to("book")
    assert find_pictures(tmp_path / "link").items == [tmp_path / "link/fox.png"]
