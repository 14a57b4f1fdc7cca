"""Whether weights may be fetched: nobody may but who was told so, and only what the user named.

Finding a model asks here when it is not on this machine. Where nobody gave leave, that is the end;
a command that has `--download` gives it, and a record or a lock never does.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sdgen.errors import ModelError
from sdgen.models.hub_names import Reference

Fetch = Callable[[Reference], bool]
"""Fetches what is meant and says so, or says that it may not."""

_FETCH: ContextVar[Fetch | None] = ContextVar("fetch", default=None)
_OFFLINE: ContextVar[bool] = ContextVar("offline", default=False)


@contextmanager
def leave(fetch: Fetch | None, *, offline: bool = False) -> Iterator[None]:
    """Meanwhile, `fetch` decides and fetches; None is nobody, and `offline` forbids it to all."""
    tokens = _FETCH.set(fetch), _OFFLINE.set(offline)
    try:
        yield
    finally:
        _FETCH.reset(tokens[0])
        _OFFLINE.reset(tokens[1])


def is_offline() -> bool:
    """Whether a flag or the environment forbids the network, as the hub's library reads it."""
    if _OFFLINE.get():
        return True
    stated = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return stated.upper() in ("1", "ON", "YES", "TRUE")


class NotHereError(ModelError):
    """Weights of the hub that are not on this machine, and may not be fetched."""

    def __init__(self, reference: Reference, missing: str) -> None:
        at = "" if reference.revision == "main" else f" at {reference.revision[:12]}"
        where = "" if reference.name == reference.repository else f" {reference.repository}{at}"
        size = f", {bytes_in_words(reference.about_bytes)}" if reference.about_bytes else ""
        told = f"; it is{where} on the hub{size}" if where or size else ""
        super().__init__(
            f"{reference.name} is not on this machine: {missing} is missing{told}",
            hint=_way_out(reference),
        )
        self.reference = reference
        self.missing = missing


def _way_out(reference: Reference) -> str:
    if is_offline():
        return "it may not be fetched: HF_HUB_OFFLINE or --offline"
    has_flag = _FETCH.get() is not None  # else the command, or Python, knows none
    if reference.file:
        return f"{'' if has_flag else 'a command with '}--download fetches it"
    named = reference.name if reference.revision == "main" else reference.repository
    at = "" if reference.revision == "main" else f"@{reference.revision}"
    pull = f"sdgen models pull {named}{at}"
    return f"{pull}, or --download with this command" if has_flag else pull


def fetched(reference: Reference, missing: str) -> None:
    """Let what `reference` means be fetched.

    Raises:
        NotHereError: It may not be.
        ModelError: It cannot be.
    """
    fetch = None if is_offline() else _FETCH.get()
    if fetch is None or not fetch(reference):
        raise NotHereError(reference, missing)


def bytes_in_words(size: float) -> str:
    """`6.9 GB`, `340 MB`, `12 kB`."""
    for unit, letters in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {letters}" if unit == 1e9 else f"{size / unit:.0f} {letters}"
    return f"{size:.0f} bytes"
