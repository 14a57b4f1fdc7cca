"""`--locked` and `--lock-file`: draw only with the models and libraries that a lock names."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdgen.errors import InputError
from sdgen.models import LocalModel

if TYPE_CHECKING:
    from sdgen.models.lock import Lock

DEFAULT_LOCK = Path("sdgen.lock")

Locked = Annotated[
    bool,
    typer.Option("--locked", help="Refuse other models and libraries than the lock file names."),
]
LockFile = Annotated[
    Path | None,
    typer.Option("--lock-file", metavar="PATH", help="Where the lock is, if not ./sdgen.lock."),
]


@dataclass(frozen=True, slots=True)
class OpenLock:
    """A lock that was read, and its file's name for messages."""

    path: Path
    lock: "Lock"

    def check(self, models: Iterable[LocalModel]) -> None:
        """Refuse what the lock does not name.

        Raises:
            ModelError: A model is not in it, or has other files.
            InputError: A library has another version.
        """
        from sdgen.models.lock import changes_in, refuse_changes

        unique = {(model.folder, model.added): model for model in models}
        refuse_changes(changes_in(self.lock, unique.values()), str(self.path))


def open_lock(*, locked: bool, path: Path | None) -> OpenLock | None:
    """The lock that holds for this command; None where none was asked for.

    Raises:
        InputError: It is missing or damaged, or was named without `--locked`.
    """
    if not locked:
        if path is not None:
            raise InputError("--lock-file is for --locked: add --locked")
        return None
    from sdgen.files.lockfile import read_lock

    found = path or DEFAULT_LOCK
    return OpenLock(found, read_lock(found))


def check_locked(lock: OpenLock | None, models: Iterable[LocalModel]) -> None:
    """Refuse what `lock` does not name; without one everything may draw."""
    if lock is not None:
        lock.check(models)
