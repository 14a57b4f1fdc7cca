"""The program: `python -m sdgen`, and `sdgen` where it is installed."""

import gc
import sys


def main() -> None:
    """Run the command line; a Ctrl-C while its parts are still loading is one line too."""
    gc.set_threshold(100_000)  # modules make no garbage; looking for it was a tenth of the start
    try:
        from sdgen.cli.app import main as run
    except KeyboardInterrupt:
        from sdgen.cli.output import show_error
        from sdgen.errors import InterruptedRunError

        stopped = InterruptedRunError("stopped")
        show_error(stopped, as_json="--json" in sys.argv)
        sys.exit(stopped.exit_code)
    run()


if __name__ == "__main__":
    main()
