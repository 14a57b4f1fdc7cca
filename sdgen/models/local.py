"""A model on this machine: its folder, checked, with the facts that settings need.

Only reads small JSON files and weight-file headers; nothing here loads weights or runs code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.recipe.sizes import SizeRule


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A diffusers folder that passed its checks.

    `name` is what the record says (never a path); `weights` are the files that decide the pixels,
    relative to `folder`; `defaults` is the model's own layer of settings.
    """

    name: str
    folder: Path
    pipeline: str
    weights: tuple[str, ...]
    defaults: Mapping[str, Any]
    sizes: SizeRule
    revision: str | None = None


def find_model(name: str) -> LocalModel:
    raise NotImplementedError
