"""Fetching weights from the hub into its cache: checked before they get a name there.

Each file is written beside its place as `HASH.sdgen.part`, from which the next try goes on; hashed
as it comes; flushed, and only then given its name. The revision is noted last, so that a download
that was stopped leaves what was here before as it was.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sdgen.errors import BusyError, ModelError, OutputError
from sdgen.models import hub_client
from sdgen.models.consent import bytes_in_words
from sdgen.models.families import family_named
from sdgen.models.hashes import remember, sha256_of
from sdgen.models.hub_cache import SHA256_LETTERS, Cached, cached, git_sha1
from sdgen.models.hub_client import Hub, TryAgainError
from sdgen.models.hub_listing import (
    INDEX,
    MOST_SMALL_BYTES,
    Listing,
    RemoteFile,
    files_of_pipeline,
    single_file,
)
from sdgen.models.hub_names import ANY_FILE, Reference

PART = ".sdgen.part"
SPARE_BYTES = 256 * 1024 * 1024
"""So much of the disk is left free."""

Watch = Callable[[int, str], None]
"""Hears of each piece: its bytes, and the file that it is of."""


def watch_nobody(count: int, file: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched: the files, and how many bytes of them are not here."""

    reference: Reference
    listing: Listing
    files: tuple[RemoteFile, ...]
    missing_bytes: int

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)


def order_of(reference: Reference) -> Order:
    """Ask the hub what `reference` needs; fetches nothing but `model_index.json`.

    Raises:
        ModelError: It is not there, is not for this user, or nothing to draw with.
    """
    hub = Hub(reference.repository)
    listing = hub.listing(reference.revision)
    here = cached(reference.repository)
    if reference.file:
        files = [single_file(listing, "" if reference.file == ANY_FILE else reference.file)]
    elif INDEX not in listing.files:
        raise ModelError(
            f"{reference.repository} is no diffusers model: it has no {INDEX}",
            hint="a LoRA is named with --lora",
        )
    else:
        index = _index_of(hub, listing, here)
        _check_pipeline(reference, index)
        files = files_of_pipeline(listing, index, reference.variant)
    missing = sum(one.size - _have(here, one) for one in files)
    return Order(reference, listing, tuple(files), missing)


def _check_pipeline(reference: Reference, index: object) -> None:
    """Refuse what sdgen does not draw with before gigabytes of it are fetched."""
    pipeline = index.get("_class_name") if isinstance(index, dict) else None
    try:
        family_named(pipeline, reference.name)
    except ModelError as error:
        raise ModelError(str(error), hint="nothing was fetched") from None


def _index_of(hub: Hub, listing: Listing, here: Cached) -> object:
    file = listing.file(INDEX)
    if not 0 <= file.size <= MOST_SMALL_BYTES:
        raise ModelError(f"{INDEX} of {listing.repository} is too large")
    with writing(here.folder), alone(here):
        blob = _fetch_file(hub, listing.commit, file, here, watch_nobody)
    try:
        return json.loads(blob.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{INDEX} of {listing.repository} is not JSON") from error


def fetch(order: Order, watch: Watch = watch_nobody) -> Path:
    """Fetch what is missing, and give the folder of the snapshot.

    Raises:
        ModelError: The hub fails, or sends other bytes than it promised.
        OutputError: The disk has no room for it.
        BusyError: Another process fetches the same.
    """
    here = cached(order.reference.repository)
    hub, commit = Hub(here.repository), order.listing.commit
    _check_room(here.folder, order)
    with writing(here.folder), alone(here):
        for file in order.files:
            watch(min(_have(here, file), file.size), file.path)
            blob = _fetch_file(hub, commit, file, here, watch)
            _link(blob, here.snapshot(commit) / file.path)
        _note(here, order.reference.revision, commit)
    return here.snapshot(commit)


def _have(here: Cached, file: RemoteFile) -> int:
    """Bytes of `file` that are here, in its place or on the way."""
    for path in _places(here, file):
        try:
            return path.stat().st_size
        except OSError:
            continue
    return 0


def _places(here: Cached, file: RemoteFile) -> tuple[Path, Path]:
    blob = here.folder / "blobs" / file.digest
    return blob, blob.with_name(blob.name + PART)


def _fetch_file(hub: Hub, commit: str, file: RemoteFile, here: Cached, watch: Watch) -> Path:
    """`file` in the cache, its bytes checked."""
    blob, part = _places(here, file)
    if blob.is_file():
        if _is_whole(blob, file):
            return blob
        blob.unlink()  # damaged since it was fetched
    part.parent.mkdir(parents=True, exist_ok=True)
    _complete(hub, commit, file, part, watch)
    if not _is_whole(part, file):
        part.unlink()
        raise ModelError(
            f"{file.path} of {here.repository} came with other bytes than the hub's list promises",
            hint="the same command tries again",
        )
    part.replace(blob)
    if len(file.digest) == SHA256_LETTERS:
        remember(blob, file.digest)  # else its new name would cost reading it once more
    return blob


def _complete(hub: Hub, commit: str, file: RemoteFile, part: Path, watch: Watch) -> None:
    """Go on until all bytes are there; give up when some tries in a row brought none."""
    waits = iter(hub_client.WAITS)
    while True:
        before = _size(part)
        try:
            _append(hub, commit, file, part, watch)
            return
        except TryAgainError:
            if _size(part) > before:
                waits = iter(hub_client.WAITS)  # it goes on, if with breaks
            wait = next(waits, None)
            if wait is None:
                raise
            time.sleep(wait)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(hub: Hub, commit: str, file: RemoteFile, part: Path, watch: Watch) -> None:
    """Write what is missing of `file` behind what is there of it."""
    have = _size(part)
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size and file.size:
        return
    with part.open("ab") as out:
        for place, piece in hub.pieces(commit, file, have):
            if place != out.tell():
                out.truncate(place)  # the server begins anew
                out.seek(place)
                watch(-have, file.path)
            out.write(piece)
            watch(len(piece), file.path)
        out.flush()
        os.fsync(out.fileno())
    if part.stat().st_size < file.size:
        raise TryAgainError(
            f"the connection to {hub_client.host()} broke off within {file.path}",
            hint="the same command goes on from there",
        )


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether `path` has exactly the bytes that the hub's list promises."""
    if path.stat().st_size != file.size:
        return False
    if len(file.digest) != SHA256_LETTERS:
        return git_sha1(path) == file.digest
    return sha256_of(path) == file.digest


def _link(blob: Path, pointer: Path) -> None:
    """Let `pointer` in the snapshot lead to `blob`, as the hub's library does it."""
    pointer.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(blob, pointer.parent)
    if pointer.is_symlink() and os.readlink(pointer) == target:  # noqa: PTH115  # as it stands
        return
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(target)
    except OSError:  # a file system without links
        shutil.copyfile(blob, pointer)


def _note(here: Cached, revision: str, commit: str) -> None:
    """Remember which commit `revision` is."""
    if revision == commit:
        return
    ref = here.folder / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    beside = ref.with_name(f".{ref.name}.{os.getpid()}")
    beside.write_text(commit, encoding="ascii")
    beside.replace(ref)


def _check_room(folder: Path, order: Order) -> None:
    """Refuse what the disk does not hold, before it is fetched.

    Raises:
        OutputError: There is too little room.
    """
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if order.missing_bytes and order.missing_bytes + SPARE_BYTES > free:
        raise OutputError(
            f"{order.reference.name} needs {bytes_in_words(order.missing_bytes)}, and the disk of "
            f"{there} has {bytes_in_words(free)} left",
            hint="make room, or say another disk: HF_HOME=FOLDER",
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Failures of the disk as ours."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"the cache {folder} cannot be written: {reason}") from error


@contextmanager
def alone(here: Cached) -> Iterator[None]:
    """Let no other sdgen fetch the same repository meanwhile."""
    from filelock import FileLock, Timeout

    here.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(here.folder / ".sdgen.lock", timeout=0):
            yield
    except Timeout as error:
        raise BusyError(f"another sdgen fetches {here.repository} at the moment") from error
