"""Weights that are added to a model: a name or a path becomes a checked file with its hash."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdgen.errors import ModelError, did_you_mean
from sdgen.models.few_steps import MadeFor
from sdgen.models.local import is_bare_name
from sdgen.models.weights_here import files_named, files_of
from sdgen.named_folders import Kind as KindOfWeights
from sdgen.recipe.loras import SUFFIX


@dataclass(frozen=True, slots=True)
class AddedFile:
    """A file of weights that passed its checks.

    `kind` is lora, vae, embedding, controlnet, ip_adapter, image_encoder or upscaler; `name` is
    what the record says, never a path; `sha256` is that of the whole file, in hex, and
    `tensors_sha256` that of a LoRA's numbers, by which A1111 and Civitai know it. An embedding
    stands where the prompt says `word`, for so many `vectors`.
    `made_for` is what a LoRA's header says that it was distilled for. `repository`, `revision` (the
    commit) and `file` are where on the hub it comes from, if it does.
    """

    name: str
    path: Path
    sha256: str
    kind: str = "lora"
    word: str = ""
    vectors: int = 0
    tensors_sha256: str = ""
    made_for: MadeFor | None = None
    repository: str = ""
    revision: str = ""
    file: str = ""

    @property
    def key(self) -> str:
        """As hashes are looked up: `lora dusk`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class OnHub:
    """Where on the hub a record or a lock says that a file comes from; `revision` is a commit."""

    repository: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class Search:
    """Where weights may lie.

    `folders` are the user's; `recorded` (kind and name → hash) is from a record, whose paths are
    never followed: then only names count, and of several files of one name that with the hash is
    taken. `on_hub` (the same keys) says where a record's files come from, if from the hub.
    """

    folders: Sequence[Path] = ()
    recorded: Mapping[str, str] | None = None
    on_hub: Mapping[str, OnHub] = field(default_factory=dict)


ANYWHERE = Search()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of added weights: its words, what files of it are called in a folder, its checks."""

    name: KindOfWeights
    shown: str
    in_folder: tuple[str, ...]
    ask: str
    check: Callable[[Path], AddedFile]

    def find(self, source: str, places: Sequence[Path], search: Search) -> AddedFile:
        """The file that `source`, a path or a name, means.

        Raises:
            ModelError: It is not here, or is none of this kind.
        """
        if search.recorded is not None and not is_bare_name(source):
            article = "an" if self.shown[0] in "aeiou" else "a"
            raise ModelError(
                f"the record or lock names {source!r}, which is not {article} {self.shown}'s name"
            )
        paths = self._paths(source, places, by_path=search.recorded is None)
        candidates = [path for path in paths if self._is_there(path, source)]
        if not candidates or search.recorded is not None:
            candidates += self._in_named_folders(source, search)
        if not candidates:
            known = [path.stem for place in places for path in place.glob(f"*{SUFFIX}")]
            known += [path.stem for path in files_of(self.name)]
            hint = did_you_mean(source.rpartition(".safe")[0] or source, known) or self.ask
            raise ModelError(f"no {self.shown} {source!r} here", hint=hint)
        if search.recorded is None or len(candidates) == 1:
            return self.check(candidates[0])
        return self._recorded(candidates, search.recorded.get(f"{self.name} {source}"))

    def _recorded(self, candidates: Sequence[Path], wanted: str | None) -> AddedFile:
        """The file with the hash `wanted`, else the first that is of this kind.

        Raises:
            ModelError: None is; this is what the first lacks.
        """
        found, errors = list[AddedFile](), list[ModelError]()
        for path in candidates:
            try:
                found.append(self.check(path))
            except ModelError as error:  # of another kind, and perhaps not the one that is meant
                errors.append(error)
        if not found:
            raise errors[0]
        return next((one for one in found if one.sha256 == wanted), found[0])

    def _in_named_folders(self, source: str, search: Search) -> list[Path]:
        """The files of this name in the folders that the person's own settings name.

        Raises:
            ModelError: There are several, and no record tells which is meant.
        """
        found = files_named(self.name, source) if is_bare_name(source) else []
        if len(found) > 1 and search.recorded is None:
            raise ModelError(
                f"{len(found)} files are called {source!r}", hint=self.ask, details=map(str, found)
            )
        return found

    def _paths(self, source: str, places: Sequence[Path], *, by_path: bool) -> Iterator[Path]:
        """The files that `source` may mean, the likeliest first."""
        if by_path:
            try:
                given = Path(source).expanduser()
            except RuntimeError:  # no such home
                given = Path(source)
            yield from (*(given / name for name in self.in_folder), given)
        if is_bare_name(source):
            stem = source.removesuffix(SUFFIX)
            for place in places:
                yield place / f"{stem}{SUFFIX}"
                yield from (place / stem / name for name in self.in_folder)

    def _is_there(self, path: Path, source: str) -> bool:
        try:
            return path.exists() and not path.is_dir()
        except OSError as error:  # a name too long, a folder closed to us
            reason = (error.strerror or "cannot be read").lower()
            raise ModelError(f"no {self.shown} {source!r} here: {reason}", hint=self.ask) from error


def recorded_name(path: Path, in_folder: Sequence[str]) -> str:
    """What a record calls the file at `path`: its own name, or that of the folder it fills.

    Raises:
        ModelError: A record could not tell it.
    """
    name = path.absolute().parent.name if path.name in in_folder else path.name
    name = name.removesuffix(SUFFIX)
    if not is_bare_name(name) or "," in name or not name.isprintable():
        raise ModelError(f"{name!r} is no name for a record", hint="give the file another name")
    return name
