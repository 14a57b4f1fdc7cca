"""Nothing lost and nothing let in, whatever fails: each case of `scripts/faults`, in short."""

import errno
import itertools
import os
import signal
from pathlib import Path

import pytest

from sdgen.files import folders
from tests.faults.bounded import bounded
from tests.faults.cases import CASES, CASES_WITH_TORCH
from tests.faults.disk import Disk, cuts_power, fails, kills
from tests.faults.painted import Book
from tests.faults.saving import Attempt, killing, try_once
from tests.faults.tally import Case, Tally

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells")


@linux
@pytest.mark.parametrize("case", [*CASES, *CASES_WITH_TORCH], ids=lambda case: case.name)
def test_nothing_is_lost_and_nothing_let_in(case: Case, tmp_path: Path, monkeypatch):
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    (tmp_path / "case").mkdir()
    tally = case.try_it(tmp_path / "case", case.short)
    if not tally.is_permitted:
        pytest.skip("not permitted here")
    assert tally.tried
    assert (tally.lost, tally.let_in) == ([], [])


def write_without_fsync(folder: folders.OpenFolder, name: str, data: bytes) -> None:
    handle = os.open(folder.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.write(handle, data)
    os.close(handle)


def claim_by_copying(folder: folders.OpenFolder, temporary: str, name: str) -> bool:
    write_without_fsync(folder, name, (folder.path / temporary).read_bytes())
    return True


def first_loss(home: Path, attempt: Attempt) -> str:
    """What the first of the faults that does harm has done."""
    tally = Tally()
    for at in itertools.count(1):
        hit = try_once(Book.made(home / str(at), 1), attempt, at, 0, tally)
        if tally.lost or not hit:
            return "; ".join(tally.lost)
    raise AssertionError


@linux
def test_a_save_without_fsync_is_caught_by_a_power_cut(tmp_path: Path, monkeypatch):
    assert first_loss(tmp_path / "ours", killing(cuts_power)) == ""
    monkeypatch.setattr(folders.OpenFolder, "_write", write_without_fsync)
    assert "is damaged" in first_loss(tmp_path / "careless", killing(cuts_power))


@linux
def test_a_save_in_place_is_caught_by_a_kill(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(folders.OpenFolder, "claim", claim_by_copying)
    assert first_loss(tmp_path, killing(kills)) != ""


@linux
def test_a_disk_counts_and_fails_where_it_is_told_to(tmp_path: Path):
    book = Book.made(tmp_path, 1)
    with Disk(book.folder) as whole:
        assert book.draw().code == 0
    assert {"open", "link", "write", "fsync", "close", "mkdir", "flock"} <= set(whole.words)
    first_link = whole.words.index("link") + 1
    other = Book.made(tmp_path, 1, "other")
    with Disk(other.folder, first_link, fails(errno.EIO)) as broken:
        assert other.draw().code == 5
    assert broken.hit == "link"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (lambda: ["a fault"], ["a fault"]),
        (lambda: [str(len(bytearray(2**30)))], ["took more than 64 MiB"]),
        (lambda: [str(sum(iter(int, 1)))], ["computed for more than 1 s"]),
        (lambda: os._exit(9), ["crashed (9)"]),
        (lambda: os.kill(os.getpid(), signal.SIGTRAP), ["crashed (-5)"]),
        (lambda: {}["missing"], ["crashed (1)"]),
    ],
)
@linux
def test_what_goes_beyond_its_bounds_is_told(action, told: list[str]):
    assert bounded(action, mebibytes=64, seconds=1) == told


def test_a_tally_is_clean_only_where_nothing_happened():
    assert Tally(3).is_clean
    assert not Tally(3, lost=["a picture"]).is_clean
    assert not Tally(3, let_in=["code"]).is_clean
