"""The batch's own corner of the output folder, `.sdgen/batch`: base seed, ledgers, locks.

A run locks its shard. Shards of one count may run side by side; anything else would draw the same
jobs twice and is refused. The locks are the kernel's: a killed run lets go of them at once.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdgen.batch.jobs import WHOLE, Shard
from sdgen.batch.ledger import Ledger, Noted, read_ledgers
from sdgen.errors import BusyError, InputError
from sdgen.files.folders import OpenFolder, is_folder, writing
from sdgen.recipe.seeds import DRAWN_BELOW

SCHEMA = "sdgen.batch/1"
STATE_NAME = "state.json"
MAX_STATE_BYTES = 2**16
GUARD_SECONDS = 30
"""How long to wait for the others that are just starting."""

_LEDGER_NAME = re.compile(r"ledger.*\.jsonl")
_LOCK_NAME = re.compile(r"run(?:-(\d+)-of-(\d+))?\.lock")


@dataclass(frozen=True, slots=True)
class BatchState:
    """What a run needs to know of the runs before it."""

    base_seed: int
    ledger: Ledger
    home: OpenFolder
    """The state folder itself."""


def state_folder(folder: Path) -> Path:
    return folder / ".sdgen" / "batch"


def drawn_base_seed() -> int:
    """Whatever chance gives."""
    return secrets.randbelow(DRAWN_BELOW)


@contextmanager
def open_state(
    folder: Path, shard: Shard = WHOLE, draw: Callable[[], int] = drawn_base_seed
) -> Iterator[BatchState]:
    """Hold the output folder for a run of `shard`.

    Args:
        folder: The output folder; it exists, and has no links in its path.
        shard: The part that this run draws.
        draw: Gives a new folder its base seed.

    Raises:
        BusyError: Another run draws the same jobs.
        OutputError: The folder cannot be written.
        InputError: What is there was written by a later version, or is damaged.
    """
    with _opened(folder) as home:
        with _guard(home), writing(home.path):
            _refuse_overlap(home, shard)
            lock = _take(home, f"{_named('run', shard)}.lock")
            try:
                base_seed = _kept_base_seed(home, draw)
                noted = read_ledgers(home, ledgers_in(home))
                ledger = Ledger(home, f"{_named('ledger', shard)}.jsonl", noted, base_seed)
            except BaseException:
                _let_go(lock)
                raise
        try:
            yield BatchState(base_seed, ledger, home)
        finally:
            ledger.close()
            _let_go(lock)


def read_base_seed(folder: Path) -> int | None:
    """The base seed of an output folder; None where no batch has run.

    Raises:
        InputError: The file that holds it is damaged, or cannot be read.
    """
    with looked_at(folder) as home:
        return base_seed_in(home) if home and STATE_NAME in home.names() else None


def read_noted(folder: Path) -> Noted:
    """What all ledgers of an output folder say; nothing where no batch has run.

    Raises:
        InputError: One was written by another version, or cannot be read.
    """
    with looked_at(folder) as home:
        return read_ledgers(home, ledgers_in(home)) if home else {}


@contextmanager
def looked_at(folder: Path) -> Iterator[OpenFolder | None]:
    """The state folder for reading; None where there is none."""
    path = state_folder(folder)
    try:
        with OpenFolder(path) if is_folder(path) else nullcontext() as home:
            yield home
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read: {reason}") from error


def ledgers_in(home: OpenFolder) -> list[str]:
    return [name for name in home.names() if _LEDGER_NAME.fullmatch(name)]


def base_seed_in(home: OpenFolder) -> int:
    """What the state file in `home` says."""
    with home.reading(STATE_NAME) as file:
        return seed_in(file.read(MAX_STATE_BYTES), str(home.path / STATE_NAME))


def seed_in(text: bytes, shown: str) -> int:
    """The base seed in a state file, which people know as `shown`.

    Raises:
        InputError: It is damaged.
    """
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    seed = (
        said.get("base_seed") if isinstance(said, dict) and said.get("schema") == SCHEMA else None
    )
    if type(seed) is not int or not 0 <= seed < DRAWN_BELOW:
        hint = "remove it to let new seeds be drawn"
        raise InputError(f"{shown} is damaged, or of another version of sdgen", hint=hint)
    return seed


def state_text(base_seed: int) -> str:
    """The content of a state file."""
    return json.dumps({"schema": SCHEMA, "base_seed": base_seed}) + "\n"


def _named(kind: str, shard: Shard) -> str:
    return kind if shard == WHOLE else f"{kind}-{shard.index}-of-{shard.count}"


def _opened(folder: Path) -> OpenFolder:
    """The state folder, made if missing; a link could lead anywhere and is refused."""
    with writing(state_folder(folder)):
        with OpenFolder.real(folder) as root, root.enter(".sdgen") as corner:
            home = corner.enter("batch")
        home.sweep()
        return home


@contextmanager
def _guard(home: OpenFolder) -> Iterator[None]:
    """Let one run at a time look at the locks of the others and take its own."""
    guard = _take(home, "guard.lock", seconds=GUARD_SECONDS)
    try:
        yield
    finally:
        _let_go(guard)


def _refuse_overlap(home: OpenFolder, shard: Shard) -> None:
    for match in filter(None, map(_LOCK_NAME.fullmatch, home.names())):
        other = Shard(int(match[1]), int(match[2])) if match[1] else WHOLE
        if other.count != shard.count:
            _let_go(_take(home, match[0]))


def _take(home: OpenFolder, name: str, *, seconds: float = 0) -> int:
    """The handle of the file `name`, which holds its lock; waits so long for it.

    Raises:
        BusyError: Another has it.
        OutputError: The file cannot be opened or locked.
    """
    from filelock import lock_descriptor  # loads here, not for a dry run

    with writing(home.path):
        handle = home.append_to(name)
        last = time.monotonic() + seconds
        try:
            while not lock_descriptor(handle, blocking=False):
                if time.monotonic() >= last:
                    hint = "wait for it, or choose another folder with -o"
                    raise BusyError(f"another run holds {home.path.parents[1]}", hint=hint)
                time.sleep(0.05)
        except BaseException:
            _let_go(handle)
            raise
    return handle


def _let_go(handle: int) -> None:
    with suppress(OSError):  # the lock ends with the handle, at the latest with this process
        os.close(handle)


def _kept_base_seed(home: OpenFolder, draw: Callable[[], int]) -> int:
    """The folder's base seed, drawn now if this is the first run. Called under the guard."""
    if STATE_NAME in home.names():
        return base_seed_in(home)
    drawn = draw()
    with home.temporary(STATE_NAME, state_text(drawn).encode()) as temporary:
        home.claim(temporary, STATE_NAME)
    home.sync()
    return drawn
