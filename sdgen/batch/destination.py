"""Where the pictures of a batch go: a folder on a disk, or one in object storage.

What a run needs of either is a `Destination`. Units name the folder alone, so that a worker makes
its own.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sdgen.batch.finished import Finished, entry_for, find_finished, restore_sidecar
from sdgen.batch.jobs import Job, Shard
from sdgen.batch.ledger import Entry, Noted
from sdgen.batch.state import BatchState, open_state, read_base_seed, read_noted
from sdgen.files.objects import ObjectFolder

if TYPE_CHECKING:
    from sdgen.batch.units import Target, Task
    from sdgen.engine import Drawing
    from sdgen.files.writers import Turn

Folder = Path | ObjectFolder


class Destination(Protocol):
    """What a run asks of the place where its pictures go. All may raise `OutputError`."""

    def checked(self, needed_bytes: int) -> Folder:
        """Make sure, before minutes are spent, that it takes pictures; as it is named from now on.

        Raises:
            OutputError: It does not.
        """

    def state(self, shard: Shard, draw: Callable[[], int]) -> AbstractContextManager[BatchState]:
        """Hold it for a run of `shard`; `draw` gives a new one its base seed.

        Raises:
            BusyError: Another run draws the same jobs.
        """

    def base_seed(self) -> int | None:
        """The seed from which rows without one get theirs; None where no batch has run."""

    def noted(self) -> Noted:
        """What the ledgers say of earlier runs."""

    def sweep(self, stems: Iterable[str]) -> None:
        """Remove what dead processes left unfinished where these pictures go."""

    def finished(self, jobs: Sequence[Job], noted: Noted, suffix: str) -> Finished:
        """Which of `jobs` are there; only pictures with `suffix` count."""

    def mend(self, file: str) -> None:
        """Write the sidecar of a picture whose writer died between the two."""

    def save(self, task: "Task", drawing: "Drawing", target: "Target", turn: "Turn") -> Entry:
        """Write the picture of `task`, whole or not at all; `turn` as in `save_picture`."""

    def shown(self, file: str) -> Path | str:
        """The path or the address of a picture."""


def destination_of(folder: Folder) -> Destination:
    """What stands for `folder`; nothing is asked of it yet."""
    if isinstance(folder, Path):
        return DiskFolder(folder)
    from sdgen.batch.bucket import BucketFolder

    return BucketFolder(folder)


@dataclass(frozen=True, slots=True)
class DiskFolder:
    """A folder on this machine's disk, or one that it shares with others."""

    folder: Path

    def checked(self, needed_bytes: int) -> Folder:
        """Make the folder if it is missing, and write a small file to see that one can."""
        from sdgen.files.write import check_folder

        return check_folder(self.folder, needed_bytes=needed_bytes)

    def state(self, shard: Shard, draw: Callable[[], int]) -> AbstractContextManager[BatchState]:
        """Its own corner of the folder."""
        return open_state(self.folder, shard, draw)

    def base_seed(self) -> int | None:
        """As the state file says."""
        return read_base_seed(self.folder)

    def noted(self) -> Noted:
        """As all ledgers in the folder say."""
        return read_noted(self.folder)

    def sweep(self, stems: Iterable[str]) -> None:
        """Remove hidden files of processes that are gone."""
        from sdgen.files.write import sweep

        for parent in {(self.folder / stem).parent for stem in stems}:
            sweep(parent)

    def finished(self, jobs: Sequence[Job], noted: Noted, suffix: str) -> Finished:
        """By the ledger, and by the pictures themselves."""
        return find_finished(jobs, self.folder, noted, suffix)

    def mend(self, file: str) -> None:
        """The record is in the picture."""
        restore_sidecar(self.folder / file)

    def save(self, task: "Task", drawing: "Drawing", target: "Target", turn: "Turn") -> Entry:
        """Under a hidden name first, then by a hard link."""
        from sdgen.files.save import save_picture

        saved = save_picture(
            drawing.image,
            drawing.record,
            self.folder,
            task.stem,
            format=target.format,
            overwrite=task.replaces,
            root=self.folder,
            turn=turn,
            inside=target.inside,
            signing=target.signing,
        )
        return entry_for(task.job, saved.path, self.folder)

    def shown(self, file: str) -> Path:
        """Its path."""
        return self.folder / file
