"""The lock file on disk: stable, whole or not there, and never read on faith."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sdgen.errors import InputError, OutputError
from sdgen.files import folders
from sdgen.files.lockfile import lock_text, read_lock, write_lock
from sdgen.models.lock import Lock, LockedModel
from tests.files.broken import FailingOs

LOCK = Lock(
    versions={"python": "3.11.7", "torch": "2.13.0"},
    models={"狐狸": LockedModel(pipeline="StableDiffusionPipeline", files={"unet/a": "0" * 64})},
)
TEXT = """{
  "schema": "sdgen.lock/1",
  "versions": {
    "python": "3.11.7",
    "torch": "2.13.0"
  },
  "models": {
    "狐狸": {
      "pipeline": "StableDiffusionPipeline",
      "files": {
        "unet/a": "0000000000000000000000000000000000000000000000000000000000000000"
      }
    }
  }
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sdgen.lock"


def test_a_lock_comes_back_as_it_was_written(path: Path):
    assert write_lock(path, LOCK)
    assert path.read_text(encoding="utf-8") == TEXT == lock_text(LOCK)
    assert read_lock(path) == LOCK


def test_an_equal_lock_is_not_written_again(path: Path):
    write_lock(path, LOCK)
    before = path.stat()
    assert not write_lock(path, LOCK)
    after = path.stat()  # reading it may change the time of access
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_lock_replaces_it(path: Path):
    write_lock(path, LOCK)
    other = LOCK.model_copy(update={"versions": {}})
    assert write_lock(path, other)
    assert read_lock(path) == other


def test_a_lock_that_a_merge_damaged_can_be_replaced(path: Path):
    path.write_text("<<<<<<< ours\n" + TEXT)
    assert write_lock(path, LOCK)
    assert read_lock(path) == LOCK


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_write_that_fails_leaves_the_old_lock_whole(path: Path, monkeypatch, code: int):
    write_lock(path, LOCK)
    other = LOCK.model_copy(update={"versions": {}})
    failures = 0
    for fail_at in range(1, 100):
        broken = FailingOs(fail_at, code)
        with monkeypatch.context() as patch:
            patch.setattr(folders, "os", broken)
            try:
                write_lock(path, other)
            except OutputError:
                failures += 1
                assert read_lock(path) in (LOCK, other)
        if not broken.failed:
            break
        path.write_text(TEXT, encoding="utf-8")
    assert failures > 3
    assert read_lock(path) == other


def test_what_is_no_lock_is_not_replaced(path: Path):
    path.write_text("my notes")
    with pytest.raises(OutputError, match=r"sdgen\.lock exists and is not a lock of sdgen"):
        write_lock(path, LOCK)
    assert path.read_text() == "my notes"


def test_folders_links_and_pipes_are_not_replaced(path: Path, tmp_path: Path):
    path.mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        write_lock(path, LOCK)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(OutputError, match="it is not a regular file"):
        write_lock(path, LOCK)
    path.unlink()
    write_lock(tmp_path / "real.lock", LOCK)
    path.symlink_to("real.lock")
    with pytest.raises(OutputError, match="it is a symbolic link"):
        write_lock(path, LOCK.model_copy(update={"versions": {}}))


def said(**changes: Any) -> bytes:
    return json.dumps({**json.loads(TEXT), **changes}).encode()


MODEL = json.loads(TEXT)["models"]["狐狸"]
DAMAGED = {
    b"": "not valid JSON",
    b"\x00\xff": "not UTF-8",
    b"{": "not valid JSON",
    b"[]": "JSON without an object",
    b'{"schema": 1, "schema": 2}': "twice",
    b"[" * 100_000: "nested deeper",
    b" " * (2**20 + 1): "more than 1024 KiB",
    b"{}": "is not a lock of sdgen",
    said(schema="sdgen.image/1"): "is not a lock of sdgen",
    said(schema=["sdgen.lock/1"]): "is not a lock of sdgen",
    said(schema="sdgen.lock/2"): "was written by a newer sdgen (schema sdgen.lock/2)",
    said(versions=None): "is damaged: versions",
    said(versions={"torch": 2.13}): "is damaged: versions.torch",
    said(models=[]): "is damaged: models",
    said(controls={}): "is damaged: controls",
    said(models={"a": {"pipeline": "x"}}): "is damaged: models.a.files",
    said(models={"a": {**MODEL, "files": {"b": "0" * 63}}}): "is damaged: models.a.files.b",
    said(models={"a": {**MODEL, "files": {"b": "A" * 64}}}): "is damaged: models.a.files.b",
    said(models={"a": {**MODEL, "path": "/etc"}}): "is damaged: models.a.path",
}


@pytest.mark.parametrize(("data", "reason"), DAMAGED.items(), ids=[b[:40] for b in DAMAGED])
def test_a_damaged_lock_is_refused_in_one_line(path: Path, data: bytes, reason: str):
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_lock_says_how_to_make_it(path: Path):
    with pytest.raises(InputError, match="there is no such file") as caught:
        read_lock(path)
    assert caught.value.hint == "sdgen lock writes it"


def test_a_pipe_or_a_folder_does_not_keep_us_waiting(path: Path, tmp_path: Path):
    os.mkfifo(path)
    for odd in (path, tmp_path):
        with pytest.raises(InputError, match=r"is a folder|is not a regular file"):
            read_lock(odd)
