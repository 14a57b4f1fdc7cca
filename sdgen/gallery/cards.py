"""What a page tells of each picture, as plain data."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sdgen.files.names import legible
from sdgen.gallery.entries import Entry
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.record import Record
from sdgen.recipe.command import command_of
from sdgen.recipe.texts import shown

_HIDDEN = ("prompt", "negative_prompt")
"""Settings that have a place of their own on the page."""

Row = tuple[str, str]


def card_of(entry: Entry, *, name: str, source: str, thumb: str, size: tuple[int, int]) -> Any:
    """Everything that the page shows of a picture, or searches in.

    Args:
        entry: The picture.
        name: Its path.
        source: Where the browser finds the whole picture.
        thumb: And the small one.
        size: Width and height of the picture.
    """
    recipe, told = entry.recipe, legible(name)
    is_typed = recipe is not None and told == name  # other names cannot be copied as text
    return {
        "name": told,
        "source": source,
        "thumb": thumb,
        "width": size[0],
        "height": size[1],
        "prompt": entry.prompt,
        "negative": _negative(recipe),
        "seed": "" if entry.seed is None else str(entry.seed),  # JavaScript rounds large numbers
        "number": entry.seed,
        "made": _made(entry),
        "facets": dict(_facets(recipe, size)),
        "rows": [("file", told), *_rows(recipe, size)],
        "again": shlex.join(["sdgen", "reproduce", _path(name)]) if is_typed else "",
        **(_lineage(recipe) if isinstance(recipe, Record) else {"command": "", "changed": []}),
    }


def _path(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name


def _negative(recipe: Record | Foreign | None) -> str:
    if isinstance(recipe, Record):
        return recipe.settings.negative_prompt
    return recipe.negative_prompt if recipe else ""


def _made(entry: Entry) -> str:
    """When, as text that sorts; of a picture without a record, when its file was written."""
    if isinstance(entry.recipe, Record):
        return entry.recipe.created.astimezone(UTC).isoformat()
    return datetime.fromtimestamp(int(entry.path.stat().st_mtime), UTC).isoformat()


def _lineage(record: Record) -> dict[str, Any]:
    """The command, and what binds the picture to others of the page."""
    found: dict[str, Any] = {
        "command": command_of(record.settings),
        "pixels": record.image.sha256,
        "changed": [],
    }
    if record.parent is not None:
        after = record.settings.model_dump()
        found["parent"] = record.parent.pixels_sha256
        found["changed"] = [
            (name, shown(before), shown(after.get(name, "")))
            for name, before in record.parent.changed.items()
        ]
    return found


def _facets(recipe: Record | Foreign | None, size: tuple[int, int]) -> Iterator[tuple[str, Any]]:
    """What pictures are filtered by: name → value."""
    if isinstance(recipe, Record):
        settings = recipe.settings
        yield "model", settings.model
        yield "scheduler", settings.scheduler
        yield "steps", settings.steps
        yield "guidance", f"{settings.guidance_scale:g}"
        if settings.lora:
            yield "lora", shown(settings.lora)
    elif recipe is not None:
        yield "model", recipe.model or "unknown"
        yield "scheduler", recipe.sampler or "unknown"
        yield "steps", recipe.steps if recipe.steps is not None else "unknown"
    yield "size", f"{size[0]}x{size[1]}"
    yield "made with", _tool(recipe)


def _tool(recipe: Record | Foreign | None) -> str:
    if isinstance(recipe, Record):
        return recipe.software.name
    return recipe.tool if recipe else "unknown"


def _rows(recipe: Record | Foreign | None, size: tuple[int, int]) -> Iterator[Row]:
    if isinstance(recipe, Record):
        yield from _record_rows(recipe)
        return
    yield "size", f"{size[0]}x{size[1]}"
    if recipe is not None:
        yield from _foreign_rows(recipe)


def _record_rows(record: Record) -> Iterator[Row]:
    for name, value in record.settings.model_dump(exclude=set(_HIDDEN)).items():
        if value not in ("", (), None):
            yield name, shown(value)
    if record.written is not None:
        yield "prompt as written", record.written.prompt
        yield from (("style", style) for style in record.written.styles)
    yield "pipeline", record.model.pipeline
    for one in record.added:
        yield one.kind, f"{one.name} (sha256 {one.sha256[:16]}…)"
    if record.batch.size > 1:
        yield "drawn together", f"{record.batch.size}, in place {record.batch.slot + 1}"
    here = record.environment
    yield from (
        (name, str(here[name])) for name in ("device", "torch", "diffusers") if name in here
    )
    yield "pixels", f"sha256 {record.image.sha256[:16]}…"
    yield "made by", f"{record.software.name} {record.software.version}"
    yield "made at", record.created.isoformat()
    yield from (("notice", notice) for notice in record.notices)


def _foreign_rows(found: Foreign) -> Iterator[Row]:
    yield "made with", f"{found.tool} {found.version}".rstrip()
    for name in ("model", "sampler", "schedule", "steps", "guidance_scale", "seed", "clip_skip"):
        value = getattr(found, name)
        if value not in ("", None):
            yield name, f"{value:g}" if isinstance(value, float) else str(value)
    yield from (("lora", lora.name) for lora in found.loras)
    yield from found.extras.items()
