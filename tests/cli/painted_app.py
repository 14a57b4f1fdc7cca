"""The command line with the painter, in a process of its own: `painted_app.py WORDS…`.

`STEP_SECONDS` in the environment makes each step take that long; the file `STEP_FILE` is made when
one begins.
"""

import os
import time
from pathlib import Path

import sdgen.engine
import sdgen.models.resolve
import sdgen.replay
from sdgen.cli import app
from sdgen.engine import no_progress, tell_nobody
from tests.fakes import PaintedGenerator, find_fake


class SlowPainter(PaintedGenerator):
    def generate(self, settings, model, on_step=no_progress, tell=tell_nobody):
        def slowly(done, total):
            if sign := os.environ.get("STEP_FILE"):
                Path(sign).touch()
            time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
            on_step(done, total)

        return super().generate(settings, model, slowly)


def main() -> None:
    painter = SlowPainter()
    sdgen.engine.open_generator = lambda *_, **__: painter
    sdgen.models.resolve.find_model = sdgen.replay.find_model = find_fake
    app.main()


if __name__ == "__main__":
    main()
