"""A worker process: takes units from a pipe, draws and writes them, and tells what came of them.

It ends at once when the other end of the pipe is gone, whatever became of the run. It hears no
signals, since Ctrl-C in a terminal reaches every process there: the run hears them, and decides.
What libraries print is not for the person's eyes.
"""

import os
import pickle
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from sdgen.batch.executor import Outcome
from sdgen.batch.jobs import Job
from sdgen.batch.messages import (
    Answer,
    Ask,
    Drawing,
    Drawn,
    Ended,
    Finished,
    Loading,
    Noticed,
    Opening,
    Order,
    Ready,
    Reply,
    StopNow,
)
from sdgen.batch.outcomes import Observer
from sdgen.batch.units import Unit
from sdgen.errors import SdgenError
from sdgen.models import LocalModel
from sdgen.stop import Stop

ABANDONED = 75
"""The exit code of a worker whose run is gone."""

Send = Callable[[Reply], None]


def main() -> None:
    """Work until stopped. Orders come from stdin, replies go to stdout."""
    orders, replies = _own_pipes()
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    serve(pickle.load(orders), orders, _sender(replies))


def serve(opening: Opening, orders: BinaryIO, send: Send) -> None:
    """Begin as `opening` says, and do what `orders` say to their end; `send` hears of it."""
    os.environ.update(opening.environment)  # before torch loads, which reads them once
    try:
        _work(opening, orders, send)
    except SdgenError as error:
        send(Ended(error))
    except Exception:  # noqa: BLE001  # the run tells it as its own
        send(Ended(bug=traceback.format_exc()))
    else:
        send(Ended())


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """What were stdin and stdout; libraries that print do it to nowhere from now on."""
    orders, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)
    return orders, replies


def _sender(replies: BinaryIO) -> Send:
    lock = threading.Lock()

    def send(reply: Reply) -> None:
        data = pickle.dumps(reply)
        with lock:
            replies.write(data)
            replies.flush()

    return send


def _work(opening: Opening, orders: BinaryIO, send: Send) -> None:
    from sdgen.batch.local import LocalExecutor

    inbox = Inbox(orders)
    executor = LocalExecutor(opening.open_generator())
    told = _Told(send)
    send(Ready())

    def units() -> Iterator[Unit]:
        while isinstance(order := inbox.next(), Unit | Ask):
            if isinstance(order, Unit):
                told.number = order.number
                yield order
            else:
                send(_answer(executor, order))

    executor.draw(units(), told, inbox.stop)


def _answer(executor: object, ask: Ask) -> Answer:
    try:
        return Answer(getattr(executor, ask.method)(*ask.words))
    except SdgenError as error:
        return Answer(error=error)


class Inbox:
    """Orders, read by a thread of its own, so that a wish to stop is heard in every step."""

    def __init__(self, orders: BinaryIO) -> None:
        self.stop = Stop()
        self._orders = orders
        self._waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def next(self) -> Order:
        """The next order; waits for it."""
        return self._waiting.get()

    def _read(self) -> None:
        while True:
            try:
                order: Order = pickle.load(self._orders)
            except (EOFError, OSError, pickle.UnpicklingError):
                os._exit(ABANDONED)  # nobody is there to hear of anything
            if isinstance(order, StopNow):
                self.stop.requested = order.signal_number
            self._waiting.put(order)


class _Told(Observer):
    """The run as a worker sees it: what it is told goes through the pipe."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.number = -1

    @property
    def observer(self) -> Observer:
        return self

    def note(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        self._send(Finished(unit.number, outcomes))

    def tell(self, unit: Unit, outcomes: Sequence[Outcome]) -> None:
        """It is told when it is noted."""

    def loading(self, model: LocalModel) -> None:
        self._send(Loading(model))

    def drawing(self, jobs: Sequence[Job]) -> None:
        self._send(Drawing(self.number))

    def noticed(self, job: Job, notice: str) -> None:
        self._send(Noticed(self.number, job.id, notice))

    def drawn(self, jobs: Sequence[Job]) -> None:
        self._send(Drawn(self.number))
