"""A terminal of its own for the command line, and somebody who types at it."""

import os
import pty
import re
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.cli.processes import PAINTED, variables

SECONDS = 120
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """A program at a terminal: `type` writes, `wait_for` reads until some words have come."""

    def __init__(self, *words: object, program: tuple[str, ...] = PAINTED, **settings: str) -> None:
        environment = variables(TERM="xterm", OMP_NUM_THREADS="1", **settings)
        arguments = [*program, *map(str, words)]
        self.told = ""
        self._seen = 0
        self._pid, self._handle = pty.fork()
        if not self._pid:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a worker of pytest may not hear it
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execvpe(arguments[0], arguments, environment)

    def type(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def wait_for(self, words: str) -> str:
        """What came since the last wait, up to `words`, a regular expression."""
        until = time.monotonic() + SECONDS
        while not (found := re.compile(words).search(self.told, self._seen)):
            assert time.monotonic() < until, f"{words!r} did not come: {self.told!r}"
            assert self._read(), f"ended before {words!r}: {self.told!r}"
        start, self._seen = self._seen, found.end()
        return self.told[start : self._seen]

    def end(self, *, typing: str = "") -> int:
        """Read to the end, `typing` meanwhile; the exit code, or the signal's number below zero."""
        until, again = time.monotonic() + SECONDS, time.monotonic()
        while self._read():
            if typing and time.monotonic() > again:
                again += 8
                with suppress(OSError):  # nobody reads any more
                    self.type(typing)
            if time.monotonic() > until:
                os.kill(self._pid, signal.SIGKILL)
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def interrupt(self) -> None:
        """Ctrl-C, as the terminal makes a signal of it."""
        self.type(CTRL_C)

    def interrupt_until(self, words: str) -> str:
        """Ctrl-C, and again as a person would if nothing comes of it; then as `wait_for`.

        Python may hear one only at the next key; two unheard ones count as one.
        """
        for _ in range(10):
            self.interrupt()
            until = time.monotonic() + 4
            while time.monotonic() < until and self._read():
                if re.compile(words).search(self.told, self._seen):
                    return self.wait_for(words)
        return self.wait_for(words)

    def wait_until_deaf(self, number: int) -> None:
        """Until the program leaves the signal to the system, whose way is to end it."""
        status = Path(f"/proc/{self._pid}/status")
        until = time.monotonic() + SECONDS
        while int(status.read_text().split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1:
            assert time.monotonic() < until
            time.sleep(0.01)

    def _read(self) -> bool:
        if not select.select([self._handle], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._handle, 65536)
        except OSError:  # how Linux says that nobody has the other end any more
            return False
        self.told += data.decode(errors="replace")
        return bool(data)


def wait_for_file(path: Path) -> None:
    until = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
