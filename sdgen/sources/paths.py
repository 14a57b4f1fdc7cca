"""Paths that a file names are meant from where the file lies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sdgen.recipe.layers import Layer, is_list
from sdgen.sources.store import ROLES, Role, is_reference


def from_folder(said: str, folder: Path) -> Path:
    """The path that `said` means in a file in `folder`; `~` is the home folder, if there is one."""
    try:
        return folder / Path(said).expanduser()
    except RuntimeError:  # no such home
        return folder / said


def meant_from(layer: Layer, folder: Path) -> Layer:
    """`layer` with the paths of its pictures as they are meant in a file in `folder`."""
    paths: dict[str, Any] = {
        role: _meant(role, layer.values[role], folder) for role in ROLES if role in layer.values
    }
    return replace(layer, values={**layer.values, **paths}) if paths else layer


def _meant(role: Role, said: Any, folder: Path) -> Any:
    """One path, or several, from `folder`; what is neither is left to who judges settings."""
    if is_list(role):
        several = said.split(",") if isinstance(said, str) else said
        is_sound = isinstance(several, list | tuple)
        return [_one(each, folder) for each in several] if is_sound else said
    return _one(said, folder)


def _one(said: Any, folder: Path) -> Any:
    if not isinstance(said, str) or not said.strip() or is_reference(said.strip()):
        return said
    return str(from_folder(said.strip(), folder))
