"""The program: `python -m sdgen`, and `sdgen` where it is installed."""

import gc
import os
import sys

from sdgen.garbage import stays, unsearched

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for them took 30 ms


def main() -> None:
    """Run the command line; a Ctrl-C while its parts are still loading is one line too."""
    gc.set_threshold(100_000)  # the parts of a command load outside of `unsearched`
    try:
        with unsearched():
            from sdgen.cli.app import main as run
    except KeyboardInterrupt:
        from sdgen.cli.output import show_error
        from sdgen.errors import InterruptedRunError

        stopped = InterruptedRunError("stopped")
        show_error(stopped, as_json="--json" in sys.argv)
        sys.exit(stopped.exit_code)
    stays()
    try:
        run()
    finally:
        stays()  # else the end of the process looks through all of it


if __name__ == "__main__":
    main()
