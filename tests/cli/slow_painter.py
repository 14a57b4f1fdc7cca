"""A painter that takes its time, and can be told to die: for runs in processes of their own.

`STEP_SECONDS` in the environment makes each step take that long; the file `STEP_FILE` is made when
one begins. `DIE_ON` is a prompt that kills the process which draws it; as often as `DIE_TIMES` says
if that is given, counted by the lines of the file `DIED`.
"""

import os
import signal
import time
from pathlib import Path

from sdgen.engine import no_progress, tell_nobody
from tests.fakes import PaintedGenerator


class SlowPainter(PaintedGenerator):
    def generate(self, settings, model, on_step=no_progress, tell=tell_nobody):
        def slowly(done, total):
            if sign := os.environ.get("STEP_FILE"):
                Path(sign).touch()
            time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
            if settings.prompt == os.environ.get("DIE_ON"):
                _die()
            on_step(done, total)

        return super().generate(settings, model, slowly)


def _die():
    """Go as the out-of-memory killer makes processes go."""
    died = Path(os.environ["DIED"])
    times = len(died.read_text().split()) if died.exists() else 0
    if times < int(os.environ.get("DIE_TIMES", "1000")):
        with died.open("a") as file:
            file.write(f"{os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def open_slow(*_, **__):
    return SlowPainter()
