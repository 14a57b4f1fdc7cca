"""Where the lines of a session come from: a person at a terminal, or a pipe."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, Self

from sdgen.cli.output import Output
from sdgen.errors import InputError, OutputError
from sdgen.files.typed import TypedLines

PROMPT = "sdgen> "
MAX_LINE_BYTES = 2**17
"""Far above the longest prompt."""

Complete = Callable[[str], list[str]]
"""What the line up to the cursor may go on with: whole last words."""


def piped() -> Iterator[str | InputError]:
    """The lines of stdin; what is no text in the place of a line that is none."""
    while data := sys.stdin.buffer.readline(MAX_LINE_BYTES):
        if len(data) == MAX_LINE_BYTES and not data.endswith(b"\n"):
            while data and not data.endswith(b"\n"):
                data = sys.stdin.buffer.readline(MAX_LINE_BYTES)
            yield InputError(f"a line of more than {MAX_LINE_BYTES // 1024} KiB")
            continue
        try:
            yield data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            yield InputError(f"a line that is not UTF-8 (byte {error.start})")


class Typed:
    """The lines that a person types, with editing, completion and history where there is readline.

    An iterator; ends with Ctrl-D.

    Args:
        out: Where it tells that there is no history.
        complete: What a line may go on with.
        kept: Where lines are kept for the next time; None keeps none.
    """

    def __init__(self, out: Output, complete: Complete, kept: TypedLines | None) -> None:
        self._out = out
        self._kept = kept
        self._readline = _readline()
        self._found: list[str] = []
        if self._readline is None:
            return
        for line in self._earlier():
            self._readline.add_history(line)
        self._readline.set_completer_delims(" =")
        self._readline.set_completer(self._completer(complete))
        is_libedit = "libedit" in (self._readline.__doc__ or "")  # macOS
        self._readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line; may be asked again after a Ctrl-C.

        Raises:
            InputError: What was typed is no text.
        """
        try:
            line = self._asked()
        except EOFError:
            self._out.say("")
            raise StopIteration from None
        except UnicodeDecodeError:
            raise InputError("what was typed is not valid UTF-8") from None
        if line.strip():
            self._keep(line)
        return line

    def _asked(self) -> str:
        """The next line; the prompt goes to stderr where stdout is no terminal.

        Raises:
            EOFError: Ctrl-D.
        """
        if sys.stdout.isatty():
            return input(PROMPT)
        sys.stderr.write(PROMPT)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line

    def _earlier(self) -> list[str]:
        try:
            return self._kept.read() if self._kept else []
        except OutputError as error:
            self._give_up(error)
            return []

    def _keep(self, line: str) -> None:
        try:
            if self._kept:
                self._kept.add(line)
        except OutputError as error:
            self._give_up(error)

    def _give_up(self, error: OutputError) -> None:
        """Go on without keeping lines; it is told once."""
        self._kept = None
        self._out.warn(f"what you type is not kept: {error}")

    def _completer(self, complete: Complete) -> Callable[[str, int], str | None]:
        """Readline asks for the first, second, … until there is none."""

        def answer(_: str, number: int) -> str | None:
            if number == 0:
                assert self._readline is not None
                upto = self._readline.get_line_buffer()[: self._readline.get_endidx()]
                self._found = complete(upto)
            return self._found[number] if number < len(self._found) else None

        return answer


def _readline() -> Any:
    """The module, where there is one: not on Windows, nor in every build of Python."""
    try:
        import readline
    except ImportError:
        return None
    return readline
