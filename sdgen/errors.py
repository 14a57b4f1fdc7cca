"""What can go wrong, as types: each has a message, a hint and a public exit code.

::

    SdgenError                  1   (a plain SdgenError is never raised)
    ├── InputError              2   bad input; nothing was drawn
    ├── GenerationError         3   this picture could not be drawn; others may be fine
    │   └── SafetyError         3   the model's safety checker blanked it
    ├── ModelError              4   model not found or not loadable
    ├── OutputError             5   the result could not be written
    ├── MemoryExhaustedError    6   out of memory
    ├── ReproductionError       7   the picture came out different
    ├── BusyError               8   another run holds the folder
    └── InterruptedRunError   130   stopped by a signal (128 + its number: SIGINT 130, SIGTERM 143,
                                    SIGHUP 129); run the same command to go on

Only the command line turns them into text. Anything else that escapes is our bug: exit code 1.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar


class SdgenError(Exception):
    """What went wrong in one line; `hint` says what to do next, `details` lists further lines."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "", details: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = tuple(details)


class InputError(SdgenError):
    """A prompt, a setting, a file or a flag is wrong; nothing was drawn."""

    exit_code = 2
    code = "input"


class GenerationError(SdgenError):
    """One picture could not be drawn, or came out without content (NaN, all black)."""

    exit_code = 3
    code = "generation"


class SafetyError(GenerationError):
    """The safety checker of the model blanked the picture."""

    code = "safety"


class ModelError(SdgenError):
    """The model was not found, is damaged, or cannot be loaded."""

    exit_code = 4
    code = "model"


class OutputError(SdgenError):
    """The output folder or file cannot be written."""

    exit_code = 5
    code = "output"


class MemoryExhaustedError(SdgenError):
    """The device has too little memory for this picture."""

    exit_code = 6
    code = "memory"


class ReproductionError(SdgenError):
    """A picture drawn again from its record has other pixels."""

    exit_code = 7
    code = "differs"


class BusyError(SdgenError):
    """Another run holds the lock of the folder."""

    exit_code = 8
    code = "busy"


class InterruptedRunError(SdgenError):
    """A signal stopped the run; everything finished so far is on disk.

    Args:
        message: What was done and what is left.
        signal_number: The POSIX signal, 2 for SIGINT, 15 for SIGTERM.
    """

    code = "interrupted"

    def __init__(self, message: str, *, signal_number: int = 2, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number  # type: ignore[misc]  # the shell's convention


MAX_WORD = 64


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known words that look most like `word`, best first; case does not count."""
    if len(word) > MAX_WORD:  # nobody's slip, and long to compare
        return []
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=most, cutoff=0.6)
    return [by_folded[name] for name in close]


@contextmanager
def with_hint(hint: str) -> Iterator[None]:
    """Say `hint` of what goes wrong meanwhile and has none: who asked knows the flag for it."""
    try:
        yield
    except SdgenError as error:
        error.hint = error.hint or hint
        raise


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as `did you mean steps or scheduler?`; empty when nothing is near."""
    names = nearest(word, known)
    return f"did you mean {' or '.join(names)}?" if names else ""
