"""Sizes as people write them: `768x512`, also `768×512` and `768*512`."""

import re

from sdgen.errors import InputError

SMALLEST, LARGEST = 64, 4096
"""Pixels a side."""


def parse_size(text: str) -> tuple[int, int]:
    """Read `768x512` as width and height in pixels.

    Raises:
        InputError: It is not two whole numbers.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*[xX×*]\s*(\d{1,6})\s*", text)
    if not match:
        raise InputError(f"size must be WIDTHxHEIGHT, not {text!r}", hint="for example 768x512")
    return int(match[1]), int(match[2])


def canonical_size(text: str) -> str:
    """`768x512` for each of its spellings.

    Raises:
        ValueError: It is none, or out of bounds; the message goes on after the setting's name.
    """
    try:
        width, height = parse_size(text)
    except InputError as error:
        raise ValueError(f"must be WIDTHxHEIGHT, for example 768x512, not {text!r}") from error
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise ValueError(f"must be of {SMALLEST} to {LARGEST} pixels a side, not {text!r}")
    return f"{width}x{height}"
