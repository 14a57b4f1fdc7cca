"""Names of unfinished files, and which of them have lost their writer."""

import hashlib
import os
import re
import stat
import time
import uuid
from functools import cache
from pathlib import Path

_PATTERN = re.compile(r"\..+\.(\d+)-([0-9a-f]{6})[0-9a-f]{8}\.part")
_STALE_SECONDS = 24 * 3600


def temporary_name(name: str, random: str) -> str:
    """The hidden name under which `name` is written: `.fox.png.<process>-<machine><random>.part`.

    Args:
        name: The final name; cut so that the result stays below 255 bytes.
        random: 8 hexadecimal digits, so that threads do not meet.
    """
    short = name.encode(errors="replace")[:180].decode(errors="ignore")
    return f".{short}.{os.getpid()}-{_here()}{random}.part"


def is_left(entry: "os.DirEntry[str]") -> bool:
    """Whether `entry` is an unfinished file whose process is gone.

    A process of this machine is asked for; what another machine (or container) writes into a shared
    folder is left alone for a day.
    """
    match = _PATTERN.fullmatch(entry.name)
    if not match:
        return False
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    if match[2] == _here() and not _is_alive(int(match[1])):
        return True
    return abs(time.time() - status.st_mtime) > _STALE_SECONDS


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # there the question itself would end the process
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it lives, but is not ours
        return True
    return True


@cache
def _here() -> str:
    """6 digits that tell this machine's process numbers from another's, and nothing else of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux
        boot, space = str(uuid.getnode()), ""
    return hashlib.sha256(f"{boot}{space}".encode()).hexdigest()[:6]
