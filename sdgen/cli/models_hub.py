"""`sdgen models pull|verify|path|rm`: fetched from the hub, read to the last byte, removed."""

from pathlib import Path
from typing import Annotated

import typer

from sdgen import models
from sdgen.cli.fetching import Offline, fetch_shown
from sdgen.cli.options import Json, Quiet, model_names
from sdgen.cli.output import Output
from sdgen.errors import InputError, ModelError, did_you_mean
from sdgen.models.catalogue import CATALOGUE, all_entries, find_entry
from sdgen.models.consent import bytes_in_words, is_offline
from sdgen.models.from_hub import find_referred
from sdgen.models.hashes import expected_hashes
from sdgen.models.hub import reference_of
from sdgen.models.hub_cache import Cached, cached, damaged_files, is_promised, is_sound, snapshot_of
from sdgen.models.hub_names import Reference, split_revision
from sdgen.models.local import LocalModel

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A name from the list, or OWNER/NAME; @REVISION behind it pins it.",
        autocompletion=model_names,
    ),
]  # fmt: skip
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...", help="Names from the list, or OWNER/NAME.", autocompletion=model_names
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def pull_command(
    names: Names, offline: Offline = False, quiet: Quiet = False, as_json: Json = False
) -> None:
    """Fetch models from the hub, or go on where that was stopped; every byte is checked.

    Only what is drawn with: safetensors, in half precision where there is such. The commit is what
    `main` is now, unless a revision stands behind the name.
    """
    out = Output(as_json=as_json, quiet=quiet)
    references = [_of_hub(name) for name in names]
    for reference in references:
        if offline or is_offline():
            raise ModelError(
                f"{reference.name} may not be fetched",
                hint="HF_HUB_OFFLINE or --offline forbids it",
            )
        order = fetch_shown(reference, out)
        commit = order.listing.commit
        models.find_model.cache_clear()
        model = find_referred(reference)  # is it one that sdgen draws with?
        size = bytes_in_words(order.size)
        out.say(f"{reference.name}: {size}, checked, {reference.repository} at {commit}")
        out.result(str(model.folder))
        out.json({"model": reference.name, "repository": reference.repository, "commit": commit,
                  "bytes": order.size, "folder": str(model.folder)})  # fmt: skip


def verify_command(names: Names, as_json: Json = False) -> None:
    """Read every byte of models: are they what the hub, or sdgen, promised?"""
    out = Output(as_json=as_json)
    failures: list[InputError | ModelError] = []
    for name in names:
        try:
            damaged, count = _read(name)
        except (InputError, ModelError) as error:
            failures.append(error)
            out.json({"model": name, "whole": None, "error": str(error)})
            out.result(f"unknown: {name}: {error}")
            continue
        if damaged:
            again = f"sdgen models pull {name} fetches it again"
            failures.append(ModelError(f"{name} is damaged: {damaged[0]}", hint=again))
        state = "damaged" if damaged else "whole"
        out.json({"model": name, "whole": not damaged, "damaged": damaged})
        out.result(f"{state}: {name}: {', '.join(damaged) or f'{count} files'}")
    if failures:
        raise failures[0]


def _read(name: str) -> tuple[list[str], int]:
    """The damaged files of a model, and of how many it is made.

    What lies in the hub's cache is read before the model is checked, which damage may forbid.

    Raises:
        InputError: Nobody promised anything about this model.
        ModelError: It is not here.
    """
    reference = reference_of(name)
    found = snapshot_of(reference) if reference else None
    if reference and found:
        folder = found[0]
        damaged = _damaged_in(folder, reference.file)
        if damaged:
            return damaged, 0
    model = models.find_model(name)
    if model.repository:
        own = [model.folder / file for file in model.weights] if model.layout is None else []
        if not all(map(is_promised, own or [model.folder])):
            raise _unpromised(name)
        return [], len(model.weights)
    return _damaged(model), len(model.weights)


def _damaged_in(folder: Path, file: str) -> list[str]:
    """The damaged files of a snapshot; only `file`, where only that is meant."""
    if not file:
        return damaged_files(folder)
    path = folder / file
    is_there = path.is_symlink() or path.is_file()
    return [file] if is_there and is_sound(path) is False else []


def _damaged(model: LocalModel) -> list[str]:
    """The files of a model outside the hub's cache that are not as they were promised.

    Raises:
        InputError: Nobody promised anything about this model.
    """
    promised = expected_hashes(model.parts) if model.layout is None else {}
    if not promised:
        raise _unpromised(model.name)
    here = model.hashes(read_all=True)
    return [file for file, digest in here.items() if promised.get(file) != digest]


def _unpromised(name: str) -> InputError:
    return InputError(
        f"nobody promised which bytes {name} has",
        hint=f"sdgen lock --model {name} writes them down, and --check compares",
    )


def path_command(name: Name, as_json: Json = False) -> None:
    """Print the folder of a model."""
    out = Output(as_json=as_json)
    model = models.find_model(name)
    out.result(str(model.folder))
    out.json({"model": name, "folder": str(model.folder)})


def rm_command(name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Remove a model from the hub's cache, which other tools share; with @REVISION only that."""
    from sdgen.models.hub_remove import remove, remove_file

    out = Output(as_json=as_json)
    reference = _of_hub(name)
    here = cached(reference.repository)
    commits = _commits(name, reference, here)
    if not here.folder.is_dir() or commits == []:
        raise ModelError(f"{name} is not on this machine")
    if reference.file and commits:
        files = [here.snapshot(commit) / reference.file for commit in commits]
        sizes = {path.resolve(): path.stat().st_size for path in files if path.exists()}
        _confirm(name, sum(sizes.values()), yes, out)
        gone = remove_file(here, reference.file, commits)
    else:
        _confirm(name, here.size(), yes, out)
        gone = remove(here, commits)
    models.find_model.cache_clear()
    out.say(f"removed {name}: {bytes_in_words(gone)}")
    out.json({"model": name, "repository": here.repository, "bytes": gone})


def _commits(name: str, reference: Reference, here: Cached) -> list[str] | None:
    """The commits that `name` means, as far as they are here; None for the whole repository."""
    if reference.revision != "main" or split_revision(name)[1] is not None:
        commit = here.commit_of(reference.revision)
        commits = [commit] if commit else []
    elif not reference.file:
        return None
    else:
        commits = here.commits()
    if not reference.file:
        return commits
    pointers = {commit: here.snapshot(commit) / reference.file for commit in commits}
    return [commit for commit, path in pointers.items() if path.is_symlink() or path.is_file()]


def _confirm(name: str, size: int, yes: bool, out: Output) -> None:
    """Ask a person; where nobody sits, `--yes` must have been said.

    Raises:
        InputError: It was not, or they say no.
    """
    if yes:
        return
    if not out.is_conversation:
        raise InputError(f"this would remove {name}, {bytes_in_words(size)}", hint="--yes does it")
    if not out.ask(f"remove {bytes_in_words(size)}, for all tools?"):
        raise InputError("nothing was removed")


def _of_hub(name: str) -> Reference:
    reference = reference_of(name)
    if reference is None:
        entry = find_entry(name)
        if entry is not None:
            where = "comes with sdgen" if name in CATALOGUE else "is a folder of your own"
            raise InputError(f"{name} {where}: it is not on the hub")
        hint = did_you_mean(name, all_entries()) or "see sdgen models list, or say OWNER/NAME"
        raise InputError(f"{name!r} is no model on the hub", hint=hint)
    return reference
