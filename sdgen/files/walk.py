"""Every picture below a folder, and every record whose picture is gone; links do not lead out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sdgen.errors import InputError
from sdgen.files.folders import is_file
from sdgen.files.formats import SUFFIXES

_SIGN = b'"sdgen.image/'
"""Stands at the start of every record, also of one that was cut short."""

_LOOKED_AT = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """What lies below a folder, in the order of paths.

    `items` are pictures, and records without a picture beside them. `skipped` (path → reason) are
    links that lead out of the folder and `.json` files that are no records; `refused` are pictures
    and folders that cannot be looked at.
    """

    items: list[Path] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    refused: dict[Path, str] = field(default_factory=dict)


def find_pictures(folder: Path) -> Found:
    """Look through `folder` and all folders in it; hidden files and folders are left out.

    Raises:
        InputError: It is no folder, or cannot be read.
    """
    try:
        with os.scandir(folder):
            root = folder.resolve(strict=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{folder}: cannot be read ({str(reason).lower()})") from error
    found = Found()
    files, links = _entries(folder, found)
    found.items.extend(files)
    _sort_links(links, root, found)
    _refuse_led_out(found)
    _sort_records(found)
    return Found(sorted(found.items), _ordered(found.skipped), _ordered(found.refused))


def _ordered(reasons: dict[Path, str]) -> dict[Path, str]:
    return dict(sorted(reasons.items()))


def _entries(folder: Path, found: Found) -> tuple[list[Path], list[Path]]:
    """The pictures and `.json` files, and the links, of all folders; odd ones join `found`."""
    files: list[Path] = []
    links: list[Path] = []
    waiting = [folder]
    while waiting:
        for entry in _listed(waiting.pop(), found):
            path = Path(entry.path)
            if entry.is_symlink():
                links.append(path)
            elif entry.is_dir():
                waiting.append(path)
            elif not _is_wanted(path):
                continue
            elif entry.is_file():
                files.append(path)
            else:  # a pipe or a device could keep us waiting for ever
                found.refused[path] = "is not a regular file"
    return files, links


def _listed(folder: Path, found: Found) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        found.refused[folder] = f"cannot be read ({str(error.strerror).lower()})"


def _is_wanted(path: Path) -> bool:
    return path.suffix.lower() in (*SUFFIXES, ".json")


def _sort_links(links: list[Path], root: Path, found: Found) -> None:
    """A link stands for what it leads to, if that is below `root` and not found by itself."""
    real = {path.resolve() for path in found.items} if links else set()
    for link in links:
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(root):
            if _is_wanted(link) or target.is_dir():
                found.skipped[link] = "is a link that leads out of the folder"
        elif not _is_wanted(link) or target in real or target.is_dir():
            continue
        elif target.is_file():
            found.items.append(link)
        else:
            found.refused[link] = "is a link to nothing"


def _refuse_led_out(found: Found) -> None:
    """Refuse what would be read together with a file that a link beside it leads to."""
    led_out = {path.with_suffix(""): path.name for path in found.skipped if _is_wanted(path)}
    for path in [path for path in found.items if path.with_suffix("") in led_out]:
        found.items.remove(path)
        found.refused[path] = f"{led_out[path.with_suffix('')]} beside it leads out of the folder"


def _sort_records(found: Found) -> None:
    """Leave a `.json` file only where its picture is gone and it says that it is a record."""
    is_record = {path: path.suffix.lower() == ".json" for path in found.items}
    beside = {path.with_suffix("") for path, yes in is_record.items() if not yes}
    alone = [path for path, yes in is_record.items() if yes and path.with_suffix("") not in beside]
    found.items[:] = [path for path, yes in is_record.items() if not yes]
    for path in alone:
        if claims_record(path):
            found.items.append(path)
        else:
            found.skipped[path] = "is no record of sdgen"


def claims_record(path: Path) -> bool:
    """Whether `path` is a file that begins as a record does, sound or not."""
    if not is_file(path):
        return False
    try:
        with path.open("rb") as file:
            return _SIGN in file.read(_LOOKED_AT).replace(b" ", b"")
    except OSError:
        return False
