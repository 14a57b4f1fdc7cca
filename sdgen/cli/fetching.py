"""Fetching weights for a command: leave is asked for or given, and one bar shows how far it is."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol, Self

import typer

from sdgen.cli.output import Output
from sdgen.cli.progress import PLAIN_EVERY_SECONDS, bar_console, duration
from sdgen.errors import InputError, InterruptedRunError
from sdgen.models.consent import bytes_in_words, leave
from sdgen.models.hub_names import Reference

if TYPE_CHECKING:
    from sdgen.models.hub_fetch import Order

Download = Annotated[
    bool, typer.Option("--download", help="Fetch models and LoRAs from the hub that are not here.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Never ask the hub, as with HF_HUB_OFFLINE=1.")
]


def fetching(
    out: Output, *, download: bool, offline: bool, asks: bool = True
) -> AbstractContextManager[None]:
    """While a command works: what it may fetch.

    Args:
        out: Where it speaks.
        download: Whether the user gave leave with `--download`.
        offline: Whether they forbade it with `--offline`.
        asks: Whether a person may be asked; not where a record names the model.

    Raises:
        InputError: Both were said.
    """
    if download and offline:
        raise InputError("--download and --offline are opposites")

    def fetch(reference: Reference) -> bool:
        if not download and not (asks and _agreed(reference, out)):
            return False
        fetch_shown(reference, out)
        return True

    return leave(fetch, offline=offline)


def _agreed(reference: Reference, out: Output) -> bool:
    """Whether a person says yes; nobody is asked who does not sit there."""
    if not out.is_conversation:
        return False
    from sdgen.models.hub_client import host

    size = f", {bytes_in_words(reference.about_bytes)}" if reference.about_bytes else ""
    out.say(f"{reference.name} is not on this machine: {reference.repository} on {host()}{size}")
    return out.ask("fetch it?")


def fetch_shown(reference: Reference, out: Output) -> "Order":
    """Fetch what `reference` means, and show how far it is; gives the order.

    Raises:
        SdgenError: It cannot be fetched.
    """
    from sdgen.models.hub_fetch import fetch, order_of

    order = order_of(reference)
    if order.missing_bytes:
        out.say(
            f"fetching {reference.name}: {bytes_in_words(order.missing_bytes)} from "
            f"{reference.repository} at {order.listing.commit[:12]}"
        )
    with _shown(reference.name, order.size, out) as told:
        try:
            fetch(order, told.received)
        except KeyboardInterrupt:
            raise InterruptedRunError(
                f"stopped while {reference.name} came", hint="the same command goes on from there"
            ) from None
    return order


class Told(Protocol):
    """Shows how far a download is."""

    def received(self, count: int, file: str) -> None:
        """So many more bytes of `file` are here."""


class _Seldom:
    """A line or an event every few seconds, for logs and programs."""

    def __init__(self, name: str, size: int, out: Output) -> None:
        self._name, self._size, self._out = name, size, out
        self._done = 0
        self._started = self._spoke = time.monotonic()

    def received(self, count: int, file: str) -> None:
        """Tell it, if it was told long ago."""
        self._done += count
        now = time.monotonic()
        if now - self._spoke < PLAIN_EVERY_SECONDS or self._done >= self._size:
            return
        left = (now - self._started) / max(self._done, 1) * (self._size - self._done)
        self._spoke = now
        done, size = bytes_in_words(self._done), bytes_in_words(self._size)
        self._out.say(f"{self._name}: {done} of {size}, about {duration(left)} left")
        self._tell_event(file)

    def _tell_event(self, file: str) -> None:
        told = {"model": self._name, "file": file, "bytes": self._done, "of": self._size}
        self._out.event("fetching", told)


class _Live:
    """One bar that is gone when all is here."""

    def __init__(self, name: str, size: int) -> None:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=bar_console(),
            transient=True,
        )
        self._task = self._progress.add_task(name, total=size)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def received(self, count: int, file: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=count)


@contextmanager
def _shown(name: str, size: int, out: Output) -> Iterator[Told]:
    """What shows it where stderr goes."""
    out.event("fetching", {"model": name, "bytes": 0, "of": size})
    if out.live:
        with _Live(name, size) as told:
            yield told
    else:
        yield _Seldom(name, size, out)
    out.event("fetched", {"model": name, "bytes": size, "of": size})
