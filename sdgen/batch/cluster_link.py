"""The other end of `cluster.py`: a process that speaks with a cluster, as the run sees it."""

import json
import os
import pickle
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, Protocol

from sdgen.batch.cluster_messages import (
    Arrived,
    Gone,
    Join,
    News,
    Refused,
    Request,
    Resources,
    Said,
)
from sdgen.errors import InputError

LOOK_SECONDS = 0.3
KNOCK_SECONDS = 10.0
LEAVE_SECONDS = 15.0
JOIN_SECONDS = 60.0
"""After so long, a cluster that does not answer is not there."""

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "(?s).*"}
"""No telemetry; and of what ray tells on stdout whatever it was told, nothing."""

_PROGRAM = """import json, os, sys
sys.path[:] = json.loads(os.environ.pop("SDGEN_PATH"))
from sdgen.batch.cluster import main
main()
"""


class Hearer(Protocol):
    """A worker that is told of."""

    number: int

    def hear(self, news: Arrived | Said | Gone | None) -> None:
        """What is told of it; None where the link is gone."""


class Link:
    """The process that speaks with the cluster, and who waits for what it tells."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._errors = process, errors
        self._requests, self._news = process.stdin, process.stdout
        self._workers: dict[int, Hearer] = {}
        self._changed = threading.Condition()
        self._first: Resources | Refused | None = None
        self.resources = Resources((), 0)
        self.is_gone = False
        threading.Thread(target=self._read, daemon=True, name="news of the cluster").start()

    @classmethod
    @contextmanager
    def to(cls, address: str | None) -> Iterator["Link"]:
        """Join the cluster, and leave it at the end; with it go all workers.

        Raises:
            InputError: It cannot be joined.
        """
        _knock(address)
        variables = _variables(address) | {"SDGEN_PATH": json.dumps(sys.path)}
        with TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM], env=os.environ | variables,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True,  # Ctrl-C in the terminal is for the run alone
            )  # fmt: skip
            link = cls(process, errors)
            try:
                link.send(Join(address))
                link._wait(address)
                yield link
            finally:
                link._end()

    def send(self, request: Request) -> None:
        """Want something; in vain if the process is gone, which is heard."""
        with suppress(BrokenPipeError):
            self._requests.write(pickle.dumps(request))
            self._requests.flush()

    def add(self, worker: Hearer) -> None:
        """Let `worker` hear what is told of it."""
        self._workers[worker.number] = worker
        if self.is_gone:
            worker.hear(None)

    def _wait(self, address: str | None) -> None:
        """Wait until the cluster has told what it has.

        Raises:
            InputError: It cannot be joined.
        """
        last = time.monotonic() + JOIN_SECONDS
        printed = ""
        with self._changed:
            while self._first is None and not self.is_gone and time.monotonic() < last:
                self._changed.wait(LOOK_SECONDS)
                printed = self._printed()
                if _NO_ENTRY in printed:  # ray would try it for twenty seconds
                    break
        if isinstance(self._first, Resources):
            return
        raise _why(self._first or Refused("unreached"), address, printed)

    def _printed(self) -> str:
        """What ray printed, which tells more than its errors do."""
        self._errors.seek(0)
        return self._errors.read(2**20).decode(errors="replace")

    def _read(self) -> None:
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self._hear(pickle.load(self._news))
        with self._changed:
            self.is_gone = True
            self._changed.notify_all()
        for worker in list(self._workers.values()):
            worker.hear(None)

    def _hear(self, news: News) -> None:
        if isinstance(news, Resources | Refused):
            with self._changed:
                self._first = self._first or news
                if isinstance(news, Resources):
                    self.resources = news
                self._changed.notify_all()
        elif news.number in self._workers:
            self._workers[news.number].hear(news)

    def _end(self) -> None:
        """Let the process leave the cluster, and see to it that it does."""
        with suppress(OSError):
            self._requests.close()
        has_joined = isinstance(self._first, Resources)  # else ray hears nobody
        try:
            self._process.wait(timeout=LEAVE_SECONDS if has_joined else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with suppress(OSError):
            self._news.close()


def _knock(address: str | None) -> None:
    """Find out at once what ray would find out in two minutes: nobody is at home.

    Raises:
        InputError: Nothing listens there.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()
    except (OSError, OverflowError):
        raise _why(Refused("unreached"), address, "") from None


def _variables(address: str | None) -> dict[str, str]:
    """What ray reads: authentication is on unless somebody switched it off for a cluster."""
    if address is None:
        token = secrets.token_hex(32)  # known to this run's own processes alone
        return _QUIET | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_ADDRESS": ""}
    return _QUIET | {"RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "token")}


_NO_ENTRY = "InvalidAuthToken"
_NO_AUTH = "a cluster without authentication is joined with RAY_AUTH_MODE=disabled"


def _why(refused: Refused, address: str | None, printed: str) -> InputError:
    """Why the cluster cannot be joined, in a line that one can act on."""
    where = f"the Ray cluster at {address}" if address else "a Ray cluster on this machine"
    if refused.reason == "token":
        hint = f"put it into ~/.ray/auth_token or RAY_AUTH_TOKEN; {_NO_AUTH}"
        return InputError(f"{where} wants a token, and there is none here", hint=hint)
    if _NO_ENTRY in printed:
        return InputError(f"{where} does not take the token that is here", hint=_NO_AUTH)
    if refused.reason == "version":
        said = f"{where} has another version of ray or Python"
        return InputError(said, hint="install the same on all machines")
    if refused.reason == "client":
        return InputError("ray:// needs grpcio", hint="pip install 'ray[client]'")
    if refused.reason == "unreached" and address:
        hint = "is it up, and its port 6379 open to this machine? ray status tells"
        return InputError(f"{where} cannot be reached", hint=hint)
    return InputError(f"{where} cannot be joined: {refused.said or 'it did not answer'}")
