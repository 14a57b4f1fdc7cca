"""Runs that are killed, stopped, raced or starved while they draw: real processes."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.processes import children
from tests.faults.judge import after_all, after_failure, pictures
from tests.faults.painted import Book
from tests.faults.tally import Tally

COUNT = 40
STEP_SECONDS = "0.003"
LONGEST = 0.5
"""Seconds after its start within which a run of `COUNT` pictures is hit."""


def killed(home: Path, times: int) -> Tally:
    """SIGKILL at a random moment, again and again, in one folder; then the run goes to its end."""
    return _hit_again_and_again(home, times, signal.SIGKILL, (-signal.SIGKILL, 0))


def interrupted(home: Path, times: int) -> Tally:
    """SIGINT likewise: the code is 130, and the ledger names just the pictures that are there.

    A run that has said its last word and is about to leave dies of the signal, which is 130 to a
    shell.
    """
    return _hit_again_and_again(home, times, signal.SIGINT, (130, 0))


def _hit_again_and_again(
    home: Path, times: int, number: signal.Signals, codes: tuple[int, ...]
) -> Tally:
    tally, chance = Tally(), random.Random(number)
    book = Book.made(home / "0", COUNT)
    for attempt in range(times):
        if len(pictures(book)) == COUNT:  # finished before it was hit: a new one
            book = Book.made(home / f"{attempt + 1}", COUNT)
        kept = pictures(book)
        code, told = _hit(book, number, chance.uniform(0, LONGEST))
        tally.tried += 1
        faults = after_failure(book)
        is_leaving = code == -number and len(pictures(book)) == COUNT
        if not (code in codes or is_leaving) or "Traceback" in told:
            faults.append(f"code {code}: {told}")
        if not kept.items() <= pictures(book).items():
            faults.append("what was there is not there any more")
        tally.lost += [f"hit {attempt}: {fault}" for fault in faults]
    _finish(book, tally)
    return tally


def _hit(book: Book, number: signal.Signals, seconds: float) -> tuple[int, str]:
    """Send a signal some time after the run has begun to draw; its exit code and its words."""
    run = book.start(STEP_SECONDS=STEP_SECONDS)
    assert run.stderr is not None
    begun = run.stderr.readline()
    time.sleep(seconds)
    run.send_signal(number)
    _, told = run.communicate(timeout=300)
    return run.returncode, begun + told


def _finish(book: Book, tally: Tally) -> None:
    """The same command to its end, and once more, when nothing is left to do."""
    kept = pictures(book)
    for _ in range(2):
        said = book.draw()
        if said.code:
            tally.lost.append(f"the same command ends with {said.code}: {said.stderr}")
            return
        tally.lost += after_all(book, kept)
        kept = pictures(book)
    tally.lost += [f"left over: {path.name}" for path in book.folder.rglob("*.part")]


def worker_killed(home: Path, times: int) -> Tally:
    """SIGKILL for one of two workers at a random moment: the run draws all, and nothing twice."""
    tally, chance = Tally(), random.Random(9)
    for attempt in range(times):
        book = Book.made(home / f"{attempt}", COUNT)
        run = book.start("--workers", "2", STEP_SECONDS=STEP_SECONDS)
        assert run.stderr is not None
        begun = run.stderr.readline()
        time.sleep(chance.uniform(0.3, 0.3 + LONGEST))
        for worker in children(run.pid)[:1]:
            os.kill(worker, signal.SIGKILL)
        _, told = run.communicate(timeout=300)
        tally.tried += 1
        if run.returncode or "Traceback" in told:
            tally.lost.append(f"{attempt}: code {run.returncode}: {begun}{told}")
        tally.lost += [f"{attempt}: {fault}" for fault in after_failure(book)]
        if len(pictures(book)) != COUNT:
            tally.lost.append(f"{attempt}: {len(pictures(book))} pictures of {COUNT}")
        _finish(book, tally)
    return tally


def two_at_once(home: Path, times: int) -> Tally:
    """The same command twice at once: one draws, one ends with code 8. Three parts: all draw."""
    tally = Tally()
    for attempt in range(times):
        book = Book.made(home / f"same-{attempt}", COUNT)
        codes = sorted(_ends(book.start(STEP_SECONDS="0.01"), book.start(STEP_SECONDS="0.01")))
        if codes not in ([0, 8], [0, 0]):  # 0, 0: the first had finished before the second began
            tally.lost.append(f"two at once end with {codes}")
        parts = Book.made(home / f"parts-{attempt}", COUNT)
        codes = _ends(*(parts.start("--shard", f"{part}/3") for part in (1, 2, 3)))
        if codes != [0, 0, 0]:
            tally.lost.append(f"three parts at once end with {codes}")
        for one in (book, parts):
            tally.tried += 1
            _finish(one, tally)
    return tally


def _ends(*runs: "subprocess.Popen[str]") -> list[int]:
    for run in runs:
        run.communicate(timeout=600)
    return [run.returncode for run in runs]
