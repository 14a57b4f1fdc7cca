"""Removing models from the hub's cache, with what no other commit of theirs needs."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sdgen.models.hub_cache import Cached
from sdgen.models.hub_fetch import alone, writing


def remove(here: Cached, commits: Sequence[str] | None = None) -> int:
    """Remove a repository, or some commits of it, from the cache; gives the bytes that went.

    Files that another commit needs stay.

    Raises:
        OutputError: Something cannot be removed.
        BusyError: It is being fetched.
    """
    with writing(here.folder), alone(here):
        if commits is None or set(commits) >= set(here.commits()):
            size = here.size()
            shutil.rmtree(here.folder)
            return size
        for commit in commits:
            shutil.rmtree(here.snapshot(commit))
        return _sweep(here)


def remove_file(here: Cached, file: str, commits: Sequence[str]) -> int:
    """Remove one file from some commits; gives the bytes that went.

    Raises:
        OutputError: It cannot be removed.
        BusyError: The repository is being fetched.
    """
    with writing(here.folder), alone(here):
        gone = 0
        for commit in commits:
            pointer = here.snapshot(commit) / file
            gone += pointer.stat().st_size if _is_copy(pointer) else 0
            pointer.unlink(missing_ok=True)
            if not any(path for path in here.snapshot(commit).rglob("*") if not path.is_dir()):
                shutil.rmtree(here.snapshot(commit))
        gone += _sweep(here)
        if not here.commits():
            shutil.rmtree(here.folder)
        return gone


def _is_copy(pointer: Path) -> bool:
    """Whether a file stands where others have a link to it."""
    return pointer.is_file() and not pointer.is_symlink()


def _sweep(here: Cached) -> int:
    """Remove the files and revisions that no snapshot needs any more."""
    needed = {
        path.resolve() for path in (here.folder / "snapshots").rglob("*") if path.is_symlink()
    }
    loose = [blob for blob in here.blobs() if blob.resolve() not in needed]
    gone = sum(blob.stat().st_size for blob in loose)
    for blob in loose:
        blob.unlink()
    for ref in (here.folder / "refs").rglob("*"):
        if ref.is_file() and ref.read_text(encoding="ascii") not in here.commits():
            ref.unlink()
    return gone
