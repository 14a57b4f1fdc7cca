"""A worker process as the run sees it: orders go down one pipe, replies come up another."""

import json
import pickle
import queue
import subprocess
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from sdgen.batch.messages import Opening, Order, Reply
from sdgen.batch.units import Unit

_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from sdgen.batch.worker import main
main()
"""
"""The worker finds the same modules as this process, however they came to its path."""

Heard = queue.SimpleQueue[tuple["Worker", Reply | None]]
"""Who said what; None is the end of the process."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A place to draw: what people call it, and how a worker begins there."""

    name: str
    opening: Opening


@dataclass(slots=True)
class Held:
    """A unit in the hands of a worker; the ids of its jobs that are noted already."""

    unit: Unit
    noted: set[str] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return len(self.noted) == len(self.unit.tasks)


class Worker:
    """Who draws at a seat: what it has in hand, and how one speaks with it."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.is_ready = False
        self.has_ended = False
        self.drawing: int | None = None
        """The number of the unit in its call; those before it are being written."""
        self.held: dict[int, Held] = {}

    @property
    def is_idle(self) -> bool:
        """Whether it could begin to draw another unit now."""
        return self.is_ready and not self.has_ended and self.drawing is None

    def take(self, unit: Unit) -> None:
        """Give it a unit; it has none in its call."""
        self.held[unit.number] = Held(unit)
        self.drawing = unit.number
        self.send(unit)

    @abstractmethod
    def send(self, order: Order) -> None:
        """Say something; to one that is dead it is said in vain, and its end is heard."""

    @abstractmethod
    def end(self) -> str:
        """See to it that it is gone; how it ended, in words."""


Begin = Callable[[Seat, Heard], Worker]
"""How somebody comes to a seat; what it says is heard from then on."""


class WorkerProcess(Worker):
    """One process, from its start on."""

    def __init__(self, seat: Seat, heard: Heard) -> None:
        super().__init__(seat)
        words = [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._reader = threading.Thread(
            target=_read, args=(self._process.stdout, lambda reply: heard.put((self, reply))),
            daemon=True, name=f"replies of {seat.name}",
        )  # fmt: skip
        self._reader.start()
        self._write(seat.opening)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, order: Order) -> None:
        """Say something; to a process that is dead it is said in vain, and its end is heard."""
        self._write(order)

    def end(self) -> str:
        """See to it that the process is gone; how it ended, in words."""
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def _write(self, order: Order | Opening) -> None:
        with suppress(BrokenPipeError):
            self._orders.write(pickle.dumps(order))
            self._orders.flush()


def _read(replies: BinaryIO, hear: Callable[[Reply | None], None]) -> None:
    """Hear replies to the end of the pipe."""
    try:
        while True:
            hear(pickle.load(replies))
    except (EOFError, OSError, pickle.UnpicklingError):
        hear(None)
