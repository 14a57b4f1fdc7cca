"""LoRA files: a name or a path becomes a checked file with its hash; nothing is loaded."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sdgen.errors import InputError, ModelError, did_you_mean
from sdgen.models.hashes import hash_files, identity_of
from sdgen.models.local import LocalModel, is_bare_name
from sdgen.models.lora_keys import other_kind, read_names
from sdgen.models.other_hashes import tensors_sha256
from sdgen.models.weights import check_weights
from sdgen.recipe.loras import SUFFIX, LoraEntry, loras_of, parse_lora
from sdgen.recipe.settings import Settings

IN_FOLDER = "pytorch_lora_weights.safetensors"
"""What diffusers calls the file in a folder."""

ASK = "say where it is: --lora FILE, or its folder: --lora-dir FOLDER"


@dataclass(frozen=True, slots=True)
class LocalLora:
    """A LoRA that passed its checks.

    `name` is what the record says, never a path; `sha256` is that of the whole file, in hex, and
    `tensors_sha256` that of its numbers, by which A1111 and Civitai know it.
    """

    name: str
    path: Path
    sha256: str
    tensors_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Where LoRAs may lie.

    `folders` are the user's; `recorded` (name → hash) is from a record, whose paths are never
    followed: then only names count, and of several files of one name that with the hash is taken.
    """

    folders: Sequence[Path] = ()
    recorded: Mapping[str, str] | None = None


ANYWHERE = Search()


def with_loras(
    model: LocalModel, settings: Settings, search: Search = ANYWHERE
) -> tuple[LocalModel, Settings]:
    """`model` with the files that `settings` ask for, and these with names instead of paths.

    Raises:
        InputError: A tag of the prompt cannot be read, or two LoRAs have one name.
        ModelError: One is not here, or is none.
    """
    if not (settings.lora or "<" in settings.prompt or model.loras):
        return model, settings
    places = [*search.folders, Path(), model.folder.parent, model.folder / "loras"]
    own = [(entry, _find(entry.source, places, search)) for entry in map(parse_lora, settings.lora)]
    named = tuple(str(replace(entry, source=lora.name)) for entry, lora in own)
    if len({lora.name for _, lora in own}) < len(own):
        raise InputError("two LoRAs have the same name", hint="give one of the files another name")
    settings = settings.model_copy(update={"lora": named})
    tagged = [_find_tagged(entry, places, search) for entry in _entries(settings)[len(own) :]]
    return replace(model, loras=(*(lora for _, lora in own), *tagged)), settings


def find_loras(
    sources: Sequence[str],
    folders: Sequence[Path] = (),
    recorded: Mapping[str, str] | None = None,
) -> tuple[LocalLora, ...]:
    """The LoRAs of these names or paths; `folders` and `recorded` as in `Search`.

    Raises:
        ModelError: One is not here, or is none.
    """
    search = Search(folders, recorded)
    return tuple(_find(source, [*folders, Path()], search) for source in sources)


def scaled(settings: Settings, model: LocalModel) -> list[tuple[LocalLora, LoraEntry]]:
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


def _find_tagged(entry: LoraEntry, places: Sequence[Path], search: Search) -> LocalLora:
    if not is_bare_name(entry.source):
        raise InputError(
            f"the prompt's tag names {entry.source!r}, which is not a LoRA's name",
            hint="a tag has the file's name without folders; with --lora a path is fine",
        )
    return _find(entry.source, places, search)


def _find(source: str, places: Sequence[Path], search: Search) -> LocalLora:
    if search.recorded is not None and not is_bare_name(source):
        raise ModelError(f"the record or lock names {source!r}, which is not a LoRA's name")
    paths = _paths(source, places, by_path=search.recorded is None)
    candidates = [path for path in paths if _is_there(path, source)]
    if not candidates:
        known = [path.stem for place in places for path in place.glob(f"*{SUFFIX}")]
        hint = did_you_mean(source.rpartition(".safe")[0] or source, known) or ASK
        raise ModelError(f"no LoRA {source!r} here", hint=hint)
    if search.recorded is None or len(candidates) == 1:
        return check_lora(candidates[0])
    loras = [check_lora(path) for path in candidates]
    wanted = search.recorded.get(source)
    return next((lora for lora in loras if lora.sha256 == wanted), loras[0])


def _paths(source: str, places: Sequence[Path], *, by_path: bool) -> Iterator[Path]:
    """The files that `source` may mean, the likeliest first."""
    if by_path:
        try:
            given = Path(source).expanduser()
        except RuntimeError:  # no such home
            given = Path(source)
        yield from (given / IN_FOLDER, given)
    if is_bare_name(source):
        yield from (place / f"{source.removesuffix(SUFFIX)}{SUFFIX}" for place in places)


def _is_there(path: Path, source: str) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError as error:  # a name too long, a folder closed to us
        reason = (error.strerror or "cannot be read").lower()
        raise ModelError(f"no LoRA {source!r} here: {reason}", hint=ASK) from error


def check_lora(path: Path) -> LocalLora:
    """The LoRA at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, something else than a LoRA, or of a name that a
            record could not tell.
    """
    return _check(path, identity_of(path, path.name))


def layers_of(lora: LocalLora) -> dict[str, int]:
    """Part of the pipeline → how many of its layers the LoRA changes."""
    pairs = read_names(check_weights(lora.path, lora.path.name)).pairs
    return dict(Counter(part for part, _ in sorted(pairs, reverse=True)))


@lru_cache(maxsize=64)
def _check(path: Path, _: str) -> LocalLora:
    """Once for a file that has not changed since, which its identity tells."""
    names = check_weights(path, path.name)
    if kind := other_kind(names):
        raise ModelError(f"{path.name} is {kind}, which sdgen does not draw with; it reads LoRA")
    if not read_names(names).pairs:
        raise ModelError(f"{path.name} is no LoRA: it has no pairs of low-rank matrices")
    name = path.absolute().parent.name if path.name == IN_FOLDER else path.name
    name = name.removesuffix(SUFFIX)
    if not is_bare_name(name) or "," in name or not name.isprintable():
        raise ModelError(f"{name!r} is no name for a record", hint="give the file another name")
    digest = hash_files(path.parent, (path.name,))[path.name]
    return LocalLora(name, path, digest, tensors_sha256(path))
