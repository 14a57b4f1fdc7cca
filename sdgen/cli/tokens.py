"""`sdgen tokens PROMPT`: how a model reads a prompt, and what it does not read or know."""

from collections.abc import Iterator
from typing import Any

from sdgen.api import plan_picture
from sdgen.cli.options import Configs, Json, with_settings
from sdgen.cli.output import Output, display
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.models import LocalModel
from sdgen.models.tokens import Piece, PromptReader, Reading, text_notices
from sdgen.models.words import known_words, unknown_words
from sdgen.recipe.layers import Layer

Readings = dict[str, Reading]

JOINERS = "\u200d\ufe0f"
"""Invisible parts of emoji, which `display` leaves alone inside of them."""


@with_settings(prompt=True, only=("negative_prompt", "model"))
def tokens(*, flags: Layer, config: Configs = [], as_json: Json = False) -> None:
    """Show how a model reads PROMPT: its tokens, the end without room, the words it was not taught.

    A dot joins the tokens of one word; ×3 stands behind a character that takes three of them.
    """
    out = Output(as_json=as_json)
    planned = plan_picture(with_stdin_prompt(flags), config)
    reader = PromptReader(planned.model)
    for name in ("prompt", "negative_prompt"):
        text = getattr(planned.settings, name)
        if not text:
            continue
        readings = reader.read(text)
        out.json(text_object(name, text, readings, planned.model))
        for line in text_lines(name, text, readings, planned.model):
            out.result(display(line))


def text_object(name: str, text: str, readings: Readings, model: LocalModel) -> dict[str, Any]:
    """The reading of one text as data; `unknown_words` is null where the model does not say."""
    known = known_words(model.folder)
    return {
        "name": name,
        "text": text,
        "model": model.name,
        "tokenizers": {key: _reading_object(reading) for key, reading in readings.items()},
        "unknown_words": unknown_words(text, known) if known else None,
        "notices": _notices(name, text, readings, model),
    }


def _reading_object(reading: Reading) -> dict[str, Any]:
    return {
        "tokens": reading.count,
        "room": reading.room,
        "pieces": [{"text": piece.text, "ids": piece.ids} for piece in reading.pieces],
        "cut_off": reading.cut_off,
    }


def text_lines(name: str, text: str, readings: Readings, model: LocalModel) -> Iterator[str]:
    """The reading of one text for people; tokenizers that read alike are shown once."""
    shown: dict[str, list[str]] = {}
    for key, reading in readings.items():
        shown.setdefault(_as_words(reading), []).append(key)
    for words, keys in shown.items():
        reading = readings[keys[0]]
        whose = f" for {', '.join(keys)}" if len(shown) > 1 else ""
        yield f"{name}{whose}: {reading.count} of {reading.room} tokens"
        yield f"  {words}"
    yield from _notices(name, text, readings, model)


def _notices(name: str, text: str, readings: Readings, model: LocalModel) -> list[str]:
    """The very lines that are told before the text is drawn."""
    return text_notices(name, text, [reading.cut_off for reading in readings.values()], model)


def _as_words(reading: Reading) -> str:
    """What is read, as words with a space between them: `an a·st·ro·la·be 犀×3·牛`."""
    words: list[list[str]] = []
    last = None
    for piece in _read_pieces(reading):
        if piece.word != last:
            words.append([])
        last = piece.word
        words[-1].append(_shown(piece))
    return " ".join("·".join(word) for word in words)


def _read_pieces(reading: Reading) -> Iterator[Piece]:
    """The pieces that have room whole."""
    taken = 0
    for piece in reading.pieces:
        taken += len(piece.ids)
        if taken > reading.room:
            return
        yield piece


def _shown(piece: Piece) -> str:
    """The piece, and how many tokens it takes if several; a joiner standing alone as an escape."""
    text = piece.text
    if not text.strip(JOINERS):
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(piece.ids) == 1 else f"{text}×{len(piece.ids)}"
