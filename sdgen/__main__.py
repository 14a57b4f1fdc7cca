"""`python -m sdgen`."""

from sdgen.cli.app import main

main()
