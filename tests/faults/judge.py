"""Whether a batch's folder holds what it must after a failure, and after the same command again."""

import hashlib
from pathlib import Path

from sdgen.batch.state import read_noted
from sdgen.errors import InputError
from sdgen.files.reading import open_pixels, read_record_of, records_disagree
from sdgen.metadata.record import pixels_sha256
from tests.faults.painted import Book


def after_failure(book: Book) -> list[str]:
    """What is wrong right after a failure: files that are not whole, a ledger that says too much.

    A picture may lack its sidecar or its line in the ledger; the next run adds them.
    """
    if not book.folder.is_dir():
        return []
    jobs, faults = _jobs(book.folder)
    twice = len(jobs) - len(_distinct(jobs))
    if twice:
        faults.append(f"{twice} drawn twice")
    for entry in read_noted(book.folder).values():
        if jobs.get(entry.file, "").split(" ")[0] != entry.id:
            faults.append(f"the ledger says {entry.file}, which is not there")
    return [fault for fault in faults if not book.ruin or book.ruin not in fault]


def after_all(book: Book, kept: dict[str, str]) -> list[str]:
    """What is wrong when the same command has ended well: all is there once, and `kept` still is.

    Args:
        book: The batch.
        kept: What `pictures` gave after the failure.
    """
    jobs, faults = _jobs(book.folder)
    if not len(jobs) == len(_distinct(jobs)) == book.count:
        faults.append(f"{len(_distinct(jobs))} of {book.count} in {len(jobs)} files")
    if not kept.items() <= jobs.items():
        faults.append("what was there is not there any more")
    noted = {entry.file for entry in read_noted(book.folder).values()}
    if noted != jobs.keys():
        faults.append(f"the ledger and the folder differ in {sorted(noted ^ jobs.keys())}")
    without = [name for name in jobs if not (book.folder / name).with_suffix(".json").is_file()]
    return faults + [f"{name} has no sidecar" for name in without]


def pictures(book: Book) -> dict[str, str]:
    """Every whole picture that is there: its name → its job, and the digest of its file."""
    return _jobs(book.folder)[0] if book.folder.is_dir() else {}


def _distinct(jobs: dict[str, str]) -> set[str]:
    return {said.split(" ")[0] for said in jobs.values()}


def _jobs(folder: Path) -> tuple[dict[str, str], list[str]]:
    """What `pictures` gives, and the files with a final name that are not whole."""
    jobs: dict[str, str] = {}
    faults: list[str] = []
    for path in _visible(folder):
        name = path.relative_to(folder).as_posix()
        try:
            record = read_record_of(path)
            if path.suffix == ".json":
                continue
            is_whole = pixels_sha256(open_pixels(path)) == record.image.sha256
            if not is_whole or records_disagree(path):
                faults.append(f"{name} is not what its record says")
        except InputError as error:
            faults.append(str(error))
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        jobs[name] = f"{record.job.id if record.job else ''} {digest}"
    return jobs, faults


def _visible(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
