"""The pictures of folders as they are now, for a page that follows them; nothing is written."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdgen.errors import InputError
from sdgen.files.reading import open_pixels
from sdgen.gallery.build import relative
from sdgen.gallery.cards import card_of
from sdgen.gallery.entries import entry_of, paths_in
from sdgen.gallery.thumbnails import small

LOOK_EVERY_SECONDS = 1.0
MOST_THUMBNAILS = 2000
"""Kept in memory, the last ones used; 10 KB each."""

_Stamp = tuple[int, int]
"""Size of a file and when it was written, in nanoseconds: what a changed file does not keep."""


class Shelf:
    """The pictures of `sources`, looked at again when somebody asks; several threads may."""

    def __init__(self, sources: Sequence[Path], root: Path) -> None:
        self._sources, self._root = sources, root
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._cards: dict[Path, tuple[_Stamp, Any]] = {}
        self._paths: dict[str, Path] = {}
        self._thumbnails: OrderedDict[tuple[str, _Stamp], bytes] = OrderedDict()
        self._shown: list[Any] = []
        self._state = ""

    def cards(self) -> tuple[str, list[Any]]:
        """A mark that changes when anything does, and the cards in the order of paths."""
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_EVERY_SECONDS:
                self._look()
                self._looked = time.monotonic()
            return self._state, self._shown

    def path(self, key: str) -> Path | None:
        """The picture whose card named `key`; no other file has one."""
        return self._paths.get(key)

    def thumbnail(self, key: str) -> bytes | None:
        """The small picture, as WebP.

        Raises:
            InputError: The picture cannot be read.
            OSError: It is gone.
        """
        path = self.path(key)
        if path is None:
            return None
        known = key, _stamp(path)
        with self._lock:
            if known in self._thumbnails:
                self._thumbnails.move_to_end(known)
                return self._thumbnails[known]
        made = small(open_pixels(path))
        with self._lock:
            self._thumbnails[known] = made
            while len(self._thumbnails) > MOST_THUMBNAILS:
                self._thumbnails.popitem(last=False)
        return made

    def _look(self) -> None:
        paths, _ = paths_in(self._sources)
        found = {path: card for path in paths if (card := self._card(path))}
        self._cards = found
        self._paths = {_key(path): path for path, (_, card) in found.items() if card}
        self._shown = [card for _, card in found.values() if card]
        told = "\n".join(f"{path}\x1f{stamp}" for path, (stamp, _) in found.items())
        self._state = hashlib.sha256(told.encode(errors="replace")).hexdigest()[:16]

    def _card(self, path: Path) -> tuple[_Stamp, Any] | None:
        """The card of an untouched file is known; a sheet has none. None where it cannot be read.

        A half picture never has its final name, but another program's may be in the making.
        """
        try:
            stamp = _stamp(path)
            known = self._cards.get(path)
            if known and known[0] == stamp:
                return known
            entry = entry_of(path)
            if entry is None:
                return stamp, None
            size = open_pixels(path).size
            key = _key(path)
            name = relative(path, self._root)
            card = card_of(
                entry, name=name, source=f"/picture/{key}", thumb=f"/thumbnail/{key}", size=size
            )
        except (InputError, OSError):
            return None
        return stamp, card


def _stamp(path: Path) -> _Stamp:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _key(path: Path) -> str:
    return hashlib.sha256(str(path).encode(errors="surrogatepass")).hexdigest()[:24]
