"""`sdgen reproduce --all`: every picture of a tree, a line each, a summary, and the exit codes."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from PIL import Image

from sdgen.errors import GenerationError, ModelError
from sdgen.files.encoding import encode
from sdgen.files.images import read_record_of
from sdgen.files.lockfile import write_lock
from sdgen.metadata.record import pixels_sha256
from sdgen.models.lock import lock_of
from tests.cli.pictures import strip, tamper
from tests.fakes import FAKE_MODEL, find_fake

BOOK = Path("book")


@pytest.fixture
def book(sdgen, painter) -> Path:
    """Three pictures in a tree, and a record whose picture is gone."""
    for words, place in (("a red fox", "a/b"), ("a blue fox", "a"), ("a fox", "."), ("two", "z")):
        assert sdgen(words, "--seed", "7", "-o", BOOK / place).exit_code == 0
    (BOOK / "z/two-7.png").unlink()
    painter.drawn.clear()
    return BOOK


ITEMS = ["book/a/a-blue-fox-7.png", "book/a/b/a-red-fox-7.png", "book/a-fox-7.png",
         "book/z/two-7.json"]  # fmt: skip


def kinds(told: str) -> list[str]:
    return [line.split(": ")[0] for line in told.splitlines()]


def test_every_picture_of_a_tree_has_a_line_in_the_order_of_paths(sdgen, book, painter):
    done = sdgen("reproduce", "--all", book)
    assert (done.exit_code, done.stderr) == (0, "4 identical\n")
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [
        ["identical", path] for path in ITEMS
    ]
    assert len(painter.drawn) == 4
    assert len(list(book.rglob("*"))) == 10, "nothing is kept"


def test_json_is_a_line_a_picture_and_a_summary(sdgen, book):
    tamper(book / "a-fox-7.png")
    done = sdgen("reproduce", book, "--all", "--json")
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert [line["image"] for line in lines] == ITEMS
    assert [line["verdict"] for line in lines] == ["identical"] * 2 + ["different", "identical"]
    assert last == {"summary": {
        "identical": 3, "equivalent": 0, "unchecked": 0, "different": 1, "failed": 0,
        "skipped": 0, "not_reached": 0,
    }}  # fmt: skip
    assert json.loads(done.stderr)["error"]["exit_code"] == done.exit_code == 7


def test_one_that_differs_is_code_7(sdgen, book):
    tamper(book / "a-fox-7.png")
    (book / "a/a-blue-fox-7.png").write_bytes(b"")
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 7
    assert sorted(kinds(done.stdout)) == ["different", "failed", "identical", "identical"]
    assert done.stderr.splitlines() == [
        "2 identical, 1 different, 1 failed", "error: 1 of 4 came out different",
    ]  # fmt: skip


def test_one_that_cannot_be_tried_is_code_3_and_does_not_end_the_others(sdgen, book, painter):
    painter.fail_on["a blue fox"] = GenerationError("came out as NaN")
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 3
    assert "failed: book/a/a-blue-fox-7.png: came out as NaN" in done.stdout
    assert kinds(done.stdout).count("identical") == 3
    assert done.stderr.endswith("error: 1 of 4 could not be tried\n")


def test_a_model_that_is_not_here_is_code_3_for_its_pictures(sdgen, book, monkeypatch):
    def find(name: str):
        raise ModelError(f"no model {name!r} here")

    monkeypatch.setattr("sdgen.replay.find_model", find)
    done = sdgen("reproduce", "--all", book)
    assert (done.exit_code, kinds(done.stdout)) == (3, ["failed"] * 4)


@pytest.mark.parametrize(
    "damage", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"not a picture", None], ids=repr
)
def test_a_damaged_picture_or_record_cannot_be_tried(sdgen, book, damage):
    if damage is None:
        record = book / "z/two-7.json"
        record.write_text(record.read_text()[:300])
    else:
        (book / "a-fox-7.png").write_bytes(damage)
        (book / "a-fox-7.json").unlink()
    done = sdgen("reproduce", "--all", book)
    assert (done.exit_code, kinds(done.stdout).count("failed")) == (3, 1)


def test_what_has_no_record_is_named_and_counted_and_fails_only_when_strict(sdgen, book):
    strip(book / "a-fox-7.png")
    (book / "a-fox-7.json").unlink()
    (book / "labels.json").write_text("{}")
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 0
    assert "skipped: book/a-fox-7.png: has no record of sdgen\n" in done.stdout
    assert "skipped: book/labels.json: is no record of sdgen\n" in done.stdout
    assert done.stderr == "3 identical, 2 skipped\n"
    skipped = [one for line in sdgen("reproduce", "--all", book, "--json").stdout.splitlines()
               if "skipped" in (one := json.loads(line))]  # fmt: skip
    assert [one["verdict"] for one in skipped] == [None, None]
    strict = sdgen("reproduce", "--all", book, "--strict")
    assert strict.exit_code == 3
    assert strict.stderr.endswith("error: 2 without a record below book\n")


def test_a_record_beside_is_as_good_as_one_inside_and_a_broken_one_is_told(sdgen, book):
    strip(book / "a-fox-7.png")
    assert sdgen("reproduce", "--all", book).exit_code == 0
    sidecar = book / "a-fox-7.json"
    sidecar.write_text(sidecar.read_text()[:300])
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 3
    assert "failed: book/a-fox-7.png: book/a-fox-7.json: not valid JSON" in done.stdout


def test_a_tree_without_any_record_is_bad_input(sdgen):
    BOOK.mkdir()
    done = sdgen("reproduce", "--all", BOOK)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error: nothing below book has a record to draw again from\n"
    Image.new("RGB", (8, 8)).save(BOOK / "foreign.png")
    assert sdgen("reproduce", "--all", BOOK).exit_code == 2
    assert sdgen("reproduce", "--all", BOOK, "--strict").exit_code == 3


def test_links_are_not_followed_out_of_the_folder(sdgen, book, tmp_path):
    sdgen("a secret", "--seed", "1", "-o", tmp_path / "private")
    (book / "link.png").symlink_to(tmp_path / "private/a-secret-1.png")
    (book / "folder").symlink_to(tmp_path / "private")
    done = sdgen("reproduce", "--all", book)
    assert (done.exit_code, kinds(done.stdout).count("identical")) == (0, 4)
    assert kinds(done.stdout).count("skipped") == 2
    assert "secret" not in done.stdout
    assert sdgen("reproduce", "--all", book, "--strict").exit_code == 3


def test_check_draws_nothing(sdgen, book, painter):
    done = sdgen("reproduce", "--all", book, "--check")
    assert (done.exit_code, painter.drawn) == (0, [])
    assert done.stderr == "4 unchecked\n"
    tamper(book / "a-fox-7.png")
    assert sdgen("reproduce", "--all", book, "--check").exit_code == 7


def test_tolerance_draws_the_line(sdgen, book):
    picture = book / "a-fox-7.png"
    record = read_record_of(picture)
    with Image.open(picture) as image:
        image.load()
    level = image.getpixel((0, 0))
    image.putpixel((0, 0), (level[0] ^ 1, *level[1:]))
    other = record.image.model_copy(update={"sha256": pixels_sha256(image)})
    picture.write_bytes(encode(image, record.model_copy(update={"image": other}), "png"))
    assert sdgen("reproduce", "--all", book).stderr.splitlines()[-1].startswith("3 identical, 1 e")
    assert sdgen("reproduce", "--all", book, "--tolerance", "0").exit_code == 7


def with_model(path: Path, name: str) -> None:
    """Let the record beside the picture, which is removed, name another model."""
    sidecar = path.with_suffix(".json")
    sidecar.write_text(sidecar.read_text().replace('"model": "fake"', f'"model": "{name}"'))
    path.unlink(missing_ok=True)


def test_pictures_of_one_model_are_drawn_together(sdgen, book, painter):
    with_model(book / "a/a-blue-fox-7.png", "alpha")
    with_model(book / "a/b/a-red-fox-7.png", "beta")
    with_model(book / "a-fox-7.png", "alpha")
    with_model(book / "z/two-7.png", "beta")
    sdgen("reproduce", "--all", book)
    assert [settings.model for settings in painter.drawn] == ["alpha", "alpha", "beta", "beta"]


def test_model_says_where_the_model_of_its_name_is(sdgen, book, monkeypatch):
    asked = []

    def find(name: str):
        asked.append(name)
        return find_fake(name)

    monkeypatch.setattr("sdgen.replay.find_model", find)
    with_model(book / "a/a-blue-fox-7.png", "alpha")
    sdgen("reproduce", "--all", book, "--model", "models/alpha/")
    assert asked == ["models/alpha/", "fake", "fake", "fake"]
    asked.clear()
    sdgen("reproduce", "--all", book, "--model", "models/renamed")
    assert set(asked) == {"models/renamed"}, "none has that name, so it is meant for all"


def test_several_folders_are_one_check(sdgen, book):
    done = sdgen("reproduce", "--all", book / "z", book / "a")
    assert done.stderr == "3 identical\n"
    assert kinds(done.stdout) == ["identical"] * 3


def test_an_interruption_tells_what_was_done_so_far(sdgen, book, painter, monkeypatch):
    whole = painter.generate

    def generate(settings, *rest):
        if len(painter.drawn) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return whole(settings, *rest)

    monkeypatch.setattr(painter, "generate", generate)
    (book / "empty.png").touch()
    done = sdgen("reproduce", "--all", book)
    assert done.exit_code == 130
    assert kinds(done.stdout) == ["failed", "identical", "identical"]
    assert done.stderr == (
        "2 identical, 1 failed, 2 not reached\nerror: stopped; 3 of 5 pictures tried\n"
    )
    painter.drawn.clear()
    last = sdgen("reproduce", "--all", book, "--json").stdout.splitlines()[-1]
    assert json.loads(last)["summary"]["not_reached"] == 2


def test_locked_holds_for_each_picture_and_for_the_versions_first(sdgen, book, painter):
    lock = lock_of([FAKE_MODEL])
    write_lock(Path("sdgen.lock"), lock)
    assert sdgen("reproduce", "--all", book, "--locked").exit_code == 0
    write_lock(Path("sdgen.lock"), lock_of([]))
    done = sdgen("reproduce", "--all", book, "--locked")
    assert (done.exit_code, kinds(done.stdout)) == (3, ["failed"] * 4)
    assert "the model fake is not in the lock" in done.stdout
    versions = {**lock.versions, "torch": "1.13"}
    write_lock(Path("sdgen.lock"), lock.model_copy(update={"versions": versions}))
    done = sdgen("reproduce", "--all", book, "--locked")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "torch 1.13 → " in done.stderr


REFUSED = {
    ("--all",): "missing argument",
    ("--all", "nowhere"): "nowhere: cannot be read (no such file or directory)",
    ("--all", "book/a-fox-7.png"): "book/a-fox-7.png: cannot be read (not a directory)",
    ("--all", "book", "--steps", "4"): "--all is a check",
    ("--all", "book", "-o", "x"): "--all is a check",
    ("--all", "book", "--check", "-o", "x"): "--check draws nothing",
    ("--all", "book", "--overwrite"): "add --output",
    ("book", "--strict"): "--strict is for --all",
    ("--all", "book", "--locked"): "sdgen.lock: there is no such file",
    ("--all", "book", "--lock-file", "x"): "add --locked",
}


@pytest.mark.parametrize(("words", "reason"), REFUSED.items(), ids=map(" ".join, REFUSED))
def test_what_is_refused(sdgen, book, painter, words: tuple[str, ...], reason: str):
    done = sdgen("reproduce", *words)
    assert (done.exit_code, done.stdout, painter.drawn) == (2, "", [])
    assert reason in done.stderr
    assert done.stderr.startswith("error: ")


def test_a_tree_that_a_batch_wrote_comes_out_again(sdgen, jobs):
    sdgen("batch", jobs, "-o", "book", "--name", "{seed}/{prompt}")
    shutil.copytree("book", "copy")
    done = sdgen("reproduce", "--all", "copy", "--strict", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert kinds(done.stdout) == ["identical"] * 3
