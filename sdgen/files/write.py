"""Whole or not at all: a file with a final name is complete, whatever signal or full disk happened.

Written under a hidden name in the same folder, flushed to the disk, then given its name by a hard
link, which the kernel refuses if the name is taken: two processes never write over each other, and
nothing is tested first and written later.
"""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sdgen.errors import OutputError
from sdgen.files.folders import OpenFolder, writing
from sdgen.files.objects import refuse_address

__all__ = ["check_folder", "numbered", "publish", "sweep"]


def publish(data: bytes, target: Path, *, overwrite: bool = False, resolved: bool = False) -> Path:
    """Write `data` to `target`, whole or not at all.

    Args:
        data: The complete content.
        target: The file; its folder is made if missing.
        overwrite: Replace a file of that name; otherwise it is an error.
        resolved: The folder is there, and there was no link in its path; one is refused.

    Raises:
        OutputError: The name is taken, or the file cannot be written.
    """
    with (
        writing(target),
        opened(target.parent, target.parent if resolved else None) as folder,
        folder.temporary(target.name, data) as temporary,
    ):
        if overwrite:
            refuse_odd_target(target)
            folder.replace(temporary, target.name)
        elif not folder.claim(temporary, target.name):
            raise name_taken(target)
        folder.sync()
    return target


def opened(folder: Path, root: Path | None) -> OpenFolder:
    """The folder, made if missing; if it was resolved to `root`, as it was then or not at all.

    Raises:
        OSError: It cannot be made or opened, or a link was swapped in.
    """
    if root is not None:
        return OpenFolder.real(root, shown=folder)
    refuse_address(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return OpenFolder(folder)


def sweep(folder: Path) -> int:
    """Remove unfinished files from `folder` whose process is gone; the number removed."""
    with suppress(OSError), OpenFolder.real(folder.absolute()) as there:
        return there.sweep()
    return 0


def numbered(stem: str) -> Iterator[str]:
    """`fox`, `fox-2`, `fox-3`, … without end."""
    yield stem
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def name_taken(target: Path) -> OutputError:
    return OutputError(
        f"{target} exists", hint="choose another name, or replace it with --overwrite"
    )


def refuse_odd_target(target: Path) -> None:
    """Refuse to replace a folder or a symbolic link.

    Raises:
        OutputError: `target` is one.
    """
    if target.is_symlink():
        raise OutputError(f"cannot write {target}: it is a symbolic link", hint="remove it first")
    if target.is_dir():
        raise OutputError(f"cannot write {target}: it is a folder", hint="give the name of a file")


def check_folder(folder: Path, *, needed_bytes: int = 0) -> Path:
    """Make sure, before minutes are spent on pictures, that `folder` takes them.

    Makes the folder, removes what dead runs left in it, and writes and removes a small file.

    Args:
        folder: Made with its parents if missing.
        needed_bytes: How much the run will write, about.

    Returns:
        The folder without links in its path: what is a link now cannot be turned later.

    Raises:
        OutputError: It is a file, cannot be written, or has too little space.
        InputError: It is an address in object storage.
    """
    refuse_address(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve(strict=True)
        with OpenFolder.real(root) as there:
            there.sweep()
            with there.temporary("probe", b"sdgen\n"):
                pass
        free = shutil.disk_usage(root).free
    if free < needed_bytes:
        raise OutputError(
            f"{folder} has {_megabytes(free)} free; this takes about {_megabytes(needed_bytes)}",
            hint="free some space, or choose another folder with -o",
        )
    return root


def picture_bytes(width: int, height: int) -> int:
    """An upper bound for a picture of `width` x `height` pixels and its sidecar, in bytes."""
    return 3 * width * height + 65_536


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
