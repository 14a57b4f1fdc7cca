"""The batch's own corner of the output folder, `.sdgen/batch`: base seed, ledgers, locks.

A run locks its shard. Shards of one count may run side by side; anything else would draw the same
jobs twice and is refused. The locks are the kernel's: a killed run lets go of them at once.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdgen.batch.jobs import WHOLE, Shard
from sdgen.batch.ledger import SAFELY, Ledger, read_ledgers
from sdgen.errors import BusyError, InputError, OutputError
from sdgen.files.folders import writing
from sdgen.files.write import publish, sweep
from sdgen.recipe.seeds import DRAWN_BELOW

if TYPE_CHECKING:
    from filelock import FileLock

SCHEMA = "sdgen.batch/1"
MAX_STATE_BYTES = 2**16
GUARD_SECONDS = 30
"""How long to wait for the others that are just starting."""

_LOCK_NAME = re.compile(r"run(?:-(\d+)-of-(\d+))?\.lock")


@dataclass(frozen=True, slots=True)
class BatchState:
    """What a run needs to know of the runs before it."""

    base_seed: int
    ledger: Ledger


def state_folder(folder: Path) -> Path:
    return folder / ".sdgen" / "batch"


@contextmanager
def open_state(folder: Path, shard: Shard = WHOLE) -> Iterator[BatchState]:
    """Hold the output folder for a run of `shard`.

    Args:
        folder: The output folder; it exists.
        shard: The part that this run draws.

    Raises:
        BusyError: Another run draws the same jobs.
        OutputError: The folder cannot be written.
        InputError: What is there was written by a later version, or is damaged.
    """
    home = _made(folder)
    lock = _lock(home / f"{_named('run', shard)}.lock")
    with _guard(home, folder), writing(home):
        _refuse_overlap(home, folder, shard)
        _take(lock, home, folder)
        try:
            base_seed = _kept_base_seed(home)
            noted = read_ledgers(ledger_paths(folder))
            ledger = Ledger(home / f"{_named('ledger', shard)}.jsonl", noted, base_seed)
        except BaseException:
            _let_go(lock)
            raise
    try:
        yield BatchState(base_seed, ledger)
    finally:
        ledger.close()
        _let_go(lock)


def read_base_seed(folder: Path) -> int | None:
    """The base seed of an output folder; None where no batch has run.

    Raises:
        InputError: The file that holds it is damaged.
    """
    path = state_folder(folder) / "state.json"
    try:
        said: Any = json.loads(_bytes_of(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read: {reason}") from error
    except (ValueError, RecursionError):
        said = None
    seed = (
        said.get("base_seed") if isinstance(said, dict) and said.get("schema") == SCHEMA else None
    )
    if type(seed) is not int or not 0 <= seed < DRAWN_BELOW:
        hint = "remove it to let new seeds be drawn"
        raise InputError(f"{path} is damaged, or of another version of sdgen", hint=hint)
    return seed


def _bytes_of(path: Path) -> bytes:
    """The content of a small regular file; nothing of what is none or could keep us waiting."""
    handle = os.open(path, os.O_RDONLY | SAFELY)
    with os.fdopen(handle, "rb") as file:
        is_regular = stat.S_ISREG(os.fstat(handle).st_mode)
        return file.read(MAX_STATE_BYTES) if is_regular else b""


def ledger_paths(folder: Path) -> list[Path]:
    """All ledgers of an output folder.

    Raises:
        OutputError: The folder cannot be looked at, so not be written either.
    """
    home = state_folder(folder)
    with writing(home):
        found = [path for path in home.glob("ledger*.jsonl") if path.is_file()]
        return sorted(path for path in found if not path.is_symlink())


def _named(kind: str, shard: Shard) -> str:
    return kind if shard == WHOLE else f"{kind}-{shard.index}-of-{shard.count}"


def _made(folder: Path) -> Path:
    """The state folder, made if missing; a link could lead anywhere and is refused."""
    home = state_folder(folder)
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        linked = next((path for path in (home.parent, home) if path.is_symlink()), None)
    if linked:
        raise OutputError(f"cannot write {linked}: it is a symbolic link", hint="remove it first")
    sweep(home)
    return home


@contextmanager
def _guard(home: Path, folder: Path) -> Iterator[None]:
    """Let one run at a time look at the locks of the others and take its own."""
    guard = _lock(home / "guard.lock")
    _take(guard, home, folder, timeout=GUARD_SECONDS)
    try:
        yield
    finally:
        _let_go(guard)


def _refuse_overlap(home: Path, folder: Path, shard: Shard) -> None:
    for path in home.glob("run*.lock"):
        match = _LOCK_NAME.fullmatch(path.name)
        if match is None:
            continue
        other = Shard(int(match[1]), int(match[2])) if match[1] else WHOLE
        if other.count != shard.count:
            lock = _lock(path)
            _take(lock, home, folder)
            _let_go(lock)


def _lock(path: Path) -> "FileLock":
    from filelock import FileLock  # loads here, not for a dry run

    return FileLock(path)


def _take(lock: "FileLock", home: Path, folder: Path, *, timeout: float = 0) -> None:
    from filelock import Timeout

    with writing(home):
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            hint = "wait for it, or choose another folder with -o"
            raise BusyError(f"another run holds {folder}", hint=hint) from None


def _let_go(lock: "FileLock") -> None:
    """Release `lock`; where the system cannot, it does when this process ends."""
    with suppress(OSError):
        lock.release()


def _kept_base_seed(home: Path) -> int:
    """The folder's base seed, drawn now if this is the first run. Called under the guard."""
    kept = read_base_seed(home.parent.parent)
    if kept is not None:
        return kept
    drawn = secrets.randbelow(DRAWN_BELOW)
    said = {"schema": SCHEMA, "base_seed": drawn}
    publish((json.dumps(said) + "\n").encode(), home / "state.json")
    return drawn
