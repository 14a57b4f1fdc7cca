"""The model that a recipe of another program means: looked for here, by its hash, then by name.

Nothing is fetched, and no path of the recipe is followed: only the last part of a name counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sdgen.errors import ModelError
from sdgen.models.catalogue import CATALOGUE
from sdgen.models.hashes import remembered_hash
from sdgen.models.local import LocalModel, find_model, is_bare_name
from sdgen.models.other_hashes import digits_of, named_by
from sdgen.models.weights_here import files_named, files_of, is_regular
from sdgen.recipe.loras import SUFFIX

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
        places: The user's folders with models: diffusers folders, or folders of those and of single
            files; those that the user's own settings name are looked at too.

    Raises:
        ModelError: It is not here, or only as a file that sdgen does not draw with.
    """
    stem = stem_of(name)
    if digits_of(said):
        for path in sorted(set(_candidates(places)), key=lambda one: _effort(one, stem)):
            if known := _known(path, said):
                return Meant(find_model(_name_of(path)), known)
    for wanted in filter(_can_be_looked_up, dict.fromkeys((stem, stem.lower()))):
        if found := _called(wanted, places):
            return Meant(find_model(found), "name")
    raise _not_here(name, said, places)


def _called(name: str, places: Sequence[Path]) -> str:
    """What `find_model` finds the model of this name by; empty where there is none."""
    for place in (*(place / name for place in places), Path(name)):
        if str(place) in CATALOGUE or (place / _INDEX).is_file():
            return str(place)
        if (file := place.with_name(f"{name}{SUFFIX}")).is_file():
            return str(file)
    return name if files_named("model", name) else ""


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
    """The models that are known here: of the catalogue, in the places, in named folders."""
    yield from (entry.folder for entry in CATALOGUE.values() if entry.folder)
    for place in places:
        inside = _inside(place)
        if (place / _INDEX).is_file():
            yield place
        else:
            yield from _checkpoints(place)
        yield from (path for path in inside if (path / _INDEX).is_file())
    yield from (path for path in files_of("model") if path.is_dir() or is_regular(path))


def _effort(path: Path, stem: str) -> tuple[bool, bool, str]:
    """What to look at first: what has the name, then files whose hash is known already."""
    is_file = path.is_file()
    name = path.stem if is_file else path.name
    return name != stem, is_file and remembered_hash(path) is None, str(path)


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
    """How a model is known by this hash: its file, or of a folder one of its weights, has it.

    A folder may hold a checkpoint of the whole model, too.
    """
    files = [folder]
    if folder.is_dir():
        parts = [path for path in folder.glob("*/*.safetensors") if path.is_file()]
        files = [*_checkpoints(folder), *sorted(parts)]
    for path in files:
        if how := named_by(path, said):
            return "old hash" if how == "old" else "hash"
    return ""


def _checkpoints(folder: Path) -> list[Path]:
    return [
        path for path in _inside(folder) if path.suffix.lower() in _CHECKPOINTS and path.is_file()
    ]


def _not_here(name: str, said: str, places: Sequence[Path]) -> ModelError:
    if not (name or said):
        return ModelError("the recipe does not say its model", hint="say which: --model MODEL")
    shown = " ".join(filter(None, (repr(name) if name else "", f"[{said}]" if said else "")))
    looked = "in the catalogue" + (f" and {', '.join(map(str, places))}" if places else "")
    return ModelError(
        f"the model {shown} of this recipe is not {looked}",
        hint="say where it is: --model FOLDER|FILE, or a folder of models: --model-dir FOLDER",
    )
