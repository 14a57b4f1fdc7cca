"""Folders that are full, closed, or turn into other places; clocks that jump."""

import itertools
import os
import random
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time as time_now
from typing import Any
from unittest.mock import patch

from sdgen.errors import OutputError
from tests.faults.disk import Call, Disk, Fault
from tests.faults.judge import after_all, after_failure, pictures
from tests.faults.painted import Book, command, in_fork
from tests.faults.tally import Tally

PICTURES = 3
COUNT = 40
NOBODY = 65534


def links_swapped_in(home: Path, stride: int) -> Tally:
    """At the 1st, 2nd, 3rd … call, a folder of the run becomes a link to a place outside.

    A link that is there when the run first looks at its folder is what the user asked for; from the
    end of that look on (`statvfs`), none is followed.
    """
    tally = Tally()
    for place in ("", ".sdgen", ".sdgen/batch"):
        for at in itertools.count(1, stride):
            book = Book.worn(home / "book", PICTURES)
            outside = _outside(home / "outside")
            hit, is_early = _swapped(book, at, book.folder / place, outside, tally)
            tally.tried += hit and not is_early
            if not is_early and _listed(outside) != ["book.png", "secret"]:
                tally.let_in.append(f"call {at}, {place or 'folder'}: {_listed(outside)}")
            tally.lost += [f"call {at}, {place}: {fault}" for fault in _finished(book)]
            shutil.rmtree(home)
            if not hit:
                break
    return tally


def _outside(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "secret").write_text("kept", encoding="utf-8")
    (folder / "book.png").write_text("no picture", encoding="utf-8")
    return folder


def _listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def _swapped(book: Book, at: int, place: Path, outside: Path, tally: Tally) -> tuple[bool, bool]:
    """Draw while `place` is swapped for a link at a call; everything is put back afterwards."""
    moved = place.with_name("moved")
    disk = Disk(book.folder, at, _swap(place, moved, outside))
    with disk:
        said = book.draw()
    if said.fault:
        tally.lost.append(f"call {at}, {place.name}: {said.fault}")
    if moved.exists():
        place.unlink()
        moved.rename(place)
    return bool(disk.hit), place == book.folder and "statvfs" not in disk.words[: at - 1]


def _swap(place: Path, moved: Path, outside: Path) -> Fault:
    def fault(disk: Disk, name: str, call: Call, args: tuple[Any, ...]) -> Any:
        with disk.unwatched():
            place.rename(moved)
            place.symlink_to(outside)
        return call()

    return fault


def _finished(book: Book) -> list[str]:
    faults = after_failure(book)
    kept = pictures(book)
    said = book.draw()
    return faults + ([said.stderr] if said.code else after_all(book, kept))


def full_disk(home: Path, times: int) -> Tally:
    """A disk of a few pages runs full at another place each time; then it is given room.

    Needs the right to mount; without it nothing is tried.
    """
    tally = Tally()
    for number in range(times):
        with _small_disk(home / "disk", 90 + 10 * number) as grow:
            if grow is None:
                tally.is_permitted = False
                return tally
            book = Book.made(home / "disk", COUNT)
            said = book.draw()
            tally.tried += 1
            if said.fault or said.code != OutputError.exit_code:
                tally.lost.append(f"{90 + 10 * number} KiB: code {said.code}: {said.stderr}")
            grow()
            tally.lost += [f"{90 + 10 * number} KiB: {fault}" for fault in _finished(book)]
    return tally


@contextmanager
def _small_disk(place: Path, kibibytes: int) -> Iterator[Callable[[], None] | None]:
    """A disk in memory at `place`; gives what makes it larger, or None where it cannot be."""
    place.mkdir(exist_ok=True)

    def mount(*options: str) -> bool:
        words = ["mount", "-t", "tmpfs", "-o", *options, "tmpfs", str(place)]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0

    if not shutil.which("mount") or not mount(f"size={kibibytes}k"):
        yield None
        return
    try:
        yield lambda: mount("remount,size=8m") or None
    finally:
        subprocess.run(["umount", str(place)], check=True)


def limited_file_sizes(home: Path, times: int) -> Tally:
    """The system refuses files above a size that pictures, sidecars or the ledger reach."""
    tally = Tally()
    for number in range(times):
        book = Book.made(home / str(number), COUNT)
        most = 200 + 600 * number

        def draw(book: Book = book, most: int = most) -> int:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            return book.draw().code

        code = in_fork(draw)
        tally.tried += 1
        if code not in (0, OutputError.exit_code):
            tally.lost.append(f"{most} bytes: code {code}")
        tally.lost += [f"{most} bytes: {fault}" for fault in _finished(book)]
    return tally


def closed_folders(home: Path, _: int) -> Tally:
    """Folder, state, ledger or lock belong to somebody else or take no writing."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as open_to_all:  # pytest's own folder is closed to nobody
        Path(open_to_all).chmod(0o755)
        for place in ("", ".sdgen", ".sdgen/batch", ".sdgen/batch/ledger.jsonl",
                      ".sdgen/batch/run.lock", ".sdgen/batch/guard.lock"):  # fmt: skip
            book = Book.worn(Path(open_to_all) / str(tally.tried), PICTURES)
            closed = book.folder / place
            before = _contents(book.folder)
            mode = closed.stat().st_mode
            closed.chmod(0o555 if closed.is_dir() else 0o444)
            code = in_fork(lambda book=book: _as_nobody(book))
            closed.chmod(mode)
            tally.tried += 1
            may_be_done = closed.is_dir() and place != ""  # what is in it can still be written
            if code != OutputError.exit_code and not (may_be_done and code == 0):
                tally.lost.append(f"{place or 'folder'}: code {code}")
            if place == "" and _contents(book.folder) != before:
                tally.let_in.append(f"{place or 'folder'} was changed")
            tally.lost += [f"{place}: {fault}" for fault in _finished(book)]
    return tally


def _as_nobody(book: Book) -> int:
    if os.geteuid() == 0:  # root is not held by permissions
        for path in (book.folder, *book.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    return book.draw().code


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def clock_going_back(home: Path, times: int) -> Tally:
    """The clock jumps by hours to decades, back and forth, between and within runs."""
    tally, chance = Tally(), random.Random(times)
    book = Book.made(home, COUNT)
    for _ in range(times):
        tally.tried += 1
        with _other_clock(chance):
            said = command(*book.words, "--limit", chance.randint(1, COUNT))
            faults = after_failure(book) + ([said.stderr] if said.code else [])
        tally.lost += faults
    tally.lost += _finished(book)
    return tally


@contextmanager
def _other_clock(chance: random.Random) -> Iterator[None]:
    """Each look at the clock gives another time, and files are as old as it says."""

    def now() -> float:
        return time_now() + chance.choice((-1, 1)) * chance.uniform(0, 20 * 365 * 86_400)

    def date() -> datetime:
        return datetime.fromtimestamp(now(), UTC).replace(microsecond=0)

    with (
        patch("time.time", now),
        patch("sdgen.metadata.record.now", date),
        patch("tests.fakes.now", date),
    ):
        yield
