"""Tries every case in full, two at a time, and prints the table: `scripts/faults`."""

import multiprocessing
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.faults.cases import CASES, CASES_WITH_TORCH
from tests.faults.tally import Case, Tally

ALL = (*CASES_WITH_TORCH, *CASES)
"""In the order of their start: the long one first."""

LIBRARIES = ("torch", "diffusers", "safetensors", "pillow", "PyYAML", "filelock")


def main(words: list[str]) -> int:
    chosen = [case for case in ALL if all(word.lower() in case.name.lower() for word in words)]
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    tallies: dict[str, Tally] = {}
    with context.Pool(2, maxtasksperchild=1) as pool:
        for name, tally, seconds in pool.imap_unordered(attempt, [case.name for case in chosen]):
            tallies[name] = tally
            say(f"{seconds:4.0f} s  {tally.tried:6} tried  {name}", *tally.lost, *tally.let_in)
    say(f"{time.monotonic() - started:.0f} s in all")
    sys.stdout.write(table([case for case in ALL if case.name in tallies], tallies))
    return 0 if all(tally.is_clean for tally in tallies.values()) else 1


def say(line: str, *faults: str) -> None:
    """A line on stderr, and the first of the faults below it."""
    told = [line, *(f"        {fault}" for fault in faults[:20])]
    sys.stderr.write("\n".join(told) + "\n")


def attempt(name: str) -> tuple[str, Tally, float]:
    """Try the case called `name`, alone in its process; how long it took."""
    case: Case = next(case for case in ALL if case.name == name)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[variable] = str(home / "home")
        (home / "case").mkdir()
        try:
            tally = case.try_it(home / "case", case.full)
        except Exception as error:  # noqa: BLE001  # one broken case must not hide the others
            tally = Tally(lost=[f"the case itself failed: {type(error).__name__}: {error}"])
    return name, tally, time.monotonic() - started


def table(cases: list[Case], tallies: dict[str, Tally]) -> str:
    """The table in Markdown, under one line about date, machine and versions."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    python = f"Python {platform.python_version()}"
    versions = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {python}, {versions}", ""]
    lines += ["| failure | tried | lost | let in |", "| --- | --- | --- | --- |"]
    for case in cases:
        tally = tallies[case.name]
        numbers = f"{tally.tried} | {len(tally.lost)} | {len(tally.let_in)}"
        lines.append(f"| {case.name} | {numbers} |")
    return "\n".join(lines) + "\n"
