"""`sdgen models …`: which models there are, what is known about one, and what is fetched."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen import models
from sdgen.cli.model_files import single_file_rows
from sdgen.cli.models_hub import path_command, pull_command, rm_command, verify_command
from sdgen.cli.models_list import list_command
from sdgen.cli.options import Json, model_names
from sdgen.cli.output import Output
from sdgen.cli.weights_info import tell_file
from sdgen.models.catalogue import Entry, find_entry
from sdgen.models.consent import NotHereError, bytes_in_words
from sdgen.models.families import ABILITIES
from sdgen.models.local import LocalModel
from sdgen.models.single_file import facts_of, is_model
from sdgen.recipe.loras import SUFFIX
from sdgen.recipe.sizes import SizeRule

app = typer.Typer(rich_markup_mode=None, help="Models (--model).")
app.command("list")(list_command)


@app.command("info")
def info_command(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|FOLDER|FILE", help="Which one.", autocompletion=model_names),
    ],
    as_json: Json = False,
) -> None:
    """Show what is known about a model: pipeline, sizes, its own settings, its files.

    Of a .safetensors file, what it is: a model, a LoRA, and which parts it changes, a VAE, an
    embedding.
    """
    out = Output(as_json=as_json)
    path = Path(name).expanduser()
    if path.suffix == SUFFIX and path.is_file() and not is_model(path):
        tell_file(path, out)
        return
    entry = find_entry(name)
    try:
        model = models.find_model(name)
    except NotHereError as error:
        if entry is None:
            raise
        out.json({**entry_object(entry), "ready": False})
        out.table([*entry_rows(entry), ("state", str(error)), ("to fetch it", error.hint)])
        return
    hashes = model.hashes()
    out.json(model_object(model, hashes))
    out.table(model_rows(model, entry, hashes))


app.command("pull")(pull_command)
app.command("verify")(verify_command)
app.command("path")(path_command)
app.command("rm")(rm_command)


def entry_object(entry: Entry) -> dict[str, Any]:
    """What the catalogue says, as data."""
    return {
        "name": entry.name,
        "summary": entry.summary,
        "licence": entry.licence,
        "family": entry.family,
        "repository": entry.repository or None,
        "revision": entry.revision if entry.repository else None,
        "gated": entry.gated,
        "download_bytes": entry.download_bytes,
        "memory_bytes": entry.memory_bytes,
        "languages": list(entry.languages),
        "defaults": dict(entry.defaults),
    }


def entry_rows(entry: Entry) -> Iterator[tuple[str, str]]:
    """What the catalogue says, for people."""
    yield "name", entry.name
    yield "what it is", entry.summary
    yield "licence", entry.licence + (", to be accepted on the hub first" if entry.gated else "")
    if entry.repository:
        yield "repository", entry.repository
    if entry.download_bytes:
        yield "to fetch", f"about {bytes_in_words(entry.download_bytes)}"
    if entry.memory_bytes:
        yield "weights", f"about {bytes_in_words(entry.memory_bytes)} in 16 bits"
    if entry.languages:
        yield "prompts in", ", ".join(entry.languages)


def model_object(model: LocalModel, hashes: dict[str, str]) -> dict[str, Any]:
    """The model as data."""
    return {
        "name": model.name,
        "folder": str(model.folder),
        **facts_of(model, hashes),
        "pipeline": model.pipeline,
        "repository": model.repository or None,
        "family": model.family.name,
        "cannot": [name for name in ABILITIES if name not in model.family.can],
        "revision": model.revision,
        "variant": model.variant,
        "sizes": asdict(model.sizes),
        "defaults": dict(model.defaults),
        "files": hashes,
    }


def model_rows(
    model: LocalModel, entry: Entry | None, hashes: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """The model for people, as name and value."""
    yield from entry_rows(entry) if entry else [("name", model.name)]
    yield "folder" if model.layout is None else "file", str(model.folder)
    yield from single_file_rows(model, hashes)
    yield "family", model.family.title
    yield "pipeline", model.pipeline
    if model.revision:
        yield "commit", model.revision
    if model.variant:
        yield "files in", model.variant
    yield "sizes", sizes_in_words(model.sizes)
    if cannot := [name for name in ABILITIES if name not in model.family.can]:
        yield "cannot do", ", ".join(cannot)
    for name, value in model.defaults.items():
        yield f"  {name}", f"{value} (unless you say otherwise)"
    for file, digest in hashes.items():
        yield f"  {file}", f"sha256 {digest[:16]}…"


def sizes_in_words(rule: SizeRule) -> str:
    """`256x256, 192x320`, or `multiples of 8 pixels`."""
    if rule.only:
        return ", ".join(f"{width}x{height}" for width, height in rule.only)
    return f"multiples of {rule.multiple} pixels"
