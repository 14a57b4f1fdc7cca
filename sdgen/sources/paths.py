"""Paths that a file names are meant from where the file lies."""

from dataclasses import replace
from pathlib import Path

from sdgen.recipe.layers import Layer
from sdgen.sources.store import ROLES, is_reference


def meant_from(layer: Layer, folder: Path) -> Layer:
    """`layer` with the paths of its pictures as they are meant in a file in `folder`."""
    paths: dict[str, str] = {
        role: str(folder / Path(said).expanduser())
        for role in ROLES
        if isinstance(said := layer.values.get(role), str) and said and not is_reference(said)
    }
    return replace(layer, values={**layer.values, **paths}) if paths else layer
