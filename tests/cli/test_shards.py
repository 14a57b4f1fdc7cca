"""Shards in folders of their own: `batch status` tells of them, `batch merge` joins them."""

import json
import os
from pathlib import Path

import pytest

from sdgen.batch.state import open_state
from sdgen.errors import GenerationError
from sdgen.files import folders as folders_module
from tests.batch.conftest import job_ids, pictures

FOLDERS = ["s1", "s2", "s3"]


@pytest.fixture
def jobs() -> str:
    """Rows with seeds and without, one twice, and one that makes a folder."""
    rows = [f"fox {number}\n" for number in range(8)]
    Path("jobs.txt").write_text("".join([*rows, "fox 1\n", "bear --d 5\n"]))
    return "jobs.txt"


@pytest.fixture
def shards(sdgen, jobs) -> list[str]:
    """Three shards, drawn."""
    for part, folder in enumerate(FOLDERS, 1):
        assert sdgen("batch", jobs, "--shard", f"{part}/3", "-o", folder).exit_code == 0
    return FOLDERS


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:]]


def test_status_tells_done_failed_and_missing(sdgen, painter, jobs) -> None:
    painter.fail_on["fox 3"] = GenerationError("black")
    sdgen("batch", jobs, "--shard", "1/3", "-o", "s1")
    sdgen("batch", jobs, "--shard", "2/3", "-o", "s2")
    next(Path("s2").glob("*.png")).unlink()
    done = sdgen("batch", "status", "s1", "s2")
    assert (done.exit_code, done.stderr) == (0, "2 of 7 are to be drawn\n")
    assert rows(done.stdout) == [
        ["s1", "1/3", "4", "3", "1", "0"],
        ["s2", "2/3", "3", "2", "0", "1"],
    ]
    told = [
        json.loads(line) for line in sdgen("batch", "status", "s1", "--json").stdout.splitlines()
    ]
    assert told == [
        {"folder": "s1", "part": "1/3", "jobs": 4, "done": 3, "failed": 1, "missing": 0}
    ]
    painter.fail_on.clear()
    sdgen("batch", jobs, "--shard", "1/3", "-o", "s1")
    assert sdgen("batch", "status", "s1").stderr == "all done\n"


def test_shards_in_one_folder_are_told_apart(sdgen, jobs) -> None:
    sdgen("batch", jobs, "--shard", "2/2")
    sdgen("batch", jobs, "--limit", "3")
    done = sdgen("batch", "status", "outputs")
    assert rows(done.stdout) == [
        ["outputs", "2/2", "5", "5", "0", "0"], ["outputs", "1/1", "3", "3", "0", "0"],
    ]  # fmt: skip


@pytest.mark.parametrize("copy", [False, True])
def test_merged_shards_are_the_whole_and_the_command_finds_all_done(
    sdgen, painter, shards, copy: bool
) -> None:
    words = ("batch", "merge", *shards, "-o", "all", *(["--copy"] if copy else []))
    done = sdgen(*words)
    assert (done.exit_code, done.stderr) == (
        0, "10 pictures in all" + ("; 10 copied" if copy else "") + "\n",
    )  # fmt: skip
    merged = pictures(Path("all"))
    parts = [pictures(Path(folder)) for folder in shards]
    assert merged == {name: pixels for part in parts for name, pixels in part.items()}
    assert len(set(job_ids(Path("all")))) == 10
    drawn = len(painter.drawn)
    again = sdgen("batch", "jobs.txt", "-o", "all")
    assert (again.exit_code, len(painter.drawn)) == (0, drawn)
    assert "0 drawn, 10 done before" in again.stderr
    assert sdgen(*words).stderr == "10 pictures in all, 10 there before\n"
    assert sdgen("batch", "status", "all").stderr == "all done\n"


def test_a_merge_that_was_stopped_goes_on(sdgen, shards, monkeypatch) -> None:
    real = folders_module.OpenFolder.link_from
    left = 7

    def failing(self, path, name):
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return real(self, path, name)

    with monkeypatch.context() as patch:
        patch.setattr(folders_module.OpenFolder, "link_from", failing)
        stopped = sdgen("batch", "merge", *shards, "-o", "all")
    assert stopped.exit_code == 5
    assert "the disk is full" in stopped.stderr
    assert len(pictures(Path("all"))) == 3, "each with its record"
    assert sdgen("batch", "merge", *shards, "-o", "all").exit_code == 0
    assert len(pictures(Path("all"))) == 10


def test_another_disk_gets_copies(sdgen, shards, monkeypatch) -> None:
    real = os.link

    def other_disk(source, name, **words):
        if "src_dir_fd" in words:
            return real(source, name, **words)
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    assert "10 copied" in sdgen("batch", "merge", *shards, "-o", "all").stderr
    assert len(pictures(Path("all"))) == 10


def test_a_merge_of_some_parts_is_refused_and_writes_nothing(sdgen, shards) -> None:
    done = sdgen("batch", "merge", "s1", "s3", "-o", "all")
    assert (done.exit_code, Path("all").exists()) == (2, False)
    assert "  part 2/3 lacks 3\nerror: 3 of 10 pictures are in none of the folders\n" in done.stderr


@pytest.mark.parametrize(
    "other",
    [("other.txt", "--shard", "2/3"), ("jobs.txt", "--shard", "2/3", "--steps", "9"),
     ("jobs.txt", "--shard", "2/3", "--format", "webp"), ("jobs.txt",)],
)  # fmt: skip
def test_parts_of_other_batches_are_refused(sdgen, shards, other) -> None:
    Path("other.txt").write_text("a\nb\n")
    sdgen("batch", *other, "-o", "odd")
    done = sdgen("batch", "merge", "s1", "odd", "s3", "-o", "all")
    assert (done.exit_code, Path("all").exists()) == (2, False)
    assert "error: odd and s1 are not parts of one batch\n" in done.stderr


def test_a_picture_that_differs_between_folders_is_refused(sdgen, painter, shards) -> None:
    plain = painter.generate
    painter.generate = lambda settings, *rest: plain(
        settings.model_copy(update={"eta": 0.5}), *rest
    )
    sdgen("batch", "jobs.txt", "--shard", "2/3", "-o", "again")
    done = sdgen("batch", "merge", *shards, "again", "-o", "all")
    assert (done.exit_code, Path("all").exists()) == (2, False)
    assert "are of one job and differ" in done.stderr


def test_nothing_of_others_is_replaced(sdgen, shards) -> None:
    Path("all").mkdir()
    [bear] = [path.name for folder in shards for path in Path(folder).glob("bear*.png")]
    (Path("all") / bear).write_bytes(b"mine")
    done = sdgen("batch", "merge", *shards, "-o", "all")
    assert done.exit_code == 5
    assert f"all/{bear} is there, and is not of this batch" in done.stderr
    assert [path.name for path in Path("all").glob("*.*")] == [bear]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("status", "."), 2, "error: . has no batch in it"),
        (("status", "nowhere"), 2, "error: there is no folder nowhere\n"),
        (("merge", "s1", "nowhere", "-o", "all"), 2, "error: there is no folder nowhere\n"),
        (("merge", "s1", "s2", "s3", "-o", "s1"), 2, "error: s1 is one of the shards"),
        (("merge", "s1", "s2", "s3", "-o", "loopy"), 5, "error: cannot write loopy"),
        (("status", "s3://b/x"), 2, "error: s3://b/x is no folder on this disk\nhint: in object"),
        (("merge", "s1", "gs://b/x", "-o", "a"), 2, "error: gs://b/x is no folder on this disk"),
        (("merge", "s1", "s2", "-o", "s3://b/x"), 2, "on this disk\nhint: merge on a disk"),
    ],
)
def test_what_is_refused(sdgen, shards, words, code, told) -> None:
    Path("loopy").symlink_to("loopy")
    done = sdgen("batch", *words)
    assert done.exit_code == code
    assert told in done.stderr


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[]\n12345678", b"\xff\n", b'{"schema": 1}\n'])
def test_a_damaged_plan_is_told_and_written_anew(sdgen, shards, content: bytes) -> None:
    Path("s1/.sdgen/batch/plan-1-of-3.ids").write_bytes(content)
    done = sdgen("batch", "status", "s1")
    assert done.exit_code == 2
    assert "plan-1-of-3.ids is damaged, or of another version" in done.stderr
    sdgen("batch", "jobs.txt", "--shard", "1/3", "-o", "s1")
    assert sdgen("batch", "status", "s1").exit_code == 0


def test_a_folder_that_a_run_holds_is_code_8(sdgen, shards) -> None:
    Path("all").mkdir()
    with open_state(Path("all")):
        assert sdgen("batch", "merge", *shards, "-o", "all").exit_code == 8


def test_a_job_file_of_that_name_is_reached_by_its_path(sdgen) -> None:
    Path("status").write_text("a fox\n")
    assert sdgen("batch", "./status").exit_code == 0
