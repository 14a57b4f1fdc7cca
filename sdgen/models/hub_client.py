"""Asking the hub: small answers, files piece by piece; each failure is a sentence of its own.

Sessions, proxies and tokens are those of the hub's own library. Its downloads are not used: they
take the name of a file in the cache from the server's headers, start again from nothing when they
were stopped, and wait for a silent server for as long as it likes.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from sdgen.errors import InputError, ModelError
from sdgen.models.hub_listing import Listing, RemoteFile, read_listing
from sdgen.models.hub_session import session
from sdgen.version import __version__

USUAL = "https://huggingface.co"
MOST_ANSWER_BYTES = 16 * 1024 * 1024
MOST_REDIRECTS = 5
MOST_ADDRESS_LETTERS = 16 * 1024
MOST_SECONDS = 3600
WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further try, where trying again can help."""

_OF_THE_HUB = ("huggingface.co", "hf.co")


class TryAgainError(ModelError):
    """The hub failed in a way that may pass."""


def endpoint() -> str:
    """The hub that the environment names, or the usual one.

    Raises:
        InputError: The environment names none.
    """
    stated = (os.environ.get("HF_ENDPOINT") or USUAL).rstrip("/")
    try:
        parts = urlsplit(stated)
        sound = parts.scheme in ("http", "https") and _is_host(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed, a label too long
        sound = False
    if not sound:
        raise InputError(f"HF_ENDPOINT must be an address such as {USUAL}")
    return stated


def _is_host(name: str | None) -> bool:
    """Whether a client can look for this host.

    Raises:
        UnicodeError: A label of it is empty or too long, which is a `ValueError` too.
    """
    return (
        name is not None and name.encode("idna") != b"" and name.isprintable() and " " not in name
    )


def host() -> str:
    """Its name for people, without a password that the address may have."""
    return urlsplit(endpoint()).hostname or ""


def _seconds() -> float:
    """How long a silent server is waited for.

    Raises:
        InputError: The environment says what is no number, at which the hub's library would break.
    """
    stated = os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT", "").strip()
    if not stated:
        return 10.0
    if not stated.isdecimal():
        raise InputError("HF_HUB_DOWNLOAD_TIMEOUT must be whole seconds, such as 10")
    digits = stated.lstrip("0")
    return float(min(int(digits[:9] or 10), MOST_SECONDS))


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub, for one repository."""

    repository: str

    def listing(self, revision: str) -> Listing:
        """All files at `revision`, with sizes and hashes, and the commit that it is now.

        Raises:
            ModelError: There is no such repository or revision, or the hub does not tell.
        """
        path = f"/api/models/{self.repository}/revision/{quote(revision, safe='')}?blobs=true"
        return read_listing(self.repository, self._again(lambda: self._json(path, revision)))

    def _json(self, path: str, revision: str) -> Any:
        until = time.monotonic() + 6 * _seconds()
        data = bytearray()
        with self._opened(endpoint() + path, revision=revision) as response:
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MOST_ANSWER_BYTES:
                    raise ModelError(f"{host()} answers with too much about {self.repository}")
                if time.monotonic() > until:
                    raise TryAgainError(f"{host()} answers too slowly about {self.repository}")
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(
                f"{host()} answers with something else than data",
                hint="is there a page of the network to log in to first?",
            ) from error

    def pieces(self, commit: str, file: RemoteFile, start: int) -> Iterator[tuple[int, bytes]]:
        """The bytes of `file` from `start` on, each piece with the place where it belongs.

        The first place is 0 where the server begins anew.

        Raises:
            ModelError: It cannot be had.
        """
        address = f"{endpoint()}/{self.repository}/resolve/{commit}/{quote(file.path)}"
        ranged = {"range": f"bytes={start}-"} if start else {}
        with self._opened(address, headers=ranged, revision=commit) as response:
            place = start if response.status_code == 206 else 0
            for piece in response.iter_bytes():  # as they come: what has come stays, if it breaks
                yield place, piece
                place += len(piece)
                if place > file.size:
                    raise ModelError(f"{host()} sends more of {file.path} than there should be")

    def _again(self, ask: Callable[[], Any]) -> Any:
        """What `ask` gives, tried again where that can help."""
        for wait in WAITS:
            try:
                return ask()
            except TryAgainError:
                time.sleep(wait)
        return ask()

    @contextmanager
    def _opened(
        self, address: str, *, revision: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[Any]:
        """The answer from `address`, or from where it leads within the hub."""
        _seconds()  # is refused before the library, which reads it too, is loaded
        from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of any version

        try:
            with self._followed(address, headers or {}) as response:
                self._refuse(response.status_code, response.headers, revision)
                yield response
        except HTTPError as error:
            raise self._broken(error) from error
        except OSError as error:
            raise TryAgainError(f"{host()} cannot be reached: {error}") from error
        except Exception as error:
            if type(error).__name__ != "InvalidURL":  # of the client, whose package may change
                raise
            raise ModelError(f"{host()} leads to what is no address") from error

    @contextmanager
    def _followed(self, address: str, headers: Mapping[str, str]) -> Iterator[Any]:
        client, token = session()
        for _ in range(MOST_REDIRECTS):
            own = {"user-agent": f"sdgen/{__version__}", "accept-encoding": "identity", **headers}
            if token and urlsplit(address).netloc == urlsplit(endpoint()).netloc:
                own["authorization"] = f"Bearer {token}"
            with client.stream(
                "GET", address, headers=own, timeout=_seconds(), follow_redirects=False
            ) as response:
                onwards = response.headers.get("location")
                if response.status_code not in (301, 302, 303, 307, 308) or not onwards:
                    yield response
                    return
            address = _led(address, onwards)
        raise ModelError(f"{host()} leads round in circles")

    def _refuse(self, status: int, headers: Mapping[str, str], revision: str) -> None:
        """Say what a status that is no answer means.

        Raises:
            ModelError: It is one of those.
        """
        if status in (200, 206):
            return
        raise self._named(headers, status, revision) or self._by_status(headers, status)

    def _named(self, headers: Mapping[str, str], status: int, revision: str) -> ModelError | None:
        """What the hub itself calls the failure."""
        code = headers.get("x-error-code", "")
        if code == "GatedRepo":
            return self._gated()
        if status == 401 and "Invalid" in headers.get("x-error-message", ""):
            return ModelError(f"{host()} refuses the token", hint="get a new one: hf auth login")
        if code == "RevisionNotFound":
            return ModelError(f"{self.repository} has no revision {revision!r}")
        if code == "EntryNotFound":
            return ModelError(f"{self.repository} lacks a file that its list names")
        return None

    def _by_status(self, headers: Mapping[str, str], status: int) -> ModelError:
        if status in (401, 403, 404):
            return ModelError(
                f"there is no {self.repository} on {host()}, or it is not for everybody",
                hint="check the name; a private one needs a token: hf auth login",
            )
        if status == 429:
            wait = headers.get("retry-after", "")
            hint = f"try again in {wait} seconds" if wait.isdigit() else "try again later"
            return TryAgainError(f"{host()} was asked too often and wants a pause", hint=hint)
        if status >= 500:
            return TryAgainError(f"{host()} is out of order (status {status})")
        return ModelError(f"{host()} answers with status {status} about {self.repository}")

    def _gated(self) -> ModelError:
        at = urlsplit(endpoint())
        page = f"{at.scheme}://{at.netloc.rpartition('@')[2]}/{self.repository}"
        if session()[1]:
            return ModelError(
                f"{self.repository} is gated, and the account of this token has no access yet",
                hint=f"accept its terms at {page}",
            )
        return ModelError(
            f"{self.repository} is gated: its terms are to be accepted first",
            hint=f"accept them at {page}, then: hf auth login",
        )

    def _broken(self, error: Exception) -> ModelError:
        """A failure of the connection."""
        kind = type(error).__name__
        if "Timeout" in kind:
            return TryAgainError(f"{host()} does not answer for {_seconds():g} seconds")
        if "Connect" in kind or "Proxy" in kind:
            return TryAgainError(f"{host()} cannot be reached: {_short(error)}")
        return TryAgainError(
            f"the connection to {host()} broke", hint="the same command goes on from there"
        )


def _led(address: str, onwards: str) -> str:
    """Where an answer leads.

    Raises:
        ModelError: To a host that nobody named, or out of an encrypted connection.
    """
    before = urlsplit(address)
    try:
        target = urljoin(address, onwards)
        at = urlsplit(target)
        name = at.hostname or ""
        sound = (not name or _is_host(name)) and at.port != 0
    except ValueError:
        sound, target = False, ""
    if not sound or len(target) > MOST_ADDRESS_LETTERS:
        raise ModelError(f"{before.hostname} leads to what is no address")
    known = [urlsplit(endpoint()).hostname or "", *_OF_THE_HUB, *_also_allowed()]
    if not any(name == one or name.endswith(f".{one}") for one in known if one):
        raise ModelError(
            f"{before.hostname} leads to {name or 'nowhere'}, a host that nobody named",
            hint=f"if that is right: SDGEN_HUB_HOSTS={name}" if name else "",
        )
    if at.scheme != "https" and (at.scheme != "http" or before.scheme == "https"):
        raise ModelError(f"{before.hostname} leads to an address that is not encrypted")
    return target


def _also_allowed() -> list[str]:
    return [name.strip() for name in os.environ.get("SDGEN_HUB_HOSTS", "").split(",")]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
