"""Rendered scenes on disk: fixed files that appear whole and never change.

A shard is a group of scenes of one size: ``NAME.images.npy`` (n, h, w, 3) uint8,
``NAME.tokens.npy`` (n, captions, 77) int16, ``NAME.focus.npy`` (n, h/8, w/8) bool, which says where
figures and objects are, and ``NAME.json``, a list of n dictionaries of attributes. The last of them
is written last and by renaming, so whoever sees it sees the rest.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shard:
    """Scenes of one size, see above for the shapes; `path` is where its pictures are."""

    images: NDArray[np.uint8]
    tokens: NDArray[np.int16]
    focus: NDArray[np.bool_]
    attributes: list[dict[str, str]]
    path: Path = Path()


def write_shard(folder: Path, name: str, shard: Shard) -> None:
    """Publish a shard under `name`."""
    np.save(folder / f"{name}.images.npy", shard.images)
    np.save(folder / f"{name}.tokens.npy", shard.tokens)
    np.save(folder / f"{name}.focus.npy", shard.focus)
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps(shard.attributes, ensure_ascii=False), encoding="utf-8")
    draft.rename(folder / f"{name}.json")


def read_shard(folder: Path, name: str) -> Shard:
    """Read a published shard."""
    return Shard(
        np.load(folder / f"{name}.images.npy"),
        np.load(folder / f"{name}.tokens.npy"),
        np.load(folder / f"{name}.focus.npy"),
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")),
        folder / f"{name}.images.npy",
    )


class Inbox:
    """The shards of a folder that were not taken yet, oldest name first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken: set[str] = set()

    def waiting(self) -> list[str]:
        """Names of published shards that `take` has not returned."""
        found = {path.stem for path in self.folder.glob("*.json")}
        return sorted(found - self._taken)

    def take(self, limit: int) -> Iterator[Shard]:
        """Read at most `limit` new shards."""
        for name in self.waiting()[:limit]:
            self._taken.add(name)
            yield read_shard(self.folder, name)
