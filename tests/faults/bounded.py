"""Work on hostile input in a process of its own, with so much memory and computing time."""

import gc
import json
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

MEBIBYTES = 512
SECONDS = 30
"""Of computing, so that a busy machine is no failure; who only waits has ten times it."""


def bounded(
    action: Callable[[], list[str]], *, mebibytes: int = MEBIBYTES, seconds: int = SECONDS
) -> list[str]:
    """What `action` complains of when it runs in a fork; a crash, too, is a complaint.

    Args:
        action: Does the work and says what is wrong.
        mebibytes: So much memory more than this process has.
        seconds: So much computing time.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        _work(action, theirs, mebibytes, seconds)
    os.close(theirs)
    with os.fdopen(ours, "rb") as answers:
        answer = answers.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    complaints: list[str] = json.loads(answer) if answer else []
    return complaints if ended == 0 else [*complaints, _end(ended, mebibytes, seconds)]


def _work(action: Callable[[], list[str]], answers: int, mebibytes: int, seconds: int) -> NoReturn:
    code = 1
    gc.freeze()  # what the parent has is not gone through here again and again
    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (taken + mebibytes * 2**20,) * 2)
        computed = resource.getrusage(resource.RUSAGE_SELF)
        until = int(computed.ru_utime + computed.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, until))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(10 * seconds)
        with os.fdopen(answers, "w", encoding="utf-8") as file:
            json.dump(action(), file)
        code = 0
    except MemoryError:
        code = 2
    finally:
        os._exit(code)


def _end(ended: int, mebibytes: int, seconds: int) -> str:
    if ended == 2:
        return f"took more than {mebibytes} MiB"
    if ended in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"computed for more than {seconds} s"
    if ended == -signal.SIGALRM:
        return "waited for ever"
    return f"crashed ({ended})"
