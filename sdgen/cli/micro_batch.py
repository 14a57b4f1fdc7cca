"""The option `--micro-batch`: how many pictures go through one pipeline call."""

from typing import Annotated

import typer

from sdgen.errors import InputError
from sdgen.recipe.sizes import MOST_TOGETHER

MicroBatch = Annotated[
    str,
    typer.Option(
        "--micro-batch", metavar="auto|N", show_default=True,
        help="Pictures drawn in one call; auto is what the device does well.",
    ),
]  # fmt: skip


def micro_batch_of(text: str) -> int | None:
    """The number that `--micro-batch` gives; None is auto.

    Raises:
        InputError: It is neither.
    """
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_TOGETHER):
        raise InputError(f"--micro-batch must be auto or 1 to {MOST_TOGETHER}, not {text!r}")
    return int(text)
