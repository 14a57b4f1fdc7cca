"""`python -m tests.faults`, which is `scripts/faults`."""

import sys

from tests.faults.runner import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
