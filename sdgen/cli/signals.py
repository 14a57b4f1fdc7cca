"""Ctrl-C and friends: once stops after the step, twice at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sdgen.stop import Stop

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Take the first signal as a request; the second meets the system's default and ends all.

    The default is put back at once, so that the second one works even in the middle of a long
    computation, where Python would not get to run a handler.
    """
    stop = Stop()

    def request(number: int, _: FrameType | None) -> None:
        stop.requested = number
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, request) for number in SIGNALS if _heard(number)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard(number: int) -> bool:
    """Not what the caller chose to ignore: `nohup` ignores SIGHUP and must go on doing so."""
    return signal.getsignal(number) is not signal.SIG_IGN
