"""Pictures are written by a few threads while the next ones are drawn, and named in their order.

Compressing and flushing let go of Python's lock, so that drawing loses nothing by it. What each
piece of work does before its turn (compress, write under a hidden name) goes beside that of the
others. From its turn on (give names, note in the ledger) it is alone, in the order of handing in,
and nothing has a turn after a failure: what is on the disk is always what one thread alone would
have left there.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, TypeVar

THREADS = 4
"""Enough to have several flushes under way on a slow disk."""

MOST_WAITING = 16
MOST_WAITING_BYTES = 2**26
"""So many pictures, of so many bytes together, wait to be written; then drawing waits for them."""

T = TypeVar("T")

Turn = Callable[[], None]
"""Waits until all work that was handed in before is done."""


class _AbandonedError(Exception):
    """Work before this one failed; it must not be done any more."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Work that was handed in: its outcome, what to do with that, and the bytes it holds."""

    outcome: Future[Any]
    then: Callable[[Any], None]
    size: int


class WriterPool:
    """Does work in its threads; the outcomes come back in order, in the thread that handed it in.

    A context manager: at the end, be it an error or a wish to stop, all that was handed in is done,
    unless some of it failed.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="writer")
        self._waiting: deque[_Waiting] = deque()
        self._last_end = threading.Event()
        self._last_end.set()
        self._has_failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.drain()
        finally:
            self._threads.shutdown(cancel_futures=True)

    def hand_in(
        self, work: Callable[[Turn], T], then: Callable[[T], None], *, size: int = 0
    ) -> None:
        """Let `work` be done, later, in a thread; waits where too much is to be done already.

        Args:
            work: Calls what it is given before it changes anything that others see.
            then: Gets what `work` returned, in the thread of the caller: in `poll`, here, or at the
                end.
            size: The bytes that `work` holds until it is done.

        Raises:
            Exception: What earlier work failed with, in order; nothing more will be done then.
        """
        self.poll()
        while self._waiting and self._is_full(size):
            self._settle()
        before, end = self._last_end, threading.Event()
        outcome = self._threads.submit(self._in_order, work, before, end)
        self._last_end = end
        self._waiting.append(_Waiting(outcome, then, size))

    def poll(self) -> None:
        """Settle what is done by now; never waits.

        Raises:
            Exception: What work failed with, in order.
        """
        while self._waiting and self._waiting[0].outcome.done():
            self._settle()

    def drain(self) -> None:
        """Wait for all work, and settle it.

        Raises:
            Exception: What work failed with: the first of it.
        """
        while self._waiting:
            self._settle()

    def _is_full(self, size: int) -> bool:
        held = sum(one.size for one in self._waiting)
        return len(self._waiting) >= MOST_WAITING or held + size > MOST_WAITING_BYTES

    def _settle(self) -> None:
        """Wait for the first, and hand its outcome back; a failure drops all behind it."""
        first = self._waiting[0]
        try:
            outcome = first.outcome.result()
        except BaseException:
            if first.outcome.done():  # else it is this thread that was interrupted in waiting
                self._waiting.clear()
            raise
        self._waiting.popleft()
        first.then(outcome)

    def _in_order(
        self, work: Callable[[Turn], T], before: threading.Event, end: threading.Event
    ) -> T:
        """Do `work`; its end is told only after all ends before it."""

        def turn() -> None:
            before.wait()
            if self._has_failed:
                raise _AbandonedError

        try:
            return work(turn)
        except BaseException:
            before.wait()
            self._has_failed = True
            raise
        finally:
            before.wait()
            end.set()
