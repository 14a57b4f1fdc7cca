"""Hashes taken beside other work: of a large model they take seconds, and only its record waits."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from sdgen.errors import ModelError
from sdgen.models.local import LocalModel

AT_ONCE = 64 * 2**20
"""Bytes; the hashes of so few are there before a thread has begun."""


def begin_hashing(model: LocalModel) -> Callable[[], dict[str, str]]:
    """Begin with the hashes of the weights of `model`; what is returned waits for them.

    They are those of the files as they are now: when another was put in place of one, waiting ends
    in an error, not in a wrong hash.

    Raises (by what is returned):
        ModelError: A file was changed, or cannot be read.
    """
    before = model.fingerprint()

    def taken() -> dict[str, str]:
        hashes = model.hashes()
        if model.fingerprint() != before:
            raise ModelError(f"the weights of {model.name} were changed while they were in use")
        return hashes

    if _size(model) < AT_ONCE:
        found = taken()
        return lambda: found
    future: Future[dict[str, str]] = Future()
    # A thread that nobody waits for at the end of the process: a stopped run leaves at once.
    Thread(target=_fulfil, args=(future, taken), name="hashes", daemon=True).start()
    return future.result


def _size(model: LocalModel) -> int:
    """Bytes of all files; `fingerprint` has just found that they are there."""
    return sum(model.path_of(file).stat().st_size for file in model.weights)


def _fulfil(future: "Future[dict[str, str]]", work: Callable[[], dict[str, str]]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - whoever waits gets it
        future.set_exception(error)
