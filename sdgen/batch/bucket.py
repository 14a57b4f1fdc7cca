"""A folder in object storage as the destination of a batch.

The base seed lies in it, so that every machine goes on with the same jobs. Ledger and lock lie on
this machine's disk: what another machine drew is known by the records in the pictures.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.batch.finished import Finished, by_stem
from sdgen.batch.jobs import Job, Shard
from sdgen.batch.ledger import Entry, Noted
from sdgen.batch.state import (
    STATE_NAME,
    BatchState,
    open_state,
    read_noted,
    seed_in,
    state_folder,
    state_text,
)
from sdgen.errors import BusyError, OutputError
from sdgen.files.objects import ObjectFolder
from sdgen.files.typed import state_folder as personal_folder

if TYPE_CHECKING:
    from sdgen.batch.units import Target, Task
    from sdgen.engine import Drawing
    from sdgen.files.writers import Turn

STATE = f".sdgen/batch/{STATE_NAME}"


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """A folder in a bucket, and a corner of this machine's disk for what is noted of it."""

    folder: ObjectFolder

    def checked(self, needed_bytes: int) -> ObjectFolder:
        """Upload a small object and remove it."""
        self.folder.probe()
        return self.folder

    @contextmanager
    def state(self, shard: Shard, draw: Callable[[], int]) -> Iterator[BatchState]:
        """The corner on this disk, with the base seed that the bucket has, or gets now."""
        from sdgen.files.write import check_folder, publish

        corner = check_folder(self._corner())
        kept = self.base_seed()
        local = state_folder(corner) / STATE_NAME
        if kept is not None:
            publish(state_text(kept).encode(), local, overwrite=True)
        try:
            with open_state(corner, shard, draw) as state:
                if kept is None:
                    self._keep(state.base_seed)
                yield state
        except BusyError as error:
            raise BusyError(f"another run holds {self.folder}", hint=error.hint) from error

    def _keep(self, base_seed: int) -> None:
        if self.folder.claim(STATE, state_text(base_seed).encode()):
            return
        if self.base_seed() != base_seed:
            raise BusyError(
                f"another run began in {self.folder} at the same moment", hint="try once more"
            )

    def base_seed(self) -> int | None:
        """As the object says that the first run left."""
        text = self.folder.read([STATE]).get(STATE)
        return None if text is None else seed_in(text, self.folder.shown(STATE))

    def noted(self) -> Noted:
        """What this machine noted."""
        return read_noted(self._corner())

    def sweep(self, stems: Iterable[str]) -> None:
        """Nothing unfinished is ever seen there."""

    def finished(self, jobs: Sequence[Job], noted: Noted, suffix: str) -> Finished:
        """By the ledger and one listing; for what the ledger does not know, by the records."""
        return _Search(self.folder, self.folder.sizes(), suffix).of(jobs, noted)

    def mend(self, file: str) -> None:
        """The record is in the picture."""
        from sdgen.files.uploading import mend_sidecar

        mend_sidecar(self.folder, file)

    def save(self, task: "Task", drawing: "Drawing", target: "Target", turn: "Turn") -> Entry:
        """In one upload; nobody waits for a turn, since the store decides who has a name."""
        from sdgen.files.uploading import upload_picture

        name, size = upload_picture(
            drawing.image,
            drawing.record,
            self.folder,
            task.stem,
            format=target.format,
            overwrite=task.replaces,
            inside=target.inside,
            signing=target.signing,
        )
        return Entry(task.job.id, name, size)

    def shown(self, file: str) -> str:
        """Its address."""
        return self.folder.shown(file)

    def _corner(self) -> Path:
        home = personal_folder()
        if home is None:
            raise OutputError(
                f"there is no home folder to note in what is in {self.folder}",
                hint="set XDG_STATE_HOME",
            )
        address = str(self.folder)
        plain = re.sub(r"[^A-Za-z0-9]+", "-", address)[-60:].strip("-")
        return home / "buckets" / f"{plain}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class _Search:
    """What lies in a bucket, looked through for pictures of jobs."""

    folder: ObjectFolder
    sizes: Mapping[str, int]
    suffix: str

    def of(self, jobs: Sequence[Job], noted: Noted) -> Finished:
        """The jobs sorted as `find_finished` does."""
        finished = Finished()
        unknown = []
        for job in jobs:
            entry = noted.get((job.id, self.suffix))
            if entry is None:
                unknown.append(job)
            elif self.sizes.get(entry.file) == entry.bytes:
                finished.done[job.id] = Path(entry.file)
                if self._sidecar(entry.file) not in self.sizes:
                    finished.unnoted.append((job, entry))
            else:
                self._look_again(job, entry, finished)
        self._by_records(unknown, noted, finished)
        return finished

    def _look_again(self, job: Job, entry: Entry, finished: Finished) -> None:
        """A picture that was noted and is another now, or gone: whose is it?"""
        from sdgen.files.uploading import job_id_of

        stem = entry.file.removesuffix(self.suffix)
        is_there = entry.file in self.sizes
        owner = job_id_of(self.folder, stem, self.suffix)
        if is_there and owner in ("", job.id):  # saved again by somebody: theirs to keep
            finished.done[job.id] = Path(entry.file)
        elif not is_there and (owner == job.id or self._sidecar(entry.file) not in self.sizes):
            finished.broken[job.id] = stem

    def _by_records(self, jobs: Sequence[Job], noted: Noted, finished: Finished) -> None:
        """Find what another machine drew, or a worker that died before it told."""
        from sdgen.files.uploading import job_id_of, job_ids_in

        known = {entry.file for entry in noted.values()}
        names = by_stem(self.sizes, self.suffix)
        candidates = {
            job.id: [name for name in names.get(job.stem, ()) if name not in known] for job in jobs
        }
        sidecars = {self._sidecar(name) for found in candidates.values() for name in found}
        orphans = {f"{job.stem}.json" for job in jobs if not candidates[job.id]}
        owners = job_ids_in(self.folder, sorted((sidecars | orphans) & self.sizes.keys()))
        for job in jobs:
            for name in candidates[job.id]:
                owner = owners.get(self._sidecar(name)) or (
                    job_id_of(self.folder, name.removesuffix(self.suffix), self.suffix)
                )
                if owner == job.id:
                    finished.done[job.id] = Path(name)
                    finished.unnoted.append((job, Entry(job.id, name, self.sizes[name])))
                    break
            else:
                if not candidates[job.id] and owners.get(f"{job.stem}.json") == job.id:
                    finished.broken[job.id] = job.stem

    def _sidecar(self, file: str) -> str:
        return file.removesuffix(self.suffix) + ".json"
