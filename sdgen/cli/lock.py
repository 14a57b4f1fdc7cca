"""`sdgen lock`: write down, to the byte, which models and libraries a project draws with."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from sdgen.api import config_layers, plan_picture
from sdgen.cli.locked import DEFAULT_LOCK
from sdgen.cli.options import Configs, Json, LoraDirs, Quiet, model_names
from sdgen.cli.output import Output
from sdgen.errors import InputError
from sdgen.files.lockfile import read_lock, write_lock
from sdgen.models import LocalModel, find_model
from sdgen.models.added import files_of, places_of
from sdgen.models.finding import Search
from sdgen.models.lock import Lock, changes_in, lock_of, models_of, refuse_changes
from sdgen.models.lora import find_loras
from sdgen.recipe.layers import Layer

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Batch files, as sdgen batch reads them.")
]
Models = Annotated[
    list[str],
    typer.Option(
        "--model", metavar="NAME|FOLDER", help="A model to lock; repeatable.",
        autocompletion=model_names,
    ),
]  # fmt: skip
Loras = Annotated[
    list[str], typer.Option("--lora", metavar="FILE", help="A LoRA to lock; repeatable.")
]
Where = Annotated[
    Path, typer.Option("--lock-file", metavar="PATH", help="The file to write or to check.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing: does the lock hold on this machine?")
]


def lock(
    *,
    files: Files = [],
    model: Models = [],
    lora: Loras = [],
    lora_dir: LoraDirs = [],
    config: Configs = [],
    lock_file: Where = DEFAULT_LOCK,
    check: Check = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write sdgen.lock: the models of the batch files, configs and --model, and all versions.

    Names every file of each model with its SHA-256, and the libraries that draw; where no model is
    named, the one that is used then. --locked draws with nothing else.
    """
    out = Output(as_json=as_json, quiet=quiet)
    if check:
        if files or config or lora:
            raise InputError(
                "--check looks at the lock file; beside it, it takes only --model and --lora-dir"
            )
        _check(lock_file, model, lora_dir, out)
        return
    models = _models(files, model, config, lora_dir)
    added = find_loras(lora, [*lora_dir, Path(), *places_of(models)])
    found = lock_of([replace(models[0], loras=added), *models])
    _tell_left_out(lock_file, found, out)
    changed = write_lock(lock_file, found)
    out.say(f"{'locked' if changed else 'unchanged'}: {', '.join(found.models)}")
    out.result(str(lock_file))
    said = found.model_dump(by_alias=True, exclude_none=True)
    out.json({"lock": str(lock_file), "changed": changed, **said})


def _models(
    files: Sequence[Path], names: Sequence[str], configs: Sequence[str], lora_dirs: Sequence[Path]
) -> list[LocalModel]:
    """Every model that is used, each once with its LoRAs, in the order in which it is named."""
    search = Search(lora_dirs)
    found = [model for file in files for model in _of_batch(file, configs, search)]
    found += [_of_configs([config], search) for config in configs]
    found += map(find_model, names)
    found = found or [_of_configs([], search)]
    return list({(model.folder, model.added): model for model in found}.values())


def _of_configs(configs: Sequence[str], search: Search) -> LocalModel:
    """The model that the user's own defaults and `configs` draw with, and their LoRAs."""
    return plan_picture(Layer("lock", {"prompt": "-"}), configs, search).model


def _of_batch(file: Path, configs: Sequence[str], search: Search) -> list[LocalModel]:
    from sdgen.batch.drafts import draft_jobs
    from sdgen.batch.jobfiles import read_job_file

    drafts = draft_jobs(read_job_file(file), config_layers(configs), search=search)
    return [draft.model for draft in drafts.items]


def _tell_left_out(path: Path, found: Lock, out: Output) -> None:
    """Say which models the lock that is there named, and the new one does not."""
    try:
        before = read_lock(path)
    except InputError:
        return
    if gone := before.models.keys() - found.models.keys():
        out.warn(f"no longer locked: {', '.join(sorted(gone))}")


def _check(path: Path, places: Sequence[str], lora_dirs: Sequence[Path], out: Output) -> None:
    """Say whether the lock holds here; `places` are models whose folder the user named."""
    found = read_lock(path)
    models = models_of(found, map(find_model, places))
    added = files_of(found, [*lora_dirs, *places_of(models)])  # of all kinds, as they say
    here = [replace(one, loras=added) for one in models]
    changes = changes_in(found, here, read_all=True)
    said = [asdict(change) for change in changes]
    out.json({"lock": str(path), "holds": not changes, "changes": said})
    for change in changes:
        out.result(f"changed: {change}")
    refuse_changes(changes, str(path))
    count = f"{len(found.models)} model{'s' * (len(found.models) != 1)}"
    out.result(f"{path} holds: {count}, {len(found.versions)} versions")
