"""Lines that a person typed, kept for the next time in a file that only that person reads."""

import os
from contextlib import suppress
from pathlib import Path

from sdgen.files.folders import writing

KEPT = 1000
MAX_BYTES = 2**22
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_NEW = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def state_folder() -> Path | None:
    """Where a person's state lies (XDG); None without a home folder."""
    stated = os.environ.get("XDG_STATE_HOME", "")
    if Path(stated).is_absolute():
        return Path(stated) / "sdgen"
    try:
        return Path.home() / ".local" / "state" / "sdgen"
    except RuntimeError:
        return None


class TypedLines:
    """The lines in one file, the last `KEPT` of which are read.

    Args:
        path: The file; it and its folder are made with the first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[str]:
        """The lines, oldest first; none where the file is not there. A long file is cut.

        Raises:
            OutputError: It is there and cannot be read or cut.
        """
        with writing(self._path):
            try:
                size = self._path.stat().st_size
                data = self._path.read_bytes() if size <= MAX_BYTES else b""
            except FileNotFoundError:
                return []
            lines = data.decode("utf-8", errors="replace").splitlines()
            if len(lines) > 2 * KEPT or size > MAX_BYTES:
                self._write("".join(f"{line}\n" for line in lines[-KEPT:]), os.O_TRUNC)
        return lines[-KEPT:]

    def add(self, line: str) -> None:
        """Put `line` at the end.

        Raises:
            OutputError: The file cannot be written.
        """
        with writing(self._path):
            self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            self._write(f"{' '.join(line.splitlines())}\n", os.O_APPEND)

    def _write(self, text: str, how: int) -> None:
        handle = os.open(self._path, _NEW | how, PRIVATE_FILE)
        try:
            with suppress(AttributeError, PermissionError):  # Windows has none; not ours to change
                os.fchmod(handle, PRIVATE_FILE)
            os.write(handle, text.encode("utf-8", "backslashreplace"))
        finally:
            os.close(handle)
