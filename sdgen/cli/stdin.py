"""Stdin: what `-` in the place of PROMPT or of a picture means."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer
from sdgen.recipe.texts import MAX_PROMPT_CHARACTERS

if TYPE_CHECKING:
    from sdgen.metadata.formats.foreign import Foreign
    from sdgen.metadata.record import Record

STDIN = Path("-")
MAX_STDIN_BYTES = 2**26


def read_stdin() -> bytes:
    """A picture, or the text of a recipe, from stdin.

    Raises:
        InputError: It is larger than any of them.
    """
    data = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(data) > MAX_STDIN_BYTES:
        raise InputError(f"stdin has more than {MAX_STDIN_BYTES // 2**20} MiB")
    return data


def recipe_of_stdin(data: bytes) -> "Record | Foreign":
    """What made the picture in `data`, which came from stdin.

    Raises:
        InputError: It is damaged, or holds no recipe.
    """
    from sdgen.files.foreign import read_recipe_in

    try:
        return read_recipe_in(data)
    except InputError as error:
        raise InputError(f"stdin: {error}", hint=error.hint, details=error.details) from error


def with_stdin_prompt(flags: Layer) -> Layer:
    """`flags` with the prompt read from stdin where `-` stands for it.

    Raises:
        InputError: What came is not UTF-8, or longer than a prompt may be.
    """
    if flags.values.get("prompt") != "-":
        return flags
    most = 4 * MAX_PROMPT_CHARACTERS  # bytes, the longest in UTF-8
    given = sys.stdin.buffer.read(most + 1)
    if len(given) > most:
        raise InputError(f"the prompt on stdin has more than {MAX_PROMPT_CHARACTERS} characters")
    try:
        prompt = given.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"the prompt on stdin is not UTF-8 (byte {error.start})") from None
    return replace(flags, values={**flags.values, "prompt": prompt})
