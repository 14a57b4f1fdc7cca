"""Every call of a batch on its disk fails once, fails for good, or is the last one made."""

import errno
import itertools
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from tests.faults.disk import Disk, Fault, cuts_power, fails, fails_to_change, kills
from tests.faults.judge import after_all, after_failure, pictures
from tests.faults.painted import Book, in_fork
from tests.faults.tally import Tally

PICTURES = 3
CODES = (errno.ENOSPC, errno.EIO, errno.EROFS)

Attempt = Callable[[Book, int, int], str]
"""Draws a book with a fault at a call, the error being one of `CODES` by its number; says what was
hit, or nothing where the batch passed untouched."""


def each_call_fails(home: Path, codes: int) -> Tally:
    """The 1st, 2nd, 3rd … call fails with `codes` of the errors."""
    tally = Tally()

    def attempt(book: Book, at: int, code: int) -> str:
        return _fail(book, Disk(book.folder, at, fails(CODES[code])), tally)

    return _stepped(home, attempt, codes, tally)


def each_call_begins_the_end(home: Path, codes: int) -> Tally:
    """From the 1st, 2nd, 3rd … call on, the disk takes no change any more."""
    tally = Tally()

    def attempt(book: Book, at: int, code: int) -> str:
        disk = Disk(book.folder, at, fails_to_change(CODES[code]), for_good=True)
        return _fail(book, disk, tally)

    return _stepped(home, attempt, codes, tally)


def killed_at_each_call(home: Path, stride: int) -> Tally:
    """The process is killed at the 1st, 2nd, 3rd … call, in the middle of it where it writes."""
    return _stepped(home, killing(kills), 1, Tally(), stride)


def power_cut_at_each_call(home: Path, stride: int) -> Tally:
    """As well, and what was not made safe with fsync is gone."""
    return _stepped(home, killing(cuts_power), 1, Tally(), stride)


def _fail(book: Book, disk: Disk, tally: Tally) -> str:
    with disk:
        said = book.draw()
    if said.fault:
        tally.lost.append(f"{disk.hit}: {said.fault}")
    if disk.hit and said.code not in (0, 2, 3, 5):
        tally.lost.append(f"{disk.hit}: code {said.code}")
    return disk.hit


def killing(fault: Fault) -> Attempt:
    def attempt(book: Book, at: int, _: int) -> str:
        def die() -> int:
            with Disk(book.folder, at, fault):
                return book.draw().code

        ended = in_fork(die)
        assert ended in (0, -signal.SIGKILL), f"the run that was to die ended with {ended}"
        return "killed" if ended else ""

    return attempt


def _stepped(home: Path, attempt: Attempt, codes: int, tally: Tally, stride: int = 1) -> Tally:
    """Try at each call until a batch passes untouched: a new one, then one to be mended."""
    for make in (Book.made, Book.worn):
        for at in itertools.count(1, stride):
            books = [(make(home / str(n), PICTURES), (at + n) % len(CODES)) for n in range(codes)]
            hits = [try_once(book, attempt, at, code, tally) for book, code in books]
            shutil.rmtree(home)
            if not any(hits):
                break
    return tally


def try_once(book: Book, attempt: Attempt, at: int, code: int, tally: Tally) -> str:
    """One fault; after it, the same command must finish the book."""
    hit = attempt(book, at, code)
    tally.tried += bool(hit)
    faults = after_failure(book)
    kept = pictures(book)
    again = book.draw()
    if again.code:
        faults.append(f"the same command ends with {again.code}: {again.stderr}")
    else:
        faults += after_all(book, kept)
    tally.lost += [f"call {at}, {hit or 'untouched'}: {fault}" for fault in faults]
    return hit
