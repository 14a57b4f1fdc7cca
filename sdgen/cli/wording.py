"""Options for what prompts are put together from, and how strictly they are read."""

from pathlib import Path
from typing import Annotated

import typer

WildcardFolder = Annotated[
    Path | None,
    typer.Option(
        "--wildcards", metavar="FOLDER", help="Text files for __name__ in prompts, a choice a line."
    ),
]
StyleNames = Annotated[
    list[str],
    typer.Option(
        "--style", metavar="NAME", help="Words of styles.csv to put around prompts; repeatable."
    ),
]
StrictTokens = Annotated[
    bool,
    typer.Option("--strict-tokens", help="Refuse words that the model does not read or know."),
]
StylesFile = Annotated[
    Path | None,
    typer.Option(
        "--styles-file", metavar="FILE",
        help="Table of styles; else styles.csv here or in ~/.config/sdgen.",
    ),
]  # fmt: skip
