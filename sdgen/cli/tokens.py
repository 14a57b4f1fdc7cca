"""`sdgen tokens PROMPT`: how a model reads a prompt, and what it does not read or know."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sdgen.api import plan_picture
from sdgen.cli.options import Configs, Json, LoraDirs, with_settings
from sdgen.cli.output import JOINERS, Output
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.cli.wording import StyleNames, StylesFile, WildcardFolder
from sdgen.files.wording import wording_of
from sdgen.models import LocalModel
from sdgen.models.finding import Search
from sdgen.models.prompts import Chunk, PromptReading, ReadPrompt, read_prompts
from sdgen.models.tokens import Piece, PromptReader
from sdgen.models.words import known_words, unknown_words
from sdgen.recipe.layers import Layer


@with_settings(prompt=True, only=("negative_prompt", "prompt_syntax", "model", "embedding", "seed"))
def tokens(
    *,
    flags: Layer,
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    as_json: Json = False,
) -> None:
    """Show how a model reads PROMPT: chunks, weights, tokens, and what it does not read or know.

    A dot joins the tokens of one word; ×3 stands behind a character that takes three of them.
    Choices are made for --seed, and for another seed each time without it.
    """
    out = Output(as_json=as_json)
    planned = plan_picture(with_stdin_prompt(flags), config, Search(lora_dir))
    reader = PromptReader(planned.model)
    settings, written = wording_of(wildcards, style, styles_file, config).worded(planned.settings)
    for read in read_prompts(reader, settings):
        text = getattr(settings, read.name)
        if written is not None and text != getattr(written, read.name):
            out.result(f"{read.name} for seed {settings.seed}: {text}")
        out.json({"text": text, **text_object(read, planned.model)})
        for line in text_lines(read, planned.model):
            out.result(line)


def text_object(read: ReadPrompt, model: LocalModel) -> dict[str, Any]:
    """The reading of one text as data; `unknown_words` is null where the model does not say."""
    known = known_words(model.folder)
    return {
        "name": read.name,
        "model": model.name,
        "tokenizers": {key: _reading_object(reading) for key, reading in read.readings.items()},
        "unknown_words": unknown_words(read.words, known) if known else None,
        "notices": read.notices(model),
    }


def _reading_object(reading: PromptReading) -> dict[str, Any]:
    return {
        "tokens": reading.count,
        "room": reading.room,
        "chunks": [chunk.count for chunk in reading.chunks],
        "pieces": [
            {"text": piece.text, "ids": piece.ids, "weight": weight, "chunk": number}
            for number, chunk in enumerate(reading.chunks)
            for piece, weight in chunk.pieces
        ],
        "cut_off": reading.cut_off,
    }


def text_lines(read: ReadPrompt, model: LocalModel) -> Iterator[str]:
    """The reading of one text for people; tokenizers that read alike are shown once."""
    shown: dict[tuple[str, ...], list[str]] = {}
    for key, reading in read.readings.items():
        shown.setdefault(tuple(_chunk_lines(reading)), []).append(key)
    for lines, keys in shown.items():
        reading = read.readings[keys[0]]
        whose = f" for {', '.join(keys)}" if len(shown) > 1 else ""
        yield f"{read.name}{whose}: {_measure(reading)}"
        yield from lines
    yield from read.notices(model)


def _measure(reading: PromptReading) -> str:
    if len(reading.chunks) == 1:
        return f"{reading.count} of {reading.room} tokens"
    return f"{reading.count} tokens in {len(reading.chunks)} chunks of {reading.room}"


def _chunk_lines(reading: PromptReading) -> Iterator[str]:
    for number, chunk in enumerate(reading.chunks, 1):
        place = f"{number} ({chunk.count}): " if len(reading.chunks) > 1 else ""
        yield f"  {place}{_as_words(chunk, reading.room)}".rstrip()


def _as_words(chunk: Chunk, room: int) -> str:
    """What is read, a space between words: `an a·st·ro·la·be (犀×3·牛:1.3)`."""
    parts = []
    for weight, weighed in groupby(_with_room(chunk, room), key=lambda each: each[1]):
        words = [
            "·".join(_shown(piece) for piece, _ in word)
            for _, word in groupby(weighed, key=lambda each: each[0].word)
        ]
        parts.append(" ".join(words) if weight == 1 else f"({' '.join(words)}:{weight:.4g})")
    return " ".join(parts)


def _with_room(chunk: Chunk, room: int) -> Iterator[tuple[Piece, float]]:
    """The pieces that have room whole; only a plain prompt has others."""
    taken = 0
    for piece, weight in chunk.pieces:
        taken += len(piece.ids)
        if taken > room and chunk.count > room:
            return
        yield piece, weight


def _shown(piece: Piece) -> str:
    """The piece, and how many tokens it takes if several; a joiner standing alone as an escape."""
    text = piece.text
    if not text.strip(JOINERS):
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(piece.ids) == 1 else f"{text}×{len(piece.ids)}"
