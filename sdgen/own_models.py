"""The models that a person gave names to, in their own settings.

As with folders (`sdgen/named_folders.py`), these are read in one room and wanted in a lower one:
who reads them is told here when the program starts, and asked only when a model is looked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

Reader = Callable[[], Mapping[str, Any]]
"""Gives name → entry of the catalogue."""

_readers: list[Reader] = []


def read_by(reader: Reader) -> None:
    """Let `reader` say from now on which models there are."""
    _readers[:] = [reader]


def own() -> Mapping[str, Any]:
    """A person's own models by name.

    Raises:
        InputError: Their file is wrong.
    """
    return {name: entry for reader in _readers for name, entry in reader().items()}
