"""A prompt from stdin: what `-` in the place of PROMPT means."""

import sys
from dataclasses import replace

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer
from sdgen.recipe.settings import MAX_PROMPT_CHARACTERS


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
