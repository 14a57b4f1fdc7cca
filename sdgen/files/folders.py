"""A folder held open, and what the system says when something in it cannot be written.

Names are resolved against the open folder, not against its path: whoever swaps a folder for a link
to another place in the middle of a run does not move our files there.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from sdgen.errors import OutputError
from sdgen.files.leftovers import is_left, temporary_name

_HAS_HANDLES = os.open in os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_STEP = _FOLDER | getattr(os, "O_PATH", 0)
"""To go through a folder, which needs less permission than to look into it."""

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_CLOEXEC", 0)
_PERMISSIONS = 0o666  # less the umask: files belong to the user as any other program's do

_NO_LINKS_HERE = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK)
"""What `link` says on file systems without hard links (FAT, some network shares)."""


class OpenFolder:
    """A folder held open; every method takes names in it. All raise `OSError`."""

    def __init__(self, path: Path, *, _handle: int | None = None) -> None:
        self.path = path
        if _handle is None and _HAS_HANDLES:
            _handle = os.open(path, _FOLDER)
        self._handle = _handle

    @classmethod
    def real(cls, path: Path, *, shown: Path | None = None) -> "OpenFolder":
        """The folder at `path`, which has no links in it: one that is there now was swapped in.

        Args:
            path: As `Path.resolve` gave it earlier.
            shown: Another path of the same folder, to be told to people.
        """
        if not _HAS_HANDLES or not hasattr(os, "O_PATH"):
            return cls(shown or path)
        handle = os.open(path.anchor or ".", _STEP)
        for part in path.parts[bool(path.anchor) :]:
            try:
                inner = os.open(part, _STEP | _NO_LINK, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        try:
            return cls(shown or path, _handle=os.open(".", _FOLDER, dir_fd=handle))
        finally:
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; a second time does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError):
                os.close(handle)

    def enter(self, name: str) -> "OpenFolder":
        """The folder `name` in this one, made if missing; a symbolic link is refused."""
        with suppress(FileExistsError):
            os.mkdir(self._at(name), dir_fd=self._handle)
        if self._handle is None:
            return OpenFolder(self.path / name)
        handle = os.open(name, _FOLDER | _NO_LINK, dir_fd=self._handle)
        return OpenFolder(self.path / name, _handle=handle)

    @contextmanager
    def temporary(self, name: str, data: bytes) -> Iterator[str]:
        """A hidden file with `data`, on the disk for good; gone at the end, under whatever name."""
        temporary = temporary_name(name, secrets.token_hex(4))
        try:
            self._write(temporary, data)
            yield temporary
        finally:
            self.remove(temporary)

    def claim(self, temporary: str, name: str) -> bool:
        """Give `temporary` the name too, unless something has it: False then, and no change.

        The kernel decides, so that of several processes exactly one gets the name, and the file
        is complete from its first moment.
        """
        try:
            os.link(
                self._at(temporary), self._at(name),
                src_dir_fd=self._handle, dst_dir_fd=self._handle,
            )  # fmt: skip
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS_HERE:
                raise
            return self._claim_without_links(temporary, name)
        return True

    def _claim_without_links(self, temporary: str, name: str) -> bool:
        """Claim by an empty file and replace it: for an instant the name exists without content."""
        try:
            handle = os.open(self._at(name), _NEW_FILE, _PERMISSIONS, dir_fd=self._handle)
        except FileExistsError:
            return False
        try:
            os.close(handle)
            self.replace(temporary, name)
        except OSError:
            self.remove(name)
            raise
        return True

    def link_from(self, path: Path, name: str) -> bool | None:
        """Give the file at `path` the name here too; False if it is taken, None if it cannot be.

        Another disk cannot, nor a file system without hard links: the content must be copied then.
        """
        try:
            os.link(path, self._at(name), dst_dir_fd=self._handle, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in (*_NO_LINKS_HERE, errno.EXDEV):
                return None
            raise
        return True

    def replace(self, temporary: str, name: str) -> None:
        """Give `temporary` the name instead of its own, in place of what has it."""
        os.replace(
            self._at(temporary), self._at(name),
            src_dir_fd=self._handle, dst_dir_fd=self._handle,
        )  # fmt: skip

    def has(self, name: str) -> bool:
        """Whether anything has the name, be it a link that leads nowhere."""
        try:
            os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """What is in the folder, in the order of names."""
        return sorted(entry.name for entry in self._entries())

    def reading(self, name: str) -> BinaryIO:
        """The regular file `name`, open for reading."""
        return os.fdopen(self._regular(name, os.O_RDONLY), "rb")

    def append_to(self, name: str) -> int:
        """A handle for reading the regular file `name`, made if missing, and writing at its end."""
        return self._regular(name, os.O_RDWR | os.O_APPEND | os.O_CREAT)

    def _regular(self, name: str, flags: int) -> int:
        handle = self._open(name, flags)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return handle
        os.close(handle)
        raise OSError("it is no regular file")

    def _open(self, name: str, flags: int) -> int:
        """Open no link, and do not wait for the other end of a pipe."""
        safely = _NO_LINK | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        return os.open(self._at(name), flags | safely, _PERMISSIONS, dir_fd=self._handle)

    def sweep(self) -> int:
        """Remove unfinished files whose process is gone; the number removed."""
        removed = 0
        for name in [entry.name for entry in self._entries() if is_left(entry)]:
            with suppress(OSError):
                os.unlink(self._at(name), dir_fd=self._handle)
                removed += 1
        return removed

    def _entries(self) -> "list[os.DirEntry[str]]":
        with os.scandir(self.path if self._handle is None else self._handle) as entries:
            return list(entries)

    def remove(self, name: str) -> None:
        """Remove the file, if it is there and can be removed."""
        with suppress(OSError):
            os.unlink(self._at(name), dir_fd=self._handle)

    def sync(self) -> None:
        """Make new names survive a power cut, where the system can.

        A failure is not reported: the files are complete and in place, some file systems cannot do
        this at all, and SQLite judges it the same way.
        """
        if self._handle is not None:
            with suppress(OSError):
                os.fsync(self._handle)

    def _write(self, name: str, data: bytes) -> None:
        handle = os.open(self._at(name), _NEW_FILE, _PERMISSIONS, dir_fd=self._handle)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)  # a name given before that may stand for zeros after a power cut
        finally:
            os.close(handle)

    def _at(self, name: str) -> str:
        return name if self._handle is not None else str(self.path / name)


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder that we can see; never an error, be the name ever so odd."""
    with suppress(OSError):  # too long a name, a closed folder: opening it will tell
        return path.is_dir()
    return False


def is_file(path: Path) -> bool:
    """Whether `path` is a file that we can see; as `is_folder`."""
    with suppress(OSError):
        return path.is_file()
    return False


@contextmanager
def entered(home: OpenFolder, parents: Iterable[str]) -> Iterator[OpenFolder]:
    """The innermost of `parents`, entered one by one so that no link leads out of `home`.

    Args:
        home: Is closed, as is each on the way.
        parents: Names of folders, which are made where they are not.
    """
    try:
        for parent in parents:
            with home as outer:
                home = outer.enter(parent)
        yield home
    finally:
        home.close()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn what the system says while `target` is written into an `OutputError`."""
    try:
        yield
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
        raise OutputError(f"cannot write {target}: {reason}", hint=hint) from error
    except ValueError as error:  # a NUL or half a character in the name
        raise OutputError(f"cannot write {str(target)!r}: {error}") from error


_CHOOSE = "choose another folder with -o"
_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "free some space, or " + _CHOOSE),
    errno.EDQUOT: ("your quota on that disk is used up", "free some space, or " + _CHOOSE),
    errno.EFBIG: ("the file would be larger than is allowed here", "see `ulimit -f`"),
    errno.EROFS: ("the disk is read-only", _CHOOSE),
    errno.EACCES: ("no permission", "allow writing there, or " + _CHOOSE),
    errno.EPERM: ("not permitted", _CHOOSE),
    errno.ENAMETOOLONG: ("the name is too long", "give a shorter name"),
    errno.ENOTDIR: ("a part of the path is a file or a link, not a folder", _CHOOSE),
    errno.EEXIST: ("there is a file where a folder is needed", _CHOOSE),
    errno.EISDIR: ("that is a folder", "give the name of a file"),
    errno.ELOOP: ("a part of the path is a symbolic link", _CHOOSE),
    errno.ENOENT: ("the folder is not there, or was removed meanwhile", ""),
    errno.EIO: ("the disk reports an error", "check the disk, or " + _CHOOSE),
    errno.EMFILE: ("too many files are open", "raise `ulimit -n`"),
}
