"""The model that a recipe of another program means: looked for here, by its hash, then by name.

Nothing is fetched, and no path of the recipe is followed: only the last part of a name counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdgen.errors import ModelError
from sdgen.models.catalogue import CATALOGUE
from sdgen.models.local import LocalModel, find_model, is_bare_name
from sdgen.models.other_hashes import digits_of, named_by

Known = Literal["hash", "old hash", "name", "given"]
"""How a model was known: by a hash, by one that several files may have, by its name, not at all."""

MOST_ENTRIES = 1000
"""So many files and folders of a place are looked at."""

_CHECKPOINTS = (".safetensors", ".ckpt")
_INDEX = "model_index.json"


@dataclass(frozen=True, slots=True)
class Meant:
    """A model that is here, and how it was known."""

    model: LocalModel
    known: Known


def model_meant(name: str, said: str, places: Sequence[Path]) -> Meant:
    """The model of this name and hash.

    Args:
        name: As the recipe has it, perhaps with somebody's folders; may be empty.
        said: Its hash there, of any program's kind; may be empty.
        places: The user's folders with models: diffusers folders, or folders of those.

    Raises:
        ModelError: It is not here, or only as a file that sdgen does not draw with.
    """
    stem = stem_of(name)
    if digits_of(said):
        candidates = sorted(_candidates(places), key=lambda one: one.name != stem)
        for folder in candidates:
            if known := _known(folder, said):
                return Meant(find_model(_name_of(folder)), known)
        _refuse_checkpoints(places, said)
    for wanted in filter(_can_be_looked_up, dict.fromkeys((stem, stem.lower()))):
        for place in (*(place / wanted for place in places), Path(wanted)):
            if str(place) in CATALOGUE or (place / _INDEX).is_file():
                return Meant(find_model(str(place)), "name")
    raise _not_here(name, said, places)


def known_of(model: LocalModel, said: str) -> Known:
    """How `model`, which the user named, is known to be the one of this hash."""
    return _known(model.folder, said) or "given"


def stem_of(name: str) -> str:
    """`xl` of `models/xl.safetensors`: the name alone, whatever folder of somebody's it is in."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    ending = next((end for end in _CHECKPOINTS if last.lower().endswith(end)), "")
    return last[: len(last) - len(ending)]


def _can_be_looked_up(name: str) -> bool:
    return is_bare_name(name) and name.isprintable()


def _candidates(places: Sequence[Path]) -> Iterator[Path]:
    """The diffusers folders that are known here: of the catalogue, and in the places."""
    yield from (entry.folder for entry in CATALOGUE.values() if entry.folder)
    for place in places:
        for path in (place, *_inside(place)):
            if (path / _INDEX).is_file():
                yield path


def _name_of(folder: Path) -> str:
    """What `find_model` finds it by: a model of the catalogue has its name, and not its path."""
    named = (entry.name for entry in CATALOGUE.values() if entry.folder == folder)
    return next(named, str(folder))


def _inside(place: Path) -> list[Path]:
    """What lies in `place`; a few thousand names at most are looked at.

    Raises:
        ModelError: It is no folder, or closed to us.
    """
    try:
        return sorted(path for _, path in zip(range(MOST_ENTRIES), place.iterdir(), strict=False))
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ModelError(f"the folder of models {place}: {reason}") from error


def _known(folder: Path, said: str) -> Known | Literal[""]:
    """How a diffusers folder is known by this hash: one of its weights, or a checkpoint, has it."""
    parts = [path for path in folder.glob("*/*.safetensors") if path.is_file()]
    for path in [*_checkpoints(folder), *sorted(parts)]:
        if how := named_by(path, said):
            return "old hash" if how == "old" else "hash"
    return ""


def _checkpoints(folder: Path) -> list[Path]:
    return [
        path for path in _inside(folder) if path.suffix.lower() in _CHECKPOINTS and path.is_file()
    ]


def _refuse_checkpoints(places: Sequence[Path], said: str) -> None:
    for path in (path for place in places for path in _checkpoints(place)):
        if named_by(path, said):
            raise ModelError(
                f"{path.name} is the model, as its hash says, but it is a single file",
                hint="sdgen draws with diffusers folders: convert it, then --model FOLDER",
            )


def _not_here(name: str, said: str, places: Sequence[Path]) -> ModelError:
    if not (name or said):
        return ModelError("the recipe does not say its model", hint="say which: --model MODEL")
    shown = " ".join(filter(None, (repr(name) if name else "", f"[{said}]" if said else "")))
    looked = "in the catalogue" + (f" and {', '.join(map(str, places))}" if places else "")
    return ModelError(
        f"the model {shown} of this recipe is not {looked}",
        hint="say where it is: --model FOLDER, or a folder of models: --model-dir FOLDER",
    )
