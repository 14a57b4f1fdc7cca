"""`sdgen find`: what it lists, in which form and order, and what its index survives."""

import io
import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from sdgen.cli import app
from sdgen.files import index
from tests.metadata.formats.pictures import png

TEXT = (
    "a blue owl\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Version: v1.10.1"
)


@pytest.fixture
def pictures(sdgen) -> None:
    """Two foxes of ours and an owl of another program's."""
    for seed, steps in ((1, 4), (2, 30)):
        sdgen("a red fox", "--seed", seed, "--steps", steps, "-o", "mine")
    Path("other").mkdir()
    Path("other/owl.png").write_bytes(png({"parameters": TEXT}))


def paths_of(done) -> list[str]:
    return done.stdout.splitlines()


def test_lists_what_matches_as_a_table(sdgen, pictures):
    done = sdgen("find", "steps>20 and (sampler~euler or fox)")
    assert done.exit_code == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["picture", "model", "scheduler", "steps", "seed", "size", "prompt"]
    assert [row.split()[0] for row in rows] == ["mine/a-red-fox-2.png", "other/owl.png"]
    assert rows[0].endswith("a red fox")


def test_bare_paths_are_for_other_programs(sdgen, pictures):
    assert paths_of(sdgen("find", "fox", "mine", "--paths")) == [
        "mine/a-red-fox-1.png", "mine/a-red-fox-2.png"
    ]  # fmt: skip


def test_json_is_an_object_for_each(sdgen, pictures):
    values = [json.loads(line) for line in sdgen("find", "", "--json").stdout.splitlines()]
    assert [value["path"] for value in values] == [
        "mine/a-red-fox-1.png", "mine/a-red-fox-2.png", "other/owl.png"
    ]  # fmt: skip
    assert (values[2]["tool"], values[2]["steps"]) == ("AUTOMATIC1111", 30)


def test_order_and_number(sdgen, pictures):
    done = sdgen("find", "", "--sort", "steps", "--reverse", "--limit", "2", "--paths")
    assert paths_of(done) == ["mine/a-red-fox-2.png", "other/owl.png"]
    assert done.stderr == "2 of 3\n"
    assert paths_of(sdgen("find", "", "--sort=seed", "--paths"))[-1] == "mine/a-red-fox-2.png"


def test_nothing_found_is_no_failure(sdgen, pictures):
    done = sdgen("find", "zebra")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "none of 3 pictures is so\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["steps>"], "steps> has no value"), (["stepz=3"], "no field 'stepz'"),
        (["fox", "none"], "none: cannot be read"), (["mine"], "the query comes first"),
        (["fox", "--sort", "wobble"], "no field 'wobble'"), (["fox", "--limit", "0"], "--limit"),
        (["fox", "--json", "--paths"], "but not both"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(sdgen, pictures, words, message):
    done = sdgen("find", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[0]


def reads(monkeypatch) -> list[Path]:
    """The pictures that are really read from now on."""
    read: list[Path] = []
    plain = index.read_recipe_of

    def counted(path):
        read.append(path)
        return plain(path)

    monkeypatch.setattr(index, "read_recipe_of", counted)
    return read


def test_what_did_not_change_is_read_once(sdgen, pictures, monkeypatch):
    read = reads(monkeypatch)
    sdgen("find", "")
    assert len(read) == 3
    sdgen("find", "")
    assert len(read) == 3
    sdgen("find", "", "--rebuild")
    assert len(read) == 6


def test_changed_pictures_and_files_beside_them_are_read_again(sdgen, pictures, monkeypatch):
    Path("other/bare.png").write_bytes(png())
    sdgen("find", "")
    read = reads(monkeypatch)
    Path("other/owl.png").write_bytes(png({"parameters": TEXT.replace("owl", "bear")}))
    Path("other/bare.txt").write_text(TEXT.replace("owl", "hare"))
    assert paths_of(sdgen("find", "bear or hare", "--paths")) == ["other/bare.png", "other/owl.png"]
    assert sorted(path.name for path in read) == ["bare.png", "owl.png"]


def test_pictures_that_are_gone_are_forgotten(sdgen, pictures):
    sdgen("find", "")
    Path("other/owl.png").unlink()
    Path("other/x.png").write_bytes(png())
    assert paths_of(sdgen("find", "owl", "--paths")) == []
    with sqlite3.connect(index.index_file()) as store:
        keys = [os.fsdecode(key) for (key,) in store.execute("SELECT path FROM pictures")]
    assert not [key for key in keys if key.endswith("owl.png")]


def test_a_damaged_picture_whose_name_is_no_utf8_is_told_each_time(sdgen, pictures):
    Path(os.fsdecode(b"f\xff.png")).write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for _ in range(2):  # read, then known
        done = sdgen("find", "owl", "--paths")
        assert (done.exit_code, paths_of(done)) == (0, ["other/owl.png"])
        assert "warning: f\\udcff.png" in done.stderr


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: b"no database" * 50, lambda data: data[:5000],
     lambda data: data[:4096] + b"\xff" * (len(data) - 4096)],
    ids=["empty", "text", "cut", "overwritten"],
)  # fmt: skip
def test_a_damaged_index_is_made_again(sdgen, pictures, damage):
    sdgen("find", "")
    file = index.index_file()
    file.write_bytes(damage(file.read_bytes()))
    done = sdgen("find", "owl", "--paths")
    assert (done.exit_code, paths_of(done)) == (0, ["other/owl.png"])
    assert done.stderr in ("", "warning: the index of pictures was damaged; it is made again\n")
    again = sdgen("find", "owl", "--paths")
    assert (again.stderr, paths_of(again)) == ("", ["other/owl.png"])


def test_an_index_of_another_version_is_made_again_in_silence(sdgen, pictures, monkeypatch):
    sdgen("find", "")
    monkeypatch.setattr(index, "_VERSION", "another")
    read = reads(monkeypatch)
    assert sdgen("find", "").stderr == ""
    assert len(read) == 3


def test_an_index_that_cannot_be_kept_costs_time_only(sdgen, pictures):
    index.index_file().parent.mkdir(parents=True, exist_ok=True)
    index.index_file().mkdir()
    done = sdgen("find", "owl", "--paths")
    assert (done.exit_code, paths_of(done)) == (0, ["other/owl.png"])
    assert "warning: the index of pictures cannot be kept in" in done.stderr


def test_an_index_that_another_run_writes_is_left_to_it(sdgen, pictures, monkeypatch):
    sdgen("find", "")
    plain = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: plain(path, timeout=0.01))
    other = plain(index.index_file())
    other.execute("BEGIN EXCLUSIVE")
    done = sdgen("find", "owl", "--paths")
    assert (done.exit_code, paths_of(done)) == (0, ["other/owl.png"])
    assert "cannot be kept" in done.stderr
    other.rollback()
    assert other.execute("SELECT count(*) FROM pictures").fetchone() == (3,)


def test_pictures_that_cannot_be_read_are_told_and_left_out(sdgen, pictures):
    Path("other/cut.png").write_bytes(png({"parameters": TEXT})[:60])
    done = sdgen("find", "not prompt~zebra", "--paths")
    assert len(paths_of(done)) == 3
    assert "cut.png" in done.stderr
    for _ in range(7):
        Path(f"other/cut{_}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "and 3 more that cannot be read" in sdgen("find", "").stderr


def test_a_stop_keeps_what_was_read(sdgen, pictures, monkeypatch):
    plain = index.read_recipe_of

    def stopping(path):
        if path.name == "owl.png":
            raise KeyboardInterrupt
        return plain(path)

    monkeypatch.setattr(index, "read_recipe_of", stopping)
    assert sdgen("find", "").exit_code == 130
    monkeypatch.setattr(index, "read_recipe_of", plain)
    read = reads(monkeypatch)
    sdgen("find", "")
    assert [path.name for path in read] == ["owl.png"]


def test_names_send_nothing_to_the_terminal(sdgen):
    Path("a\x1b[31m.png").write_bytes(png({"parameters": TEXT}))
    assert "\x1b" not in sdgen("find", "").stdout
    assert "\x1b" not in sdgen("find", "", "--paths").stdout


def test_nul_behind_each_path_keeps_names_as_they_are(sdgen, monkeypatch):
    Path("a\nb.png").write_bytes(png({"parameters": TEXT}))
    stdout = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", stdout)
    assert app.run(["find", "owl", "-0"]) == 0
    assert stdout.buffer.getvalue() == b"a\nb.png\0"
