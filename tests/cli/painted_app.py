"""The command line with the painter, in a process of its own: `painted_app.py WORDS…`."""

import sdgen.engine
import sdgen.models.resolve
import sdgen.replay
from sdgen.cli import app
from tests.cli.slow_painter import open_slow
from tests.fakes import find_fake


def main() -> None:
    sdgen.engine.open_generator = open_slow
    sdgen.models.resolve.find_model = sdgen.replay.find_model = find_fake
    app.main()


if __name__ == "__main__":
    main()
