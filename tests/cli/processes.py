"""Starts the command line in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REAL = (sys.executable, "-m", "sdgen")
PAINTED = (sys.executable, "-m", "tests.cli.painted_app")


def variables(**more: str) -> dict[str, str]:
    """The test's environment, where the checkout can be imported from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run to the end; `options` go to `subprocess.run`."""
    given = {"capture_output": True, "text": True, "env": variables(), "timeout": 300, **options}
    arguments = [word if isinstance(word, bytes) else str(word) for word in words]
    return subprocess.run(arguments, check=False, **given)


def children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(folder.name))
    return found
