"""How far batches are: what is done, failed and missing in their folders."""

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdgen.batch.finished import is_there
from sdgen.batch.jobs import Shard
from sdgen.batch.ledger import Noted, read_failed, read_ledgers
from sdgen.batch.plan import BatchPlan, read_plan
from sdgen.batch.state import base_seed_in, ledgers_in, looked_at
from sdgen.errors import InputError
from sdgen.files.folders import writing
from sdgen.files.objects import refuse_address

_PLAN = re.compile(r"plan(-\d+-of-\d+)?\.ids")

_ADDRESS_HINT = "in object storage, the batch command with --dry-run tells what is done"


@dataclass(frozen=True, slots=True)
class BatchFolder:
    """What the batches of one output folder left behind.

    Attributes:
        path: The output folder.
        plans: One for each shard that was drawn there.
        base_seed: From which rows without a seed have theirs.
        noted: Pictures, by job and ending.
        failed: Job id → why it could not be drawn, if that is the last word on it.
    """

    path: Path
    plans: tuple[BatchPlan, ...]
    base_seed: int
    noted: Noted
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How many jobs of one part are done, failed, and neither."""

    folder: Path
    shard: Shard
    jobs: int
    done: int
    failed: int

    @property
    def missing(self) -> int:
        """Jobs that were not tried yet, or whose pictures are gone."""
        return self.jobs - self.done - self.failed


def read_batch(folder: Path) -> BatchFolder:
    """Look at what batches left in `folder`; writes nothing.

    Raises:
        InputError: There was no batch, or what it left cannot be read.
    """
    refuse_address(folder, _ADDRESS_HINT)
    if not os.path.lexists(folder):
        raise InputError(f"there is no folder {folder}")
    with looked_at(folder) as home:
        names = [name for name in home.names() if _PLAN.fullmatch(name)] if home else []
        if home is None or not names:
            hint = "name an output folder; the batch command notes its plan there"
            raise InputError(f"{folder} has no batch in it", hint=hint)
        ledgers = ledgers_in(home)
        plans = tuple(read_plan(home, name) for name in names)
        noted, failed = read_ledgers(home, ledgers), read_failed(home, ledgers)
        return BatchFolder(folder, plans, base_seed_in(home), noted, failed)


def status_of(batch: BatchFolder) -> list[PartStatus]:
    """How far each part of `batch` is; pictures are looked for, as the next run would.

    Raises:
        OutputError: The folder cannot be looked at.
    """
    parts = []
    for plan in batch.plans:
        ids = plan.chosen
        there = pictures_of(batch, plan)
        failed = sum(id in batch.failed and id not in there for id in ids)
        parts.append(PartStatus(batch.path, plan.shard, len(ids), len(there), failed))
    return parts


def pictures_of(batch: BatchFolder, plan: BatchPlan) -> dict[str, str]:
    """Job id → its picture, for those jobs of `plan` whose picture is there."""
    entries = [batch.noted.get((id, plan.suffix)) for id in plan.chosen]
    claims = Counter(entry.file for entry in entries if entry)
    with writing(batch.path):  # what cannot be looked at cannot be written either
        return {
            entry.id: entry.file
            for entry in entries
            if entry and is_there(batch.path / entry.file, entry, is_shared=claims[entry.file] > 1)
        }
