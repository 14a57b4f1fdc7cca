"""The files of weights in the folders that a person named (`sdgen/named_folders.py`)."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sdgen.errors import ModelError
from sdgen.models.weights import PICKLE_ENDINGS
from sdgen.named_folders import Kind, NamedFolder, named
from sdgen.recipe.loras import SUFFIX

MOST_ENTRIES = 100_000
"""So many files and folders below a named folder are looked at."""

INDEX = "model_index.json"
"""What makes a folder one model in the layout of diffusers."""


def files_named(kind: Kind, name: str) -> list[Path]:
    """The files of this kind that are called `name`, with or without their ending.

    Models can be diffusers folders too. A file that two folders lead to is there once.

    Raises:
        ModelError: A folder that the person named is not there.
    """
    found = (path for path in files_of(kind) if name in (path.name, name_of(path)))
    return distinct(found)


def distinct(paths: Iterable[Path]) -> list[Path]:
    """`paths`, of those that lead to one file the last; links may go round in a circle."""
    return list({os.path.realpath(path): path for path in paths}.values())


def is_regular(path: Path) -> bool:
    """Whether `path` leads to a regular file: no pipe, no device, no link to nowhere."""
    try:
        return path.is_file()
    except OSError:  # it lies in a folder that is closed to us
        return False


def has_suffix(name: str) -> bool:
    """Whether a file of this name is safetensors; on some disks names are in capitals."""
    return name.lower().endswith(SUFFIX)


def name_of(path: Path) -> str:
    """What a file of weights is called: without its ending, which a folder has not."""
    is_file = path.suffix.lower() in (SUFFIX, *PICKLE_ENDINGS)
    return path.name.removesuffix(path.suffix) if is_file else path.name


def files_of(kind: Kind) -> Iterator[Path]:
    """All files of weights in the folders of this kind; for models, diffusers folders too.

    What the other folders hold comes before the error of one that is not there.

    Raises:
        ModelError: A folder that the person named is not there, or holds too much.
    """
    away: list[NamedFolder] = []
    for folder in named(kind):
        if folder.path.is_dir():
            yield from _below(folder, with_folders=kind == "model")
        elif folder.is_said:
            away.append(folder)
    for folder in away:
        raise ModelError(f"{folder.where} names {folder.path}, and there is no such folder")


def _below(folder: NamedFolder, *, with_folders: bool) -> Iterator[Path]:
    """Links to folders are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    endings = (SUFFIX, *PICKLE_ENDINGS) if with_folders else (SUFFIX,)
    left = MOST_ENTRIES
    for place, inner, names in os.walk(folder.path, followlinks=True):
        status = Path(place).stat()
        is_known = (status.st_dev, status.st_ino) in seen
        seen.add((status.st_dev, status.st_ino))
        left -= len(inner) + len(names)
        if left < 0:
            raise ModelError(
                f"{folder.where} names {folder.path}, with more than {MOST_ENTRIES} files",
                hint="name the folder that the models are in",
            )
        is_model = with_folders and INDEX in names
        inner[:] = [] if is_known or is_model else sorted(inner)
        if is_model:
            yield Path(place)
        elif not is_known:
            yield from (Path(place, one) for one in sorted(names) if one.lower().endswith(endings))
