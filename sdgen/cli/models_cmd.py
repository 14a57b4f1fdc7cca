"""`sdgen models list|info`: which models are here, and what is known about one."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen import models
from sdgen.cli.model_files import models_listed, single_file_rows
from sdgen.cli.options import Json
from sdgen.cli.output import Output
from sdgen.cli.weights_info import tell_file
from sdgen.errors import ModelError
from sdgen.models.catalogue import CATALOGUE, Entry
from sdgen.models.local import LocalModel
from sdgen.models.single_file import facts_of, is_model
from sdgen.recipe.loras import SUFFIX
from sdgen.recipe.sizes import SizeRule

app = typer.Typer(rich_markup_mode=None, help="Models (--model).")


def _complete(incomplete: str) -> list[str]:
    return [name for name in CATALOGUE if name.startswith(incomplete)]


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the models that have a name; any diffusers folder or .safetensors file works too."""
    out = Output(as_json=as_json)
    found = [(entry, fault_of(entry.name)) for entry in CATALOGUE.values()]
    for entry, fault in found:
        out.json(entry_object(entry, fault))
    rows = [(entry.name, fault or "ready", entry.licence, entry.summary) for entry, fault in found]
    for listed in models_listed():
        out.json(listed.told)
        rows.append(listed.row)
    out.table(rows, ("name", "state", "licence", "what it is"))


@app.command("info")
def info_command(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME|FOLDER|FILE", help="Which one.", autocompletion=_complete),
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
    model = models.find_model(name)
    hashes = model.hashes()
    out.json(model_object(model, hashes))
    out.table(model_rows(model, hashes))


def fault_of(name: str) -> str:
    """What keeps the model from being used; empty when nothing does."""
    try:
        models.find_model(name)
    except ModelError as error:
        return str(error)
    return ""


def entry_object(entry: Entry, fault: str) -> dict[str, Any]:
    """A line of the list as data."""
    return {
        "name": entry.name,
        "ready": not fault,
        "licence": entry.licence,
        "summary": entry.summary,
        **({"fault": fault} if fault else {}),
    }


def model_object(model: LocalModel, hashes: dict[str, str]) -> dict[str, Any]:
    """The model as data."""
    return {
        "name": model.name,
        "folder": str(model.folder),
        **facts_of(model, hashes),
        "pipeline": model.pipeline,
        "revision": model.revision,
        "variant": model.variant,
        "sizes": asdict(model.sizes),
        "defaults": dict(model.defaults),
        "files": hashes,
    }


def model_rows(model: LocalModel, hashes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The model for people, as name and value."""
    yield "name", model.name
    if model.name in CATALOGUE:
        yield "what it is", CATALOGUE[model.name].summary
        yield "licence", CATALOGUE[model.name].licence
    yield "folder" if model.layout is None else "file", str(model.folder)
    yield from single_file_rows(model, hashes)
    yield "pipeline", model.pipeline
    if model.revision:
        yield "revision", model.revision
    if model.variant:
        yield "weights", model.variant
    yield "sizes", sizes_in_words(model.sizes)
    for name, value in model.defaults.items():
        yield f"  {name}", f"{value} (unless you say otherwise)"
    for file, digest in hashes.items():
        yield f"  {file}", f"sha256 {digest[:16]}…"


def sizes_in_words(rule: SizeRule) -> str:
    """`256x256, 192x320`, or `multiples of 8 pixels`."""
    if rule.only:
        return ", ".join(f"{width}x{height}" for width, height in rule.only)
    return f"multiples of {rule.multiple} pixels"
