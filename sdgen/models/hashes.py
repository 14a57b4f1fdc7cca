"""SHA-256 of weight files; of big ones remembered by inode, size and times."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sdgen.errors import ModelError
from sdgen.models.weights import open_regular

REMEMBERED_FROM_BYTES = 1024 * 1024
"""Smaller files are hashed each time: that is as fast as looking them up, and always true."""

MOST_REMEMBERED = 20_000
"""The oldest beyond these are forgotten."""

WAIT_SECONDS = 5
"""So long a run waits for another one that writes its hashes down."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def hash_files(folder: Path, files: tuple[str, ...], *, read_all: bool = False) -> dict[str, str]:
    """Each of `files` (relative to `folder`) → its SHA-256 in hex, as `hash_paths` has it."""
    return hash_paths({file: folder / file for file in files}, read_all=read_all)


def sha256_of(path: Path, *, read_all: bool = False) -> str:
    """SHA-256 of one file, in hex, as `hash_files` gives it."""
    return hash_files(path.parent, (path.name,), read_all=read_all)[path.name]


def hash_paths(files: Mapping[str, Path], *, read_all: bool = False) -> dict[str, str]:
    """Each of `files` → its SHA-256 in hex.

    Args:
        files: What people call it → where it is.
        read_all: Believe no memory, and correct it; for a big model this takes seconds.

    Raises:
        ModelError: A file cannot be read.
    """
    memory = _Memory(cache_file())
    if read_all:
        memory.doubt()
    hashes = {shown: _hash(path, shown, memory) for shown, path in files.items()}
    memory.save()
    return hashes


def remembered_hash(path: Path) -> str | None:
    """SHA-256 of the file at `path` as far as it is known without reading it.

    Raises:
        ModelError: There is no such file.
    """
    return _Memory(cache_file()).known.get(identity_of(path, path.name))


def remembered_hashes(paths: Iterable[Path]) -> dict[Path, str]:
    """Each of `paths` whose SHA-256 is known without reading it → that hash in hex."""
    known = _Memory(cache_file()).known
    found = {}
    for path in paths:
        with suppress(ModelError):
            if (digest := known.get(identity_of(path, path.name))) is not None:
                found[path] = digest
    return found


def hash_behind(path: Path, offset: int, shown: str) -> str:
    """SHA-256 in hex of the file at `path` from byte `offset` to its end.

    Raises:
        ModelError: It cannot be read; `shown` is its name for people.
    """
    memory = _Memory(cache_file())
    key = f"{identity_of(path, shown)} from {offset}"
    if (known := memory.known.get(key)) is not None:
        return known
    with _readable(shown), open_regular(path, shown) as file:
        file.seek(offset)
        digest = memory.learn(key, hashlib.file_digest(file, "sha256").hexdigest())
    memory.save()
    return digest


def remember(path: Path, digest: str) -> None:
    """Note the SHA-256 in hex of a file that was just hashed under another name.

    Raises:
        ModelError: It cannot be read.
    """
    if path.stat().st_size >= REMEMBERED_FROM_BYTES:
        memory = _Memory(cache_file())
        memory.learn(identity_of(path, path.name), digest)
        memory.save()


def _hash(path: Path, shown: str, memory: "_Memory") -> str:
    key = identity_of(path, shown)
    with _readable(shown):
        if path.stat().st_size < REMEMBERED_FROM_BYTES:
            return _digest(path, shown)
        return memory.known.get(key) or memory.learn(key, _digest(path, shown))


def identity_of(path: Path, shown: str) -> str:
    """Inode, size and times of change of a file, as one word.

    The time of its content can be set by anybody (`touch -r`, `cp -p`); the inode's own cannot. The
    number of a device is not in it: a network's share has another one whenever it is mounted.

    Raises:
        ModelError: It cannot be read; `shown` is its name for people.
    """
    with _readable(shown):
        status = path.stat()
    times = f"{status.st_mtime_ns}:{status.st_ctime_ns}"
    return f"{status.st_ino}:{status.st_size}:{times}"


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ModelError(f"the model's {shown} cannot be read: {reason}") from error


def _digest(path: Path, shown: str) -> str:
    with open_regular(path, shown) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_file() -> Path:
    """Where the hashes are remembered, in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "sdgen" / "hashes.json"


class _Memory:
    """A small JSON file of hashes, shared by all runs; losing it only costs time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._learned: dict[str, str] = {}
        self.known = _load(path)

    def doubt(self) -> None:
        """Know nothing until it is learned again; what is not stays on the disk as it is."""
        self.known = {}

    def learn(self, key: str, value: str) -> str:
        self.known[key] = self._learned[key] = value
        return value

    def save(self) -> None:
        """Add what was learned to what other runs wrote meanwhile, whole or not at all."""
        if not self._learned:
            return
        from filelock import FileLock  # loads here, not where all is known

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock"), timeout=WAIT_SECONDS):
                entries = [*(_load(self._path) | self._learned).items()][-MOST_REMEMBERED:]
                _replace(self._path, json.dumps(dict(entries)))
        except (OSError, NotImplementedError):
            return  # a cache that cannot be written is no failure


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _load(path: Path) -> dict[str, str]:
    """What is remembered; what is no hash is not, whoever wrote it."""
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(value, Mapping):
        return {}
    return {str(k): v for k, v in value.items() if isinstance(v, str) and _DIGEST.fullmatch(v)}


def expected_hashes(folder: Path) -> dict[str, str]:
    """What `SHA256SUMS` in `folder` says (file → hex); empty where there is no such file."""
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return {}
    lines = (line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines())
    return {parts[1].lstrip("*"): parts[0] for parts in lines if len(parts) == 2}
