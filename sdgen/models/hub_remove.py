"""Removing models from the hub's cache, with what no other commit of theirs needs."""

import shutil
from collections.abc import Sequence

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
