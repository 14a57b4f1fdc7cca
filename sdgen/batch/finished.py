"""Which jobs are done: by the ledger, and by the pictures themselves where a kill came between.

A picture is published first and noted second. One that was published but not noted is known by its
record, which names its job; it is noted then, not drawn again.
"""

import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sdgen.batch.jobs import Job
from sdgen.batch.ledger import Entry, Noted
from sdgen.errors import InputError
from sdgen.files.folders import writing
from sdgen.files.formats import SUFFIXES


@dataclass(slots=True)
class Finished:
    """Jobs sorted by what is on the disk, as job id → where."""

    done: dict[str, Path] = field(default_factory=dict)
    unnoted: list[tuple[Job, Entry]] = field(default_factory=list)
    """Done too, but missing in the ledger, or without the sidecar that was to follow."""
    broken: dict[str, str] = field(default_factory=dict)
    """Noted, but the picture is gone or damaged: the stem that the new one takes."""


def find_finished(jobs: Sequence[Job], folder: Path, noted: Noted, suffix: str) -> Finished:
    """Look for the pictures of `jobs` in `folder`; only those with `suffix` count."""
    finished = Finished()
    claims = Counter(entry.file for entry in noted.values())
    with writing(folder):  # what cannot be looked at cannot be written either
        _find_noted(jobs, folder, noted, suffix, claims, finished)
        unknown = [job for job in jobs if (job.id, suffix) not in noted]
        _find_unnoted(unknown, folder, claims, suffix, finished)
    return finished


def _find_noted(
    jobs: Sequence[Job],
    folder: Path,
    noted: Noted,
    suffix: str,
    claims: Counter[str],
    finished: Finished,
) -> None:
    for job in jobs:
        entry = noted.get((job.id, suffix))
        if entry is None:
            continue
        path = folder / entry.file
        if is_there(path, entry, is_shared=claims[entry.file] > 1):
            finished.done[job.id] = path
            if _lacks_sidecar(path, entry):
                finished.unnoted.append((job, entry_for(job, path, folder)))
        elif _may_replace(path, entry):
            finished.broken[job.id] = entry.file.removesuffix(suffix)


def entry_for(job: Job, path: Path, folder: Path) -> Entry:
    """What the ledger says of a picture that lies in `folder`.

    Raises:
        OutputError: The picture cannot be looked at.
    """
    with writing(path):
        return Entry(job.id, path.relative_to(folder).as_posix(), path.stat().st_size)


def is_there(path: Path, entry: Entry, *, is_shared: bool) -> bool:
    """The file as it was written, or a picture that somebody saved again: theirs to keep.

    Where the ledger names the file for several jobs (`is_shared`: it was removed once and its name
    given again), the record decides whose it is.
    """
    if path.is_symlink() or not path.is_file():
        return False
    if path.stat().st_size == entry.bytes and not is_shared:
        return True
    owner = job_id_of(path)
    return _can_be_read(path) and (owner == entry.id or (not owner and not is_shared))


def _lacks_sidecar(path: Path, entry: Entry) -> bool:
    """Whether a kill came between a picture that was drawn again and its sidecar."""
    return not path.with_suffix(".json").exists() and job_id_of(path) == entry.id


def _can_be_read(path: Path) -> bool:
    from sdgen.files.reading import open_pixels  # loads only where a picture is in doubt

    try:
        open_pixels(path)
    except InputError as error:
        _stop_at_disk_errors(error)
        return False
    return True


def _stop_at_disk_errors(error: BaseException | None) -> None:
    """Go no further where a file could not be looked at: what is in it might be drawn twice.

    Files that are closed to us are none of ours.

    Raises:
        OSError: The system's own, if that is what `error` comes from.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno and not isinstance(error, PermissionError):
            raise error
        error = error.__cause__


def _may_replace(path: Path, entry: Entry) -> bool:
    """Whether nothing but the ruins of this very job would be lost."""
    if path.is_symlink() or path.is_dir():
        return False
    is_ruin = not path.exists() or path.stat().st_size < entry.bytes
    sidecar = path.with_suffix(".json")
    return is_ruin and (not sidecar.exists() or job_id_of(sidecar) == entry.id)


def job_id_of(path: Path) -> str:
    """The job that the record in a picture or sidecar names; empty where there is none.

    Raises:
        OSError: The file is there and cannot be read now.
    """
    from sdgen.files.reading import read_record_of

    try:
        record = read_record_of(path)
    except InputError as error:
        _stop_at_disk_errors(error)
        return ""
    return record.job.id if record.job else ""


def _find_unnoted(
    jobs: Sequence[Job], folder: Path, known: Container[str], suffix: str, finished: Finished
) -> None:
    names: dict[str, dict[str, list[str]]] = {}
    for job in jobs:
        parent, _, stem = job.stem.rpartition("/")
        if parent not in names:
            names[parent] = by_stem(_names_in(folder / parent), suffix)
        for name in names[parent].get(stem, ()):
            file = f"{parent}/{name}" if parent else name
            path = folder / file
            if file not in known and not path.is_symlink() and job_id_of(path) == job.id:
                finished.done[job.id] = path
                finished.unnoted.append((job, entry_for(job, path, folder)))
                break
        else:
            if _is_orphan(folder / f"{job.stem}.json", job):
                finished.broken[job.id] = job.stem


def _is_orphan(sidecar: Path, job: Job) -> bool:
    """Whether a kill came between this job's record and a picture that does not hold it."""
    if not sidecar.is_file() or job_id_of(sidecar) != job.id:
        return False
    return not any(sidecar.with_suffix(suffix).exists() for suffix in SUFFIXES)


def _names_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def by_stem(names: Iterable[str], suffix: str) -> dict[str, list[str]]:
    """The pictures among `names` by every stem that they may have got their name from.

    `fox-2.png` is the second `fox`, or the first `fox-2`.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(name for name in names if name.endswith(suffix)):
        stem = name.removesuffix(suffix)
        found.setdefault(stem, []).append(name)
        numbered = re.fullmatch(r"(.+)-\d+", stem)
        if numbered:
            found.setdefault(numbered[1], []).append(name)
    return found


def restore_sidecar(picture: Path) -> None:
    """Write the sidecar of a picture whose run was killed between the two."""
    from sdgen.files.images import read_record_of  # load only where something is written
    from sdgen.files.write import publish

    sidecar = picture.with_suffix(".json")
    with writing(sidecar):
        is_missing = not sidecar.exists()
    if is_missing:
        record = read_record_of(picture).to_json(indent=2) + "\n"
        publish(record.encode(), sidecar, resolved=True)
