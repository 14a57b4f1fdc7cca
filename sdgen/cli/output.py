"""How sdgen speaks: results on stdout, all talk on stderr, and no control sequence from a text.

With `--json`, stdout carries one JSON object a line. Stderr carries one for each event of work that
takes long, and last, where something went wrong, the error.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from sdgen.errors import OutputError, SdgenError

MAX_DETAILS = 200
"""So many lines of a failure are shown; `--json` has them all."""

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are shown as escapes: controls, format and bidi marks, half characters,
private and unassigned ones, line and paragraph separators."""


def display(text: str) -> str:
    r"""`text` as it is safe on a terminal: unseen characters as `\n`, `\x1b`, `\u202e`.

    Shown twice it is the same, so that `Output`, through which all text goes, may show it again.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _ESCAPED else c for c in text)


def _escape(character: str) -> str:
    if character in JOINERS:
        return character
    return character.encode("unicode_escape").decode("ascii")


JOINERS = "\u200d\ufe0f"  # joiners inside emoji; harmless, and without them a family falls apart


def json_line(value: object) -> str:
    r"""`value` as JSON that is safe on a terminal too: unseen characters as `\u001b`."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_json_escape(c) if unicodedata.category(c) in _ESCAPED else c for c in text)


def _json_escape(character: str) -> str:
    return character if character in JOINERS else json.dumps(character)[1:-1]


class Output:
    """The two streams of one command: the one door for text, whoever wrote it."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.cover: Callable[[], None] | None = None
        """Takes a moving display away before a line is written."""

    @property
    def live(self) -> bool:
        """Whether a person watches stderr, so that a moving display is welcome."""
        plain = self.quiet or self.as_json or os.environ.get("TERM") == "dumb"
        return not plain and sys.stderr.isatty()

    @property
    def is_conversation(self) -> bool:
        """Whether a person watches and can answer."""
        return self.live and sys.stdin.isatty()

    def ask(self, question: str) -> bool:
        """Whether a person says yes; only where there is a conversation."""
        if self.cover is not None:
            self.cover()
        sys.stderr.write(f"{display(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def result(self, text: str) -> None:
        """A result for people or pipes, one line; silent with `--json`, where `json` speaks."""
        if not self.as_json:
            self._write(sys.stdout, display(text))

    def json(self, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """A result for programs: one JSON object on one line, only with `--json`."""
        if self.as_json:
            self._write(sys.stdout, json_line(value))

    def event(self, name: str, value: Mapping[str, Any]) -> None:
        """What is going on, for programs: one object on one line of stderr, only with `--json`."""
        if self.as_json and not self.quiet:
            self._write(sys.stderr, json_line({"event": name, **value}))

    def say(self, text: str) -> None:
        """Talk: what is being done. Silent with `--quiet` and `--json`."""
        if not (self.quiet or self.as_json):
            self._write(sys.stderr, display(text))

    def warn(self, text: str) -> None:
        """What the user must know; with `--quiet` too."""
        if not self.as_json:
            self._write(sys.stderr, f"warning: {display(text)}")

    def table(self, rows: Iterable[Sequence[object]], headers: Sequence[str] = ()) -> None:
        """Aligned columns on stdout; cells are shown through `display`."""
        if not self.as_json:
            for line in table_lines(rows, headers):
                self._write(sys.stdout, line)

    def _write(self, stream: TextIO, line: str) -> None:
        if self.cover is not None:
            self.cover()
        _write(stream, line)


def table_lines(rows: Iterable[Sequence[object]], headers: Sequence[str] = ()) -> list[str]:
    """Columns as wide as their widest cell, two spaces apart; Chinese letters count two."""
    cells = [[display(str(cell)) for cell in row] for row in rows]
    lines = [[*map(display, headers)], *cells] if headers else cells
    if not lines:
        return []
    count = max(map(len, lines))
    widths = [max(_width(line[i]) for line in lines if i < len(line)) for i in range(count)]
    return [
        "  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(line)).rstrip()
        for line in lines
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def show_error(error: SdgenError, *, as_json: bool, stream: TextIO | None = None) -> None:
    """One line a person can act on, its details, and a hint; with `--json` one object."""
    stream = stream or sys.stderr
    if as_json:
        _write(stream, json_line({"error": error_object(error)}))
        return
    for detail in error.details[:MAX_DETAILS]:
        _write(stream, f"  {_bounded(display(detail))}")
    if error.details[MAX_DETAILS:]:
        _write(stream, f"  … and {len(error.details) - MAX_DETAILS} more")
    _write(stream, f"error: {_bounded(display(str(error)))}")
    if error.hint:
        _write(stream, f"hint: {_bounded(display(error.hint))}")


def _bounded(line: str, most: int = 1000) -> str:
    """`line`, or its two ends where somebody's megabyte is quoted in it."""
    return line if len(line) <= most else f"{line[: most // 2]} … {line[-most // 2 :]}"


def error_object(error: SdgenError) -> dict[str, Any]:
    """The error as data: code, exit code, message, and hint and details where there are any."""
    value: dict[str, Any] = {
        "code": error.code, "exit_code": error.exit_code, "message": str(error)
    }  # fmt: skip
    if error.hint:
        value["hint"] = error.hint
    if error.details:
        value["details"] = list(error.details)
    return value


def _write(stream: TextIO, line: str) -> None:
    """One line; letters that the stream's encoding lacks become escapes instead of a traceback.

    Raises:
        OutputError: Stdout takes nothing more, say on a full disk. A reader that left early is no
            failure, and does not end the work: the pictures are in files. Nor is a lost stderr.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except OSError as error:
        mute(stream)
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            raise OutputError(f"cannot write to stdout: {error.strerror}".lower()) from error


def mute(stream: TextIO) -> None:
    """Send what follows, and the interpreter's last flush with what is stuck, to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
