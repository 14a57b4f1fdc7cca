"""The hashes by which other programs name weight files: short ones, and of parts of a file.

Which they are, by length: 64 digits are SHA-256 of the whole file, 10 its beginning (A1111,
Civitai's AutoV2), 12 the beginning of SHA-256 of what follows a safetensors header (A1111's LoRAs,
AutoV3), 8 of 64 KiB from the second megabyte (A1111 before 2023), which several files may share.
"""

import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Literal

from sdgen.errors import ModelError
from sdgen.models.hashes import hash_behind, sha256_of
from sdgen.models.weights import MAX_HEADER_BYTES, open_regular

How = Literal["", "sha256", "tensors", "old"]
"""Which of its hashes a file is named by; empty is none."""

_SAID = re.compile(r"(?:0x|sha256:)?([0-9a-f]{8,64})", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}")
_OLD_START, _OLD_BYTES, _OLD_DIGITS = 0x100000, 0x10000, 8


def digits_of(said: str) -> str:
    """The digits of a hash as a recipe has it; empty where it is none that can be looked for."""
    match = _SAID.fullmatch(said.strip())
    return match[1].lower() if match else ""


def named_by(path: Path, said: str) -> How:
    """Which hash of the file at `path` is `said`, if any.

    Raises:
        ModelError: The file cannot be read.
    """
    digits = digits_of(said)
    if not digits:
        return ""
    if len(digits) == _OLD_DIGITS:
        return "old" if _old_hash(path) == digits else ""
    if sha256_of(path).startswith(digits):
        return "sha256"
    known = (said_by_itself(path), tensors_sha256(path))
    return "tensors" if any(one.startswith(digits) for one in known) else ""


def tensors_sha256(path: Path) -> str:
    """The hash of a safetensors file's numbers without its header; empty where it is none.

    Raises:
        ModelError: The file cannot be read.
    """
    header = _header(path)
    return "" if header is None else hash_behind(path, 8 + len(header), path.name)


def _header(path: Path) -> bytes | None:
    try:
        with open_regular(path, path.name) as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            text = file.read(length) if 2 <= length <= MAX_HEADER_BYTES else b""
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error
    return text if text[:1] == b"{" and len(text) == length else None


def said_by_itself(path: Path) -> str:
    """What a file says that hash is (`sshs_model_hash`), which A1111 believes; empty if nothing.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        notes = json.loads(_header(path) or b"{}").get("__metadata__", {})
    except (ValueError, RecursionError):
        return ""
    own = notes.get("sshs_model_hash") if isinstance(notes, dict) else None
    return own if isinstance(own, str) and _HEX.fullmatch(own) else ""


def _old_hash(path: Path) -> str:
    try:
        with open_regular(path, path.name) as file:
            file.seek(_OLD_START)
            part = file.read(_OLD_BYTES)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error
    return hashlib.sha256(part).hexdigest()[:_OLD_DIGITS] if part else ""
