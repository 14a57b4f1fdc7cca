"""An index of pictures by what made them, so that ten thousand are read once and then known.

A SQLite file in the user's cache folder: path → what the file was when it was read (size and time,
of the files beside it too), and its facts. It holds nothing that the pictures do not say: it can
be deleted at any time, and one that is damaged, or of another version, is made again.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sdgen.errors import InputError
from sdgen.files.foreign import SIDECARS, read_recipe_of
from sdgen.files.reading import NoRecordError
from sdgen.metadata.findable import Facts, facts_of
from sdgen.version import __version__

FAULT = "fault"
"""Among the facts of a picture that could not be read: why."""

_VERSION = f"1 {__version__}"
_DAMAGED = "the index of pictures was damaged; it is made again"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_TOGETHER = 200
"""So many pictures are read between two commits, so that a stop loses little."""

_TABLES = """
CREATE TABLE about (version TEXT NOT NULL);
CREATE TABLE pictures (path BLOB PRIMARY KEY, state TEXT NOT NULL, facts TEXT NOT NULL)
    WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture and what it can be found by; a `fault` among the facts where it cannot be read."""

    path: Path
    facts: Facts


def index_file() -> Path:
    """Where the index is, in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "sdgen" / "pictures.sqlite"


def indexed(
    paths: Sequence[Path],
    *,
    tell: Callable[[str], None],
    on_read: Callable[[int, int], None],
    forget: bool = False,
) -> list[Indexed]:
    """The facts of the pictures at `paths`, in their order: known ones as they are, others read.

    Args:
        paths: Pictures.
        tell: Hears that the index was damaged, or cannot be kept.
        on_read: Called with (pictures read, pictures to read); may raise to stop, and what was read
            before is kept.
        forget: Believe nothing of what the index says about them.
    """
    states = _states(paths)
    try:
        with closing(_opened(index_file(), tell)) as store:
            return _with(store, paths, states, on_read, forget=forget)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in _BUSY:  # a page in the middle
            tell(_DAMAGED)
            with suppress(OSError):
                _remove(index_file())
    with closing(_made(":memory:")) as store:
        return _with(store, paths, states, on_read, forget=forget)


def _with(
    store: sqlite3.Connection,
    paths: Sequence[Path],
    states: dict[Path, str],
    on_read: Callable[[int, int], None],
    *,
    forget: bool,
) -> list[Indexed]:
    known = {} if forget else _known(store, states)
    for facts in _read_all([path for path in paths if path not in known], states, store, on_read):
        known.update(facts)
    _drop_gone(store, paths)
    return [Indexed(path, known[path]) for path in paths]


def _opened(path: Path, tell: Callable[[str], None]) -> sqlite3.Connection:
    """The index, made if missing, of another version or damaged; in memory where it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = _connected(path)
        if found is not None:
            return found
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new:
            if not _is_other_version(path):
                tell(_DAMAGED)
            _remove(path)
        return _made(str(path))
    except (OSError, sqlite3.Error):
        tell(f"the index of pictures cannot be kept in {path.parent}")
        return _made(":memory:")


def _connected(path: Path) -> sqlite3.Connection | None:
    """The index at `path` if it is sound and of this version."""
    if not path.exists():
        return None
    store = sqlite3.connect(path, timeout=5)
    try:
        if store.execute("SELECT version FROM about").fetchone() == (_VERSION,):
            return store
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in _BUSY:  # another run writes; it must not lose its index
            store.close()
            raise
    store.close()
    return None


def _is_other_version(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=5)) as store, suppress(sqlite3.DatabaseError):
        return store.execute("SELECT version FROM about").fetchone() is not None
    return False


def _made(path: str) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=5)
    store.executescript(f"BEGIN;{_TABLES}")
    store.execute("INSERT INTO about VALUES (?)", (_VERSION,))
    store.commit()
    return store


def _remove(path: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _states(paths: Iterable[Path]) -> dict[Path, str]:
    """Path → size and time of the picture and of the files beside it that may tell of it."""
    listed: dict[str, frozenset[str]] = {}
    states: dict[Path, str] = {}
    for path in paths:
        folder = str(path.parent)
        names = listed.get(folder)
        if names is None:
            names = listed[folder] = _names_in(folder)
        beside = (path.stem + suffix for suffix in SIDECARS)
        own = [path.name, *(name for name in beside if name in names)]
        states[path] = " ".join(_state(f"{folder}/{name}") for name in own)
    return states


def _names_in(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208  # names alone, of thousands of files
    except OSError:
        return frozenset()


def _state(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path for each of thousands costs more than this
    except OSError:
        return "-"
    return f"{found.st_size}:{found.st_mtime_ns}"


def _key(path: Path) -> bytes:
    return os.fsencode(path.absolute())


def _known(store: sqlite3.Connection, states: dict[Path, str]) -> dict[Path, Facts]:
    """What the index says of pictures that are as they were."""
    known: dict[Path, Facts] = {}
    keys = {_key(path): path for path in states}
    for folder in {key.rpartition(b"/")[0] + b"/" for key in keys}:
        rows = store.execute(
            "SELECT path, state, facts FROM pictures WHERE path >= ? AND path < ?",
            (folder, folder[:-1] + b"0"),  # the sign behind the slash
        )
        for key, state, text in rows:
            path = keys.get(key)
            if path is not None and states[path] == state:
                known[path] = json.loads(text)
    return known


def _read_all(
    paths: Sequence[Path],
    states: dict[Path, str],
    store: sqlite3.Connection,
    on_read: Callable[[int, int], None],
) -> Iterator[dict[Path, Facts]]:
    for start in range(0, len(paths), _TOGETHER):
        part: dict[Path, Facts] = {}
        try:
            for number, path in enumerate(paths[start : start + _TOGETHER], start):
                on_read(number, len(paths))
                part[path] = _facts_at(path)
        finally:
            _keep(store, part, states)
        yield part


def _facts_at(path: Path) -> Facts:
    try:
        return facts_of(read_recipe_of(path))
    except NoRecordError:
        return {}
    except InputError as error:
        return {FAULT: str(error)}


def _keep(store: sqlite3.Connection, part: dict[Path, Facts], states: dict[Path, str]) -> None:
    """Both or neither of state and facts, of all of `part`; a full disk costs time later on."""
    rows = [
        (_key(path), states[path], json.dumps(facts))  # ASCII: a name in a fault may be no UTF-8
        for path, facts in part.items()
    ]
    with suppress(sqlite3.Error), store:
        store.executemany("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", rows)


def _drop_gone(store: sqlite3.Connection, paths: Sequence[Path]) -> None:
    """Forget what is no longer in the folders of `paths`."""
    keys = {_key(path) for path in paths}
    with suppress(sqlite3.Error), store:
        for folder in {key.rpartition(b"/")[0] + b"/" for key in keys}:
            rows = store.execute(
                "SELECT path FROM pictures WHERE path >= ? AND path < ?",
                (folder, folder[:-1] + b"0"),
            )
            absent = [key for (key,) in rows if key not in keys]
            gone = [(key,) for key in absent if not Path(os.fsdecode(key)).exists()]
            store.executemany("DELETE FROM pictures WHERE path = ?", gone)
