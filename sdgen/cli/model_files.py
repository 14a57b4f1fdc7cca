"""What `sdgen models` tells of single files, and of all models in named folders."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError
from sdgen.models.catalogue import find_entry
from sdgen.models.local import LocalModel
from sdgen.models.single_file import facts_of, open_path
from sdgen.models.weights_here import distinct, files_of, name_of

_NO_LICENCE = "-"


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in a named folder; `fault` is why it cannot be used."""

    name: str
    path: Path
    kind: str
    fault: str = ""

    @property
    def row(self) -> tuple[str, str, str, str]:
        """As a line of the table of models."""
        size = f"{self.path.stat().st_size / 1e9:.1f} GB" if self.path.is_file() else ""
        facts = ", ".join(filter(None, (self.kind, size)))
        told = f"{facts}: {self.path}" if self.kind else str(self.path)
        return self.name, self.fault or "ready", _NO_LICENCE, told

    @property
    def told(self) -> dict[str, Any]:
        """The same as data."""
        facts = {"name": self.name, "ready": not self.fault, "path": str(self.path)}
        return facts | ({"fault": self.fault} if self.fault else {"kind": self.kind})


def models_listed() -> Iterator[Listed]:
    """The models in the folders that the person named, in the order of the folders.

    Two of one name are both told as what keeps the name from being used.

    Raises:
        ModelError: A folder that the person named is not there; after all that is.
    """
    found: list[Path] = []
    away: ModelError | None = None
    try:
        found.extend(files_of("model"))
    except ModelError as error:
        away = error
    paths = distinct(found)
    names = [name_of(path) for path in paths]
    for path, name in zip(paths, names, strict=True):
        try:
            model = open_path(path)
        except ModelError as error:
            yield Listed(name, path, "", str(error))
            continue
        yield Listed(name, path, kind_of(model), _fault_of_name(path, name, names))
    if away is not None:
        raise away


def _fault_of_name(path: Path, name: str, names: list[str]) -> str:
    """Why `--model NAME` does not mean the model at `path`; empty where it does."""
    if names.count(name) > 1:
        return "the name is not the only one of its kind here"
    if find_entry(name) is None:
        return ""
    whole = f"{path.name}, or " if path.name != name else ""
    return f"the catalogue has this name: say {whole}its path"


def kind_of(model: LocalModel) -> str:
    """What a model is, in a few words: `SDXL`, or `Stable Diffusion 1, repaints`."""
    shown = model.family.title
    return f"{shown}, repaints" if model.repaints else shown


def single_file_rows(model: LocalModel, hashes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Of a single file, what `sdgen models info` tells beside the rest; nothing of a folder."""
    facts = facts_of(model, hashes)
    if facts:
        yield "sha256", facts["sha256"]
        yield "short hash", f"{facts['short_hash']} (A1111, Civitai)"
    for remark in model.remarks:
        yield "notice", remark
