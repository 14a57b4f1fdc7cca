"""LoRAs of the hub: `owner/name` or `owner/name/file.safetensors`, perhaps with `@revision`.

The same rules hold as for models: what is here is used, what is not is fetched only with leave, and
a record brings the commit, the file and its hash along.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import ModelError
from sdgen.models.consent import fetched
from sdgen.models.finding import AddedFile, OnHub
from sdgen.models.hub import locate
from sdgen.models.hub_cache import snapshot_of
from sdgen.models.hub_names import (
    ANY_FILE,
    COMMIT,
    Reference,
    is_file,
    is_repository,
    split_revision,
)
from sdgen.recipe.loras import SUFFIX

if TYPE_CHECKING:
    from sdgen.metadata.record import AddedRecord

USUAL = "pytorch_lora_weights.safetensors"


def reference_of(source: str) -> Reference | None:
    """What `source` means on the hub; None where it is no name there."""
    said, revision = split_revision(source)
    owner, _, rest = said.partition("/")
    name, _, file = rest.partition("/")
    if not is_repository(f"{owner}/{name}"):
        return None
    if file and not (is_file(file) and file.endswith(SUFFIX)):
        return None
    repository = f"{owner}/{name}"
    return Reference(source, repository, revision or "main", file=file or ANY_FILE)


def pinned(name: str, said: OnHub) -> Reference:
    """What a record means.

    Raises:
        ModelError: It says what is no name, no commit or no file there.
    """
    is_plain = is_file(said.file) and said.file.endswith(SUFFIX)
    if not (is_repository(said.repository) and COMMIT.fullmatch(said.revision) and is_plain):
        raise ModelError(
            f"the record says that {name} is {said.file!r} of {said.repository!r} at "
            f"{said.revision!r}, which is no file on the hub"
        )
    return Reference(name, said.repository, said.revision, file=said.file)


def found_on_hub(reference: Reference, check: Callable[[Path], AddedFile]) -> AddedFile:
    """The LoRA that `reference` means, checked.

    Args:
        reference: From `reference_of` or `pinned`.
        check: Reads the file and says what it is.

    Raises:
        NotHereError: It is not here, and may not be fetched.
        ModelError: It is none, or cannot be fetched.
    """
    path = _here(reference)
    if path is None:
        fetched(reference, _shown(reference))
        path = _here(reference)
    if path is None:
        raise ModelError(f"{reference.repository} has no {_shown(reference)}")
    commit = locate(reference).commit
    file = path.relative_to(locate(reference).folder).as_posix()
    return replace(
        check(path), name=_name(reference, file), repository=reference.repository,
        revision=commit, file=file,
    )  # fmt: skip


def _shown(reference: Reference) -> str:
    return USUAL if reference.file == ANY_FILE else reference.file


def _here(reference: Reference) -> Path | None:
    """The file in the cache, if it is there."""
    found = snapshot_of(reference)
    if found is None:
        return None
    folder, _ = found
    if reference.file != ANY_FILE:
        path = folder / reference.file
        return path if path.is_file() else None
    files = sorted(path for path in folder.glob(f"*{SUFFIX}") if path.is_file())
    usual = [path for path in files if path.name == USUAL]
    return (usual or files)[0] if usual or len(files) == 1 else None


def _name(reference: Reference, file: str) -> str:
    """What a record calls it: the file's own name, or the repository's where that says nothing."""
    if reference.file not in (ANY_FILE, file) or reference.name.count("/") == 0:
        return reference.name  # a record's own word
    stem = file.rpartition("/")[2].removesuffix(SUFFIX)
    return reference.repository.partition("/")[2] if f"{stem}{SUFFIX}" == USUAL else stem


def places_on_hub(added: "Iterable[AddedFile] | Iterable[AddedRecord]") -> dict[str, OnHub]:
    """Kind and name → place on the hub, of those files that have one."""
    return {
        f"{one.kind} {one.name}": OnHub(one.repository, one.revision or "", one.file or "")
        for one in added
        if one.repository
    }
