"""Long prompts in chunks that a text encoder can read, cut where A1111 cuts them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

ROOM = 75
"""Tokens of a chunk for CLIP, which reads 77 with the two marks around them."""

BACKTRACK = 20
"""How far a cut moves back to stand behind a comma, in tokens: A1111's own default."""

Token = TypeVar("Token")


def chunked(
    sections: Sequence[Sequence[Token]], is_comma: Callable[[Token], bool], room: int = ROOM
) -> list[list[Token]]:
    """Cut each section into chunks; a section begins a new one.

    Args:
        sections: The tokens between the BREAKs of a prompt, at least one section.
        is_comma: Whether a token is a comma of its own.
        room: Tokens that a chunk holds, the marks left out; at least 1.

    Returns:
        At least one chunk of at most `room` tokens. An empty section is an empty chunk, but for
        the last of several.
    """
    *before, last = sections
    chunks = [chunk for section in before for chunk in _cut(section, is_comma, room)]
    return chunks if chunks and not last else [*chunks, *_cut(last, is_comma, room)]


def _cut(
    section: Sequence[Token], is_comma: Callable[[Token], bool], room: int
) -> list[list[Token]]:
    chunks: list[list[Token]] = []
    chunk: list[Token] = []
    comma = -BACKTRACK - 1  # the last one of this chunk; too far back where there is none
    for token in section:
        if is_comma(token):
            comma = len(chunk)
        elif len(chunk) == room and 0 <= room - comma <= BACKTRACK:
            chunks.append(chunk[: comma + 1])
            chunk, comma = chunk[comma + 1 :], -BACKTRACK - 1
        if len(chunk) == room:
            chunks.append(chunk)
            chunk, comma = [], -BACKTRACK - 1
        chunk.append(token)
    return [*chunks, chunk]
