"""What is added around a picture: `left=64,right=64`, in pixels."""

import re
from dataclasses import astuple, dataclass

MOST = 2048
"""Pixels at one edge."""

EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True, slots=True)
class Margins:
    """Pixels to draw beyond each edge."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __str__(self) -> str:
        pairs = zip(EDGES, astuple(self), strict=True)
        return ",".join(f"{edge}={pixels}" for edge, pixels in pairs if pixels)


def parse_margins(text: str) -> Margins:
    """Read `left=64,top=32` or `all=64`; a later edge has the last word.

    Raises:
        ValueError: It is not that, adds nothing, or more than `MOST`.
    """
    found: dict[str, int] = {}
    for part in text.lower().split(","):
        match = re.fullmatch(r"\s*(left|top|right|bottom|all)\s*=\s*([0-9]{1,5})\s*", part)
        if match is None:
            raise ValueError("must be such as left=64,right=64 or all=32")
        for edge in EDGES if match[1] == "all" else (match[1],):
            found[edge] = int(match[2])
    if not any(found.values()) or max(found.values()) > MOST:
        raise ValueError(f"must add 1 to {MOST} pixels")
    return Margins(**found)


def margins_of(text: str | None) -> Margins:
    """The margins of a setting that was judged before; none for None."""
    return parse_margins(text) if text else Margins()


def canonical_margins(text: str) -> str:
    """`Right = 64 , left=64` → `left=64,right=64`.

    Raises:
        ValueError: As `parse_margins`.
    """
    return str(parse_margins(text))
