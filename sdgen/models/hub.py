"""A name that means weights on the hub, and where they are on this machine.

What is here is used as it is, and the hub is not asked. What is not here is fetched if somebody
gave leave (`sdgen.models.consent`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sdgen.errors import InputError, ModelError
from sdgen.models.catalogue import CATALOGUE, Entry, find_entry
from sdgen.models.consent import fetched
from sdgen.models.hub_cache import snapshot_of
from sdgen.models.hub_listing import INDEX
from sdgen.models.hub_names import (
    COMMIT,
    Reference,
    is_file,
    is_repository,
    is_revision,
    split_revision,
)
from sdgen.recipe.loras import SUFFIX

_BARE = re.compile(r"[^~./\\:][^/\\:]*")


@dataclass(frozen=True, slots=True)
class Located:
    """A snapshot on this machine: its folder, and the commit that it is."""

    folder: Path
    commit: str


def reference_of(name: str) -> Reference | None:
    """What `sd15`, `owner/name`, a file in it, or one with `@revision` means; None if it is none.

    Raises:
        InputError: A revision is no such, or belongs to a model that is not on the hub.
    """
    base, revision = split_revision(name)
    entry = find_entry(base)
    if entry is not None and entry.repository:
        return _of_entry(entry, revision)
    if entry is not None and revision is not None:
        raise InputError(f"{base} has no revisions: it is not on the hub")
    if not is_repository(base):
        return _file_of(base, revision)
    return Reference(base, base, revision or "main")


def _file_of(name: str, revision: str | None) -> Reference | None:
    """`owner/name/file.safetensors`, a model in one file, known to records by the file's name."""
    repository, _, file = name.rpartition("/")
    stem = file.removesuffix(SUFFIX)
    if not is_repository(repository) or not is_file(file) or not stem or stem == file:
        return None
    return Reference(stem, repository, revision or "main", file=file)


def _of_entry(entry: Entry, revision: str | None) -> Reference:
    return Reference(
        name=entry.name,
        repository=entry.repository,
        revision=revision or entry.revision,
        variant=entry.variant,
        about_bytes=entry.download_bytes,
        gated=entry.gated,
        exact=entry.variant is None
        and CATALOGUE.get(entry.name) is not entry,  # a person said: full
    )


def pinned_reference(
    place: str, name: str, repository: str | None, commit: str | None, files: Iterable[str]
) -> Reference:
    """What a record or a lock means by a model of the hub: one commit, in the variant of `files`.

    Raises:
        ModelError: It says what is no name or no commit there; `place` is what says so.
    """
    if not is_repository(repository or "") or not COMMIT.fullmatch(commit or ""):
        raise ModelError(f"the {place} names {repository!r} at {commit!r}, which is no commit")
    if name != repository and not (_BARE.fullmatch(name) and name.isprintable()):
        raise ModelError(f"the {place} names {name!r}, which is not a model's name")
    named = list(files)
    halves = any(".fp16" in file for file in named)
    single = next((f for f in named if is_file(f) and "/" not in f and f.endswith(SUFFIX)), "")
    if single:
        return Reference(name, str(repository), str(commit), file=single)
    return Reference(
        name, str(repository), str(commit), "fp16" if halves else None, exact=bool(named)
    )


def with_revision(name: str, revision: str | None) -> str:
    """`name@revision`; `name` alone where there is none.

    Raises:
        InputError: That is no revision.
    """
    if revision is None:
        return name
    if not is_revision(revision):
        raise InputError(f"revision must be a branch, a tag or a commit, not {revision!r}")
    return f"{split_revision(name)[0]}@{revision}"


def locate(reference: Reference) -> Located:
    """The snapshot that `reference` means; fetched if it is not here and may be.

    Raises:
        NotHereError: It is not here, and may not be fetched.
        ModelError: It cannot be fetched.
    """
    found = snapshot_of(reference)
    if found is None:
        fetched(reference, INDEX if not reference.file else reference.file)
        found = snapshot_of(reference)
    assert found is not None  # it was fetched a moment ago
    return Located(*found)
