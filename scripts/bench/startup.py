"""How long commands without a model take to answer: `python scripts/bench/startup.py [ROUNDS]`.

Whole processes, all arms interleaved in each round, after one round of warm-up. Prints the median
in seconds, the range, and the ratio to the bare interpreter.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SDGEN = [sys.executable, "-m", "sdgen"]
ARMS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "sdgen --version": [*SDGEN, "--version"],
    "sdgen --help": [*SDGEN, "--help"],
    "sdgen generate --help": [*SDGEN, "generate", "--help"],
    "sdgen schedulers": [*SDGEN, "schedulers"],
    "sdgen configs list": [*SDGEN, "configs", "list"],
    "sdgen models list": [*SDGEN, "models", "list"],
    "sdgen batch --dry-run": [*SDGEN, "batch", "prompts.txt", "--dry-run"],
}


def main(rounds: int = 9) -> None:
    """Run the arms in turn and print the table."""
    seconds: dict[str, list[float]] = {name: [] for name in ARMS}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "prompts.txt").write_text("a red fox\n" * 100)
        for number in range(rounds + 1):
            for name, command in ARMS.items():
                taken = _run(command, folder)
                if number:  # the first round only warms the caches
                    seconds[name].append(taken)
    bare = statistics.median(seconds["python -c pass"])
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores, {rounds} rounds")
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        spread = f"{min(taken):.3f} to {max(taken):.3f}"
        print(f"{name:24} {middle:.3f} s  ({spread})  x{middle / bare:.1f}")


def _run(command: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
