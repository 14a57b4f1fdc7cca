"""The lock file, `sdgen.lock`: JSON that people can read and compare, whole or not there."""

import json
import re
import stat
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sdgen.errors import InputError, OutputError
from sdgen.files.write import publish
from sdgen.metadata.json_text import MAX_JSON_BYTES, parse_json_object
from sdgen.models.lock import SCHEMA, Lock

_SIGN = b'"sdgen.lock/'
"""Stands in every lock, also in one that a merge has damaged."""


def read_lock(path: Path) -> Lock:
    """The lock in the file `path`.

    Raises:
        InputError: It is missing, cannot be read, is damaged, or of a newer sdgen.
    """
    try:
        return _lock(parse_json_object(_bytes(path)))
    except InputError as error:
        raise InputError(f"{path}: {error}", hint=error.hint) from error.__cause__


def write_lock(path: Path, lock: Lock) -> bool:
    """Write `lock` to the file `path`, whole or not at all; a lock that is there is replaced.

    Returns:
        Whether the file changed: equal locks have equal bytes, and are left alone.

    Raises:
        OutputError: It cannot be written, or something else has that name.
    """
    data = lock_text(lock).encode()
    before = _replaceable(path)
    if before == data:
        return False
    publish(data, path, overwrite=before is not None)
    return True


def lock_text(lock: Lock) -> str:
    """The text of the file: equal locks have equal texts, a fact a line, names in order."""
    said = lock.model_dump(by_alias=True, exclude_none=True)
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _bytes(path: Path) -> bytes:
    """The content; one byte more than is read of JSON shows that it is too long."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a pipe or a device could keep us waiting for ever
            raise InputError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
        with path.open("rb") as file:
            return file.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", hint="sdgen lock writes it") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be read ({reason})") from error


def _lock(said: dict[str, Any]) -> Lock:
    version = _version(said.get("schema"))
    if version > _version(SCHEMA):
        raise InputError(f"was written by a newer sdgen (schema sdgen.lock/{version})")
    try:
        return Lock.model_validate(said)
    except ValidationError as error:
        [fault, *_] = error.errors()
        place = ".".join(map(str, fault["loc"]))
        raise InputError(f"is damaged: {place}: {fault['msg']}", hint="run sdgen lock") from None


def _version(schema: Any) -> int:
    """The 1 of `sdgen.lock/1`."""
    match = re.fullmatch(r"sdgen\.lock/([1-9]\d{0,5})", schema) if isinstance(schema, str) else None
    if not match:
        raise InputError("is not a lock of sdgen (no schema sdgen.lock/…)")
    return int(match[1])


def _replaceable(path: Path) -> bytes | None:
    """The bytes of the lock that is there now, sound or not; None where there is nothing.

    Raises:
        OutputError: What is there is no lock, so it is somebody's file.
    """
    if not path.is_symlink() and not path.exists():
        return None
    try:
        data = _bytes(path)
    except InputError as error:
        raise OutputError(f"cannot write {path}: it {error}") from error
    if _SIGN not in data:
        hint = "choose another name with --lock-file"
        raise OutputError(f"{path} exists and is not a lock of sdgen", hint=hint)
    return data
