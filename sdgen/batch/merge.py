"""Shards that were drawn in folders of their own become one folder, as if drawn there at once."""

import errno
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sdgen.batch.finished import job_id_of, restore_sidecar
from sdgen.batch.jobs import WHOLE
from sdgen.batch.ledger import Entry
from sdgen.batch.plan import BatchPlan, keep_plan
from sdgen.batch.state import open_state
from sdgen.batch.status import BatchFolder, pictures_of, read_batch
from sdgen.errors import InputError, OutputError
from sdgen.files.folders import OpenFolder, entered, writing
from sdgen.files.images import read_record_of
from sdgen.files.write import check_folder

_AT_ONCE = 1000
"""So many pictures are noted together."""


@dataclass(slots=True)
class Merged:
    """What a merge did: pictures in all, those newly placed, and how many of these were copied."""

    pictures: int
    placed: int = 0
    copied: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A picture of a shard: its job, and its name in the folder of the shard."""

    id: str
    folder: Path
    file: str

    @property
    def path(self) -> Path:
        return self.folder / self.file

    @property
    def files(self) -> tuple[str, str]:
        """The record, and then the picture, so that no picture is ever without."""
        return Path(self.file).with_suffix(".json").as_posix(), self.file


def merge(folders: Sequence[Path], target: Path, *, copy: bool = False) -> Merged:
    """Put the pictures of all shards into `target`, each with its record; all checks come first.

    A merge that was stopped goes on with the same words.

    Args:
        folders: Output folders of the shards.
        target: Made if missing; pictures of these jobs that lie there already stay.
        copy: Copy files where they could be linked.

    Raises:
        InputError: The shards are not of the same jobs, are not all of them, or do not agree on a
            picture. Nothing was written.
        OutputError: A file cannot be written, or another has its name.
        BusyError: A run holds `target`.
    """
    batches = [read_batch(folder) for folder in folders]
    plan = _common_plan(batches)
    pieces = _pieces(batches, plan)
    root = check_folder(target)
    for piece in pieces:
        _check_room(piece, root, target)
    seed = batches[0].base_seed
    merged = Merged(len(pieces))
    with open_state(root, draw=lambda: seed) as state:
        if state.base_seed != seed:
            raise InputError(f"{target} holds a batch of other seeds", hint="choose a new folder")
        for start in range(0, len(pieces), _AT_ONCE):
            some = pieces[start : start + _AT_ONCE]
            entries = [(_placed(one, root, merged, copy=copy), one.folder.name) for one in some]
            noted = state.ledger.noted
            state.ledger.add_all(
                (entry, source)
                for entry, source in entries
                if noted.get((entry.id, entry.suffix)) != entry
            )
        with writing(state.home.path):
            keep_plan(state.home, plan)
    return merged


def _common_plan(batches: Sequence[BatchFolder]) -> BatchPlan:
    """The whole that all folders have a part of.

    Raises:
        InputError: There is none.
    """
    first, *others = batches
    apart = first
    for plan in first.plans:
        strangers = [one for one in others if not any(map(plan.is_of_same_jobs, one.plans))]
        if not strangers:
            return replace(plan, shard=WHOLE)
        apart = strangers[0]
    hint = "draw each shard with the same FILE and flags"
    raise InputError(f"{apart.path} and {first.path} are not parts of one batch", hint=hint)


def _pieces(batches: Sequence[BatchFolder], plan: BatchPlan) -> list[_Piece]:
    """The picture of every job, in the order of the jobs.

    Raises:
        InputError: One is missing, or is another one in another folder.
    """
    found: dict[str, _Piece] = {}
    for batch in batches:
        for id, file in pictures_of(batch, plan).items():
            piece = _Piece(id, batch.path, file)
            _check_alike(found.setdefault(id, piece), piece)
    ids = plan.whole
    missing = [place for place, id in enumerate(ids) if id not in found]
    if missing:
        count = max(one.shard.count for batch in batches for one in batch.plans)
        by_part = Counter(place % count + 1 for place in missing)
        raise InputError(
            f"{len(missing)} of {len(ids)} pictures are in none of the folders",
            hint="sdgen batch status tells of each; nothing was written",
            details=[
                f"part {part}/{count} lacks {lacks}" for part, lacks in sorted(by_part.items())
            ],
        )
    pieces = [found[id] for id in ids]
    _check_names(pieces)
    return pieces


def _check_alike(one: _Piece, other: _Piece) -> None:
    if one.folder == other.folder:
        return
    if read_record_of(one.path).image.sha256 != read_record_of(other.path).image.sha256:
        raise InputError(
            f"{one.path} and {other.path} are of one job and differ",
            hint="remove the one that is not to stay; nothing was written",
        )


def _check_names(pieces: Sequence[_Piece]) -> None:
    first: dict[str, _Piece] = {}
    for piece in pieces:
        owner = first.setdefault(piece.files[0].casefold(), piece)
        if owner is not piece:
            raise InputError(f"{owner.path} and {piece.path} would have one name in the new folder")


def _check_room(piece: _Piece, root: Path, shown: Path) -> None:
    """Refuse a target where somebody else's file has the name.

    Raises:
        OutputError: It has.
    """
    for file in piece.files:
        path = root / file
        with writing(shown / file):
            is_taken = path.is_symlink() or path.exists()
        if is_taken and (path.is_symlink() or job_id_of(path) != piece.id):
            raise OutputError(f"{shown / file} is there, and is not of this batch")


def _placed(piece: _Piece, root: Path, merged: Merged, *, copy: bool) -> Entry:
    """Give record and picture their names in the new folder; what was there stays."""
    path = root / piece.file
    with writing(path):
        for file in piece.files:
            is_picture = file == piece.file
            if (root / file).exists() or not (is_picture or (piece.folder / file).exists()):
                continue
            is_copy = _place(piece.folder / file, root, file, copy=copy)
            merged.placed += is_picture
            merged.copied += is_picture and is_copy
        size = path.stat().st_size
    restore_sidecar(path)
    return Entry(piece.id, piece.file, size)


def _place(source: Path, root: Path, file: str, *, copy: bool) -> bool:
    """Link or copy one file, whole or not at all; whether it was copied."""
    *parents, name = file.split("/")
    with entered(OpenFolder.real(root), parents) as home:
        is_linked = None if copy else home.link_from(source, name)
        if is_linked is None:
            with home.temporary(name, source.read_bytes()) as temporary:
                if not home.claim(temporary, name):
                    raise FileExistsError(errno.EEXIST, "File exists")
        home.sync()
        return is_linked is None
