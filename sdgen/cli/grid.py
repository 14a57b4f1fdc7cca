"""`sdgen grid "a {red|white} dress" --steps 10,20`: what settings and words do, on one sheet."""

import hashlib
import json as json_text
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen.api import config_layers
from sdgen.batch.draft import Draft
from sdgen.batch.drafts import Drafts
from sdgen.batch.options import BatchOptions
from sdgen.cli.executors import open_here
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.micro_batch import MicroBatch, micro_batch_of
from sdgen.cli.options import (
    FLAGS,
    Configs,
    Device,
    Format,
    Json,
    Kernels,
    LoraDirs,
    Offload,
    Quiet,
    with_settings,
)
from sdgen.cli.output import Output, display
from sdgen.cli.preview import Preview, PreviewAs, preview_kind
from sdgen.cli.running import conclude, run
from sdgen.cli.stdin import with_stdin_prompt
from sdgen.cli.target import refuse_picture
from sdgen.cli.wording import StrictTokens, StyleNames, StylesFile, WildcardFolder
from sdgen.errors import InputError, with_hint
from sdgen.files.formats import format_named
from sdgen.files.names import words as name_words
from sdgen.files.wording import wording_of
from sdgen.models.finding import Search
from sdgen.models.resolve import plan
from sdgen.recipe.axes import Cell, Sweep, sweep
from sdgen.recipe.layers import Layer, layer_from
from sdgen.recipe.seeds import derived_seed

GridFolder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FOLDER",
        help="Where the sheet and its pictures go; else outputs/NAME-grid.",
    ),
]  # fmt: skip
Replace = Annotated[
    list[str],
    typer.Option(
        "--replace", metavar="WORD,OTHER...",
        help="Look for WORD in the prompt, and draw it with each in its place; repeatable.",
    ),
]  # fmt: skip
Columns = Annotated[
    str | None, typer.Option("--x", metavar="NAME", help="What varies along the columns.")
]
Rows = Annotated[
    str | None, typer.Option("--y", metavar="NAME", help="What varies along the rows.")
]
Blocks = Annotated[
    str | None, typer.Option("--z", metavar="NAME", help="What varies over blocks of both.")
]
CellSize = Annotated[
    int | None,
    typer.Option(
        "--cell-size", min=24, max=2048, metavar="PIXELS",
        help="Longest side of a picture on the sheet; else as drawn, if that is not too large.",
    ),
]  # fmt: skip
SheetOnly = Annotated[bool, typer.Option("--dry-run", help="Show the cells, draw nothing.")]


@with_settings(prompt=True, unread=True)
def grid(
    *,
    flags: Mapping[str, Any],
    replace: Replace = [],
    x: Columns = None,
    y: Rows = None,
    z: Blocks = None,
    cell_size: CellSize = None,
    micro_batch: MicroBatch = "auto",
    config: Configs = [],
    lora_dir: LoraDirs = [],
    wildcards: WildcardFolder = None,
    style: StyleNames = [],
    styles_file: StylesFile = None,
    strict_tokens: StrictTokens = False,
    device: Device = "auto",
    kernels: Kernels = "eager",
    offload: Offload = "auto",
    output: GridFolder = None,
    format: Format = None,
    dry_run: SheetOnly = False,
    preview: Preview = False,
    preview_as: PreviewAs = None,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw PROMPT with every combination of what varies, on one labelled sheet and each alone.

    Lists vary: --steps 10,20,30, --guidance-scale 2..8:2, "a {red|white} dress". All cells have
    one seed. Stopped in any way, the same command finishes the rest.
    """
    out = Output(as_json=json, quiet=quiet)
    kind = preview_kind(preview, preview_as, out, dry_run=dry_run)
    lock = open_lock(locked=locked, path=lock_file)
    asked = _asked(flags, replace, [name for name in (x, y, z) if name], config)
    folder = output or _folder(str(asked.said["prompt"]))
    refuse_picture(folder, "a grid")
    options = BatchOptions(
        format=format_named(format) or "png",
        micro_batch=micro_batch_of(micro_batch),
        wording=wording_of(wildcards, style, styles_file, config),
        strict_tokens=strict_tokens,
    )
    drafts = _drafts(asked, config, Search(lora_dir))
    check_locked(lock, (draft.model for draft in drafts.items))
    if dry_run:
        _show_cells(asked, drafts, out)
        return
    summary = run(drafts, folder, options, open_here(device, kernels, offload), out, kind)
    if summary.stopped_by is None and summary.error is None:
        _Sheet(asked, drafts, folder, options).write(out, cell_size)
    conclude(summary, out)


def _asked(
    flags: Mapping[str, Any], replace: Sequence[str], order: Sequence[str], config: Sequence[str]
) -> Sweep:
    """What varies; a `-` in place of the prompt is read from stdin."""
    said = with_stdin_prompt(Layer(FLAGS, flags)).values
    syntaxes = [layer.values.get("prompt_syntax") for layer in config_layers(config)]
    syntax = [said.get("prompt_syntax"), *filter(None, reversed(syntaxes)), "a1111"]
    return sweep(said, replace, order, plain=next(filter(None, syntax)) == "plain")


def _folder(prompt: str) -> Path:
    return Path("outputs") / f"{name_words(re.sub(r'[{}|]', ' ', prompt)) or 'picture'}-grid"


def _drafts(asked: Sweep, config: Sequence[str], search: Search) -> Drafts:
    """A job for each cell, all with one seed: what differs is what varies.

    A seed that nobody gave comes from the prompt, so that the same command goes on where it was.
    """
    seed = Layer("grid", {"seed": derived_seed(0, "grid", str(asked.said["prompt"]))})
    lower = [seed, *config_layers(config)]
    items = []
    for number, cell in enumerate(asked.cells(), 1):
        planned = plan([*lower, layer_from(FLAGS, asked.at(cell), text=True)], search=search)
        source = f"cell {shown_cell(asked, cell)}"
        place, name = (number, 1), _name(asked, cell)
        items.append(Draft(planned.settings, planned.model, source, place, True, name=name))
    return Drafts(items, [])


def shown_cell(asked: Sweep, cell: Cell) -> str:
    """`2,3`: row and column from 1, and the block where there are several."""
    column, row, block = cell
    return f"{row + 1},{column + 1}" + (f",{block + 1}" if asked.shape[2] > 1 else "")


def _name(asked: Sweep, cell: Cell) -> str:
    """`red-steps-20`: the same cell of a larger grid has the same name, and is not drawn again."""
    parts = [axis.label(at) for axis, at in zip(asked.axes, cell, strict=False)]
    return name_words(" ".join(parts)) or f"cell-{shown_cell(asked, cell).replace(',', '-')}"


def _show_cells(asked: Sweep, drafts: Drafts, out: Output) -> None:
    rows = []
    for cell, draft in zip(asked.cells(), drafts.items, strict=True):
        labels = [axis.label(at) for axis, at in zip(asked.axes, cell, strict=False)]
        rows.append([shown_cell(asked, cell), draft.name, *labels])
        settings = draft.settings.model_dump()
        out.json({"cell": shown_cell(asked, cell), "name": draft.name, "settings": settings})
    out.table(rows, ["cell", "name", *(axis.title for axis in asked.axes)])
    out.say(f"{len(rows)} cells; nothing drawn")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The sheet of a grid whose pictures are drawn."""

    asked: Sweep
    drafts: Drafts
    folder: Path
    options: BatchOptions

    def write(self, out: Output, asked_size: int | None) -> None:
        """Put all cells on one picture, in place of an older sheet of the same grid."""
        from sdgen.batch.places import pictures_of
        from sdgen.files.sheets import encode_sheet
        from sdgen.files.write import publish
        from sdgen.gallery.lettering import letters_missing

        jobs, done = pictures_of(self.drafts, self.folder, self.options)
        paths = [done.get(job.id) for job in jobs]
        heads = self._heads()
        image = self._drawn(heads, paths, asked_size)
        note = {"plan": self._plan(), **self._note(paths)}
        target = self._target()
        publish(encode_sheet(image, "grid", note, "png"), target, overwrite=True)
        if any(map(letters_missing, [*heads.columns, *heads.rows, *heads.blocks])):
            out.warn("no font here has all letters of the words on the sheet")
        out.say(f"{len(paths)} cells on {image.width}x{image.height} pixels")
        out.result(display(str(target)))
        out.json({"sheet": str(target), "cells": len(paths), "missing": paths.count(None)})

    def _heads(self) -> Any:
        from sdgen.gallery.grid import Heads

        labels = [[axis.label(at) for at in range(len(axis.values))] for axis in self.asked.axes]
        return Heads(*labels)

    def _drawn(self, heads: Any, paths: Sequence[Path | None], asked_size: int | None) -> Any:
        from sdgen.files.reading import open_pixels
        from sdgen.gallery.grid import cell_size, grid_sheet
        from sdgen.gallery.sheet import Tile

        settings = [draft.settings for draft in self.drafts.items]
        largest = max(one.width for one in settings), max(one.height for one in settings)
        size = cell_size(heads, largest, asked_size)

        def picture(index: int) -> Tile:
            path = paths[index]
            if path is None:
                return Tile(None, "not drawn")
            image = open_pixels(path)
            image.thumbnail(size)
            return Tile(image)

        with with_hint("--cell-size 64"):
            return grid_sheet(heads, picture, size)

    def _note(self, paths: Sequence[Path | None]) -> dict[str, Any]:
        from sdgen.files.images import read_record_of
        from sdgen.metadata.grid import grid_note

        records = ["it could not be drawn" if p is None else read_record_of(p) for p in paths]
        root = self.folder.resolve()
        files = ["" if p is None else p.resolve().relative_to(root).as_posix() for p in paths]
        return grid_note(self.asked, records, files)

    def _plan(self) -> str:
        """What tells this grid from others in the folder."""
        told = [draft.settings.model_dump(mode="json") for draft in self.drafts.items]
        return hashlib.sha256(json_text.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def _target(self) -> Path:
        """`grid.png`, or the next number where that is another grid, or not ours."""
        from sdgen.files.sheets import sheet_note
        from sdgen.files.write import numbered

        for stem in numbered("grid"):
            path = self.folder / f"{stem}.png"
            if not path.exists():
                return path
            try:
                note = sheet_note(path)
            except InputError:
                continue
            if note and note.get("plan") == self._plan():
                return path
        raise AssertionError("numbers have no end")
