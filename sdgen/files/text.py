"""Bytes become text: UTF-8 and nothing else, with the line and column of what is not."""

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from sdgen.errors import InputError


def read_text(source: Path | BinaryIO, name: str, *, most: int) -> str:
    """The whole text of a file or stream, which is called `name` in messages.

    Raises:
        InputError: It cannot be read, has over `most` bytes, or is not UTF-8 text.
    """
    return decode(_bytes_of(source, name, most), name)


def _bytes_of(source: Path | BinaryIO, name: str, most: int) -> bytes:
    """At most `most` bytes, whatever the source is: /dev/zero never ends."""
    try:
        data = _content(source, most) if isinstance(source, Path) else source.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, an empty pipe
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{name} cannot be read: {reason}") from None
    if len(data) > most:
        raise too_large(name, most)
    return data


def _content(path: Path, most: int) -> bytes:
    """What is in a file, or comes out of a pipe (`<(command)`) that somebody writes into.

    Opening a pipe without a writer would wait for one, for ever perhaps.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        is_pipe = stat.S_ISFIFO(os.fstat(handle).st_mode)
        if is_pipe:
            os.set_blocking(handle, True)
        data = file.read(most + 1)
    if is_pipe and not data:
        raise ValueError("a pipe into which nobody writes")
    return data


def too_large(name: str, most: int) -> InputError:
    return InputError(f"{name} is larger than {most // 2**20} MiB", hint="split the file")


_WIDE_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_LINE_END = re.compile(rb"\r\n|\n|\r")


def decode(data: bytes, name: str) -> str:
    """The text of `data`: UTF-8, with or without a byte order mark.

    Raises:
        InputError: It is something else, or holds a NUL; says where.
    """
    for mark, encoding in _WIDE_MARKS:
        if data.startswith(mark):
            raise InputError(f"{name} is {encoding} text", hint="save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the byte order mark.
        at = error.start + (len(data) - len(error.object))
        reason = f"is not UTF-8: byte 0x{data[at]:02X} at offset {at}"
        raise InputError(f"{_place(data, at, name)}: {reason}", hint="save it as UTF-8") from None
    if "\0" in text:
        at = data.index(b"\0")
        raise InputError(f"{_place(data, at, name)}: contains a NUL; is it a text file?")
    return text


def _place(data: bytes, at: int, name: str) -> str:
    """`name:line:column` of the byte at `at`, everything before it being UTF-8."""
    before = data[:at].removeprefix(b"\xef\xbb\xbf")
    line, start = 1, 0
    for end in _LINE_END.finditer(before):
        line, start = line + 1, end.end()
    return f"{name}:{line}:{len(before[start:].decode('utf-8', 'replace')) + 1}"
