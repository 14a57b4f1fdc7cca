"""A worker in a cluster: the loop of `worker.py`, spoken to by calls instead of pipes."""

import os
import pickle
import platform
import queue
import tempfile
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sdgen.batch.elsewhere import Carried, Here
from sdgen.batch.executor import Outcome
from sdgen.batch.messages import Answer, Ask, Ended, Finished, Opening, Order, Reply, StopNow
from sdgen.batch.worker import serve
from sdgen.errors import OutputError, SdgenError

DECIDING = ("sdgen", "torch", "diffusers", "transformers", "numpy", "pillow")
"""Packages of which another version may draw other pixels."""

LOOK_SECONDS = 1.0
MOST_REPLIES = 64


def versions() -> dict[str, str]:
    """The versions here of what decides pixels."""
    found = {"python": platform.python_version()}
    for name in DECIDING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


class Hired:
    """Draws in threads of its own; each method returns soon, and several may run at once."""

    def __init__(self, opening: Opening) -> None:
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._home = tempfile.TemporaryDirectory(prefix="sdgen-")
        self._here = Here(platform.node() or "a worker", Path(self._home.name))
        read, write = os.pipe()
        reader, self._orders = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        threading.Thread(
            target=serve, args=(opening, reader, self._replies.put), daemon=True, name="drawer"
        ).start()

    def arrive(self) -> tuple[str, dict[str, str]]:
        """The machine's name, and its versions."""
        return self._here.name, versions()

    def order(self, order: Carried | StopNow) -> None:
        """Take an order; what cannot be done here is answered at once."""
        if not isinstance(order, Carried):
            self._pass_on(order)
            return
        try:
            translated = self._here.translated(order)
        except SdgenError as error:
            self._decline(order, error)
        else:
            self._pass_on(translated)

    def replies(self) -> list[Reply]:
        """What there is to say by now; waits a moment for the first."""
        said = []
        try:
            said.append(self._replies.get(timeout=LOOK_SECONDS))
            while len(said) < MOST_REPLIES:
                said.append(self._replies.get_nowait())
        except queue.Empty:
            pass
        return said

    def _pass_on(self, order: Order) -> None:
        self._orders.write(pickle.dumps(order))
        self._orders.flush()

    def _decline(self, carried: Carried, error: SdgenError) -> None:
        order = carried.order
        if isinstance(order, Ask):
            self._replies.put(Answer(error=error))
        elif order.is_only_model or isinstance(error, OutputError):
            self._replies.put(Ended(error))
        else:
            outcomes = [Outcome(job.id, error=error) for job in order.jobs]
            self._replies.put(Finished(order.number, outcomes))
