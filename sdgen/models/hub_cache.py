"""The cache of the hub's own library, which other tools share, read without that library.

::

    models--owner--name/
      refs/main                     the commit that `main` was when it was last asked
      snapshots/COMMIT/unet/…       links into blobs/
      blobs/HASH                    SHA-256 of a big file, git's SHA-1 of a small one
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sdgen.errors import ModelError
from sdgen.models.hashes import sha256_of
from sdgen.models.hub_names import COMMIT, Reference, is_repository, is_revision

_PREFIX = "models--"
SHA256_LETTERS, SHA1_LETTERS = 64, 40
"""Of a hash in hex: of a big file its SHA-256, of a small one what git calls it."""


def cache_folder() -> Path:
    """Where the hub's library keeps what it fetched, by its own rules."""
    stated = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if not stated:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = os.environ.get("HF_HOME") or str(Path(base) / "huggingface")
        stated = str(Path(home) / "hub")
    expanded = os.path.expandvars(stated)
    try:
        return Path(expanded).expanduser()
    except RuntimeError:  # no such home
        return Path(expanded)


@dataclass(frozen=True, slots=True)
class Cached:
    """A repository of which something is here."""

    repository: str
    folder: Path

    def commit_of(self, revision: str) -> str | None:
        """The commit that `revision` was when it was fetched; None where that is not known."""
        if COMMIT.fullmatch(revision):
            return revision if self.snapshot(revision).is_dir() else None
        if not is_revision(revision):
            return None
        try:
            said = (self.folder / "refs" / revision).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return said if COMMIT.fullmatch(said) and self.snapshot(said).is_dir() else None

    def snapshot(self, commit: str) -> Path:
        """The folder of the files at this commit."""
        return self.folder / "snapshots" / commit

    def commits(self) -> list[str]:
        """The commits of which files are here."""
        return [p.name for p in _inside(self.folder / "snapshots") if COMMIT.fullmatch(p.name)]

    def blobs(self) -> list[Path]:
        """The files themselves, each under its hash."""
        return [path for path in _inside(self.folder / "blobs") if path.is_file()]

    def size(self) -> int:
        """Bytes on the disk, unfinished ones included."""
        return sum(path.stat().st_size for path in self.blobs())

    def last_used(self) -> float:
        """When a file was last read, as the file system tells it; 0 where there is none."""
        times = [max(s.st_atime, s.st_mtime) for s in map(Path.stat, self.blobs())]
        return max(times, default=0)


def cached(repository: str) -> Cached:
    """What is here of `repository`, perhaps nothing.

    Raises:
        ModelError: That is no name on the hub.
    """
    if not is_repository(repository):
        raise ModelError(f"{repository!r} is not a name on the hub, such as owner/name")
    return Cached(repository, cache_folder() / (_PREFIX + repository.replace("/", "--")))


def all_cached() -> Iterator[Cached]:
    """Every repository of models of which something is here, in alphabetical order."""
    for path in sorted(_inside(cache_folder())):
        repository = path.name.removeprefix(_PREFIX).replace("--", "/", 1)
        if path.name.startswith(_PREFIX) and is_repository(repository) and path.is_dir():
            yield Cached(repository, path)


def snapshot_of(reference: Reference) -> tuple[Path, str] | None:
    """Folder and commit of what `reference` means, as far as it is here; None where nothing is."""
    here = cached(reference.repository)
    commit = here.commit_of(reference.revision)
    return None if commit is None else (here.snapshot(commit), commit)


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there, or not for us to read
        return []


def git_sha1(path: Path) -> str:
    """What git calls a file of this content, in hex."""
    data = path.read_bytes()
    content = b"blob %d\0" % len(data) + data
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def damaged_files(snapshot: Path) -> list[str]:
    """The files of a snapshot that do not have the bytes which their names in the cache promise.

    Every byte is read. A file that is not in the cache's own form promises nothing, and is left
    out.

    Raises:
        ModelError: A file cannot be read.
    """
    return [
        str(path.relative_to(snapshot))
        for path in sorted(snapshot.rglob("*"))
        if not path.is_dir() and is_sound(path) is False
    ]


def is_sound(path: Path) -> bool | None:
    """Whether a file of a snapshot has the bytes that its name in the cache promises.

    None where nothing is promised: a copy, whose name is no hash.
    """
    try:
        blob = path.resolve(strict=True)
    except OSError:
        return False  # a link to what is gone
    if not is_promised(path):
        return None
    if len(blob.name) == SHA256_LETTERS:
        return sha256_of(blob, read_all=True) == blob.name
    return git_sha1(blob) == blob.name


def is_promised(path: Path) -> bool:
    """Whether the cache says which bytes a file of a snapshot has; reads none of them."""
    blob = path.resolve()
    return len(blob.name) in (SHA256_LETTERS, SHA1_LETTERS) and blob.parent.name == "blobs"
