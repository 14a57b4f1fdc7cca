"""Bytes become text: UTF-8 and nothing else, with the line and column of what is not."""

import re
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
        if isinstance(source, Path):
            with source.open("rb") as file:
                data = file.read(most + 1)
        else:
            data = source.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{name} cannot be read: {reason}") from None
    if len(data) > most:
        raise too_large(name, most)
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
