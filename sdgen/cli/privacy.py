"""`--privacy` and `--no-embed`: what a picture tells about itself, when it leaves its record."""

from typing import TYPE_CHECKING, Annotated

import typer

from sdgen.errors import InputError

if TYPE_CHECKING:
    from sdgen.files.formats import Inside

LEVELS = ("full", "minimal")

Privacy = Annotated[
    str | None,
    typer.Option(
        "--privacy", metavar="|".join(LEVELS),
        help="What pictures hold: all, or no words and settings, only model and hash.",
    ),
]  # fmt: skip
NoEmbed = Annotated[
    bool,
    typer.Option("--no-embed", help="Pictures hold only the mark that a model made them."),
]


def inside_of(privacy: str | None, *, no_embed: bool) -> "Inside":
    """What the pictures of a command hold; the records beside them are always whole.

    Raises:
        InputError: There is no such level, or `--no-embed` says otherwise.
    """
    if privacy not in (None, *LEVELS):
        raise InputError(f"unknown privacy {privacy!r}", hint=f"one of {', '.join(LEVELS)}")
    if no_embed:
        if privacy is not None:
            raise InputError(f"--no-embed contradicts --privacy {privacy}", hint="say one of them")
        return "mark"
    return "origin" if privacy == "minimal" else "record"
