"""LoRA files: a name or a path becomes a checked file with its hash; nothing is loaded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from sdgen.errors import InputError, ModelError
from sdgen.models.few_steps import made_for
from sdgen.models.finding import ANYWHERE, AddedFile, Kind, Search, recorded_name
from sdgen.models.hashes import expected_hashes, identity_of, sha256_of
from sdgen.models.local import OWN_LORAS, LocalModel, is_bare_name
from sdgen.models.lora_keys import other_kind, read_names
from sdgen.models.lora_on_hub import found_on_hub, pinned, reference_of
from sdgen.models.other_hashes import tensors_sha256
from sdgen.models.weights import check_weights, notes_in
from sdgen.recipe.loras import SUFFIX, LoraEntry, loras_of, parse_lora
from sdgen.recipe.settings import Settings

IN_FOLDER = "pytorch_lora_weights.safetensors"
"""What diffusers calls the file in a folder."""

ASK = "say where it is: --lora FILE, or its folder: --lora-dir FOLDER"


def with_loras(
    model: LocalModel, settings: Settings, search: Search = ANYWHERE
) -> tuple[LocalModel, Settings]:
    """`model` with the files that `settings` ask for, and these with names instead of paths.

    Raises:
        InputError: A tag of the prompt cannot be read, or two LoRAs have one name.
        ModelError: One is not here, is none, or is not the one that came with the model.
    """
    if not (settings.lora or "<" in settings.prompt or model.loras):
        return model, settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / OWN_LORAS]
    entries = map(parse_lora, settings.lora)
    own = [(entry, find_lora(entry.source, places, search)) for entry in entries]
    named = tuple(str(replace(entry, source=lora.name)) for entry, lora in own)
    if len({lora.name for _, lora in own}) < len(own):
        raise InputError("two LoRAs have the same name", hint="give one of the files another name")
    settings = settings.model_copy(update={"lora": named})
    tagged = [_find_tagged(entry, places, search) for entry in _entries(settings)[len(own) :]]
    found = (*(lora for _, lora in own), *tagged)
    _check_own(found, model.folder)
    return replace(model, loras=found), settings


def _check_own(loras: Sequence[AddedFile], folder: Path) -> None:
    """Refuse a LoRA from the model's own folder that is not the one that its SHA256SUMS tells."""
    mine = [lora for lora in loras if lora.path.parent == folder / OWN_LORAS]
    expected = expected_hashes(folder) if mine else {}
    for lora in mine:
        if expected.get(f"{OWN_LORAS}/{lora.path.name}", lora.sha256) != lora.sha256:
            raise ModelError(
                f"the LoRA {lora.name} that came with the model is damaged",
                hint="install sdgen again, or get the model again",
            )


def find_loras(sources: Sequence[str], folders: Sequence[Path] = ()) -> tuple[AddedFile, ...]:
    """The LoRAs of these names or paths; `folders` are the user's.

    Raises:
        ModelError: One is not here, or is none.
    """
    search = Search(folders)
    return tuple(find_lora(source, [*folders, Path()], search) for source in sources)


def find_lora(source: str, places: Sequence[Path], search: Search) -> AddedFile:
    """The LoRA that `source` means: here by path or name, else on the hub.

    Raises:
        ModelError: It is not here, or is none.
    """
    said = search.on_hub.get(f"lora {source}")
    if said is not None:
        return _here_as_recorded(source, places, search) or found_on_hub(
            pinned(source, said), check_lora
        )
    reference = None if search.recorded is not None else reference_of(source)
    if reference is not None and not Path(source).exists():
        return found_on_hub(reference, check_lora)
    return LORAS.find(source, places, search)


def _here_as_recorded(source: str, places: Sequence[Path], search: Search) -> AddedFile | None:
    """The file of this name here, if it has the recorded hash."""
    wanted = (search.recorded or {}).get(f"lora {source}")
    try:
        found = LORAS.find(source, places, search)
    except ModelError:
        return None
    return found if wanted in (None, found.sha256) else None


def scaled(settings: Settings, model: LocalModel) -> list[tuple[AddedFile, LoraEntry]]:
    """The files that `settings` ask for with what they say of each, in the order in which they act.

    Raises:
        ModelError: One is not among those of `model`.
    """
    by_name = {lora.name: lora for lora in model.loras}
    entries = [(entry.source.removesuffix(SUFFIX), entry) for entry in loras_of(settings)]
    for name, _ in entries:
        if name not in by_name:
            raise ModelError(f"the LoRA {name!r} is not at hand", hint=ASK)
    return [(by_name[name], entry) for name, entry in entries]


def _entries(settings: Settings) -> tuple[LoraEntry, ...]:
    try:
        return loras_of(settings)
    except ValueError as error:
        raise InputError(f"prompt {error}") from error


def _find_tagged(entry: LoraEntry, places: Sequence[Path], search: Search) -> AddedFile:
    if not is_bare_name(entry.source):
        raise InputError(
            f"the prompt's tag names {entry.source!r}, which is not a LoRA's name",
            hint="a tag has the file's name without folders; with --lora a path is fine",
        )
    return find_lora(entry.source, places, search)


def check_lora(path: Path) -> AddedFile:
    """The LoRA at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, something else than a LoRA, or of a name that a
            record could not tell.
    """
    return _check(path, identity_of(path, path.name))


def layers_of(lora: AddedFile) -> dict[str, int]:
    """Part of the pipeline → how many of its layers the LoRA changes."""
    pairs = read_names(check_weights(lora.path, lora.path.name)).pairs
    return dict(Counter(part for part, _ in sorted(pairs, reverse=True)))


@lru_cache(maxsize=64)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    names = check_weights(path, path.name)
    if kind := other_kind(names):
        raise ModelError(f"{path.name} is {kind}, which sdgen does not draw with; it reads LoRA")
    if not read_names(names).pairs:
        raise ModelError(f"{path.name} is no LoRA: it has no pairs of low-rank matrices")
    name = recorded_name(path, (IN_FOLDER,))
    known = made_for(notes_in(path, path.name))
    return AddedFile(
        name, path, sha256_of(path), tensors_sha256=tensors_sha256(path), made_for=known
    )


LORAS = Kind("lora", "LoRA", (IN_FOLDER,), ASK, check_lora)
