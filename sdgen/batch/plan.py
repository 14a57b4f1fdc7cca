"""The plan of a batch, kept in its output folder: the ids of all its jobs, in the file's order.

By it a folder can be asked what is done, failed and missing without its job file, and shards are
known to belong together. One file for each shard: a line of JSON, then eight bytes a job.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sdgen.batch.draft import Draft
from sdgen.batch.jobs import WHOLE, Shard, parse_shard
from sdgen.errors import InputError
from sdgen.files.folders import OpenFolder
from sdgen.files.formats import SUFFIXES
from sdgen.recipe.seeds import DRAWN_BELOW

SCHEMA = "sdgen.plan/1"
ID_BYTES = 8
MAX_HEAD_BYTES = 2**12
MAX_PLAN_BYTES = 2**28


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The jobs of a job file under one command, and which of them a run is about.

    Attributes:
        ids: Of all jobs, each as eight bytes; which of them is said by `limit` and `shard`.
        shard: The part that is drawn here.
        limit: Only so many of the first ones.
        suffix: Of the pictures.
    """

    ids: bytes
    shard: Shard = WHOLE
    limit: int | None = None
    suffix: str = ".png"

    @property
    def whole(self) -> list[str]:
        """The ids that all shards draw together."""
        return list(self._hex(range(len(self.ids) // ID_BYTES)[: self.limit]))

    @property
    def chosen(self) -> list[str]:
        """The ids that this shard draws."""
        places = range(len(self.ids) // ID_BYTES)[: self.limit]
        return list(self._hex(places[self.shard.index - 1 :: self.shard.count]))

    def is_of_same_jobs(self, other: "BatchPlan") -> bool:
        """Whether both are parts of one whole."""
        return (self.ids, self.limit, self.suffix) == (other.ids, other.limit, other.suffix)

    def _hex(self, places: Sequence[int]) -> Iterator[str]:
        return (self.ids[place * ID_BYTES : (place + 1) * ID_BYTES].hex() for place in places)


def plan_name(shard: Shard) -> str:
    return "plan.ids" if shard == WHOLE else f"plan-{shard.index}-of-{shard.count}.ids"


def keep_plan(home: OpenFolder, plan: BatchPlan) -> None:
    """Write `plan` into the state folder, if it is not what is there already. Raises `OSError`."""
    head = {
        "schema": SCHEMA, "jobs": len(plan.ids) // ID_BYTES, "shard": str(plan.shard),
        "limit": plan.limit, "suffix": plan.suffix,
    }  # fmt: skip
    data = json.dumps(head).encode() + b"\n" + plan.ids
    name = plan_name(plan.shard)
    if home.has(name):
        with home.reading(name) as file:
            if file.read(len(data) + 1) == data:
                return
    with home.temporary(name, data) as temporary:
        home.replace(temporary, name)
    home.sync()


def read_plan(home: OpenFolder, name: str) -> BatchPlan:
    """The plan in the file `name`. Raises `OSError` too.

    Raises:
        InputError: It is damaged, or of another version.
    """
    with home.reading(name) as file:
        head, ids = file.readline(MAX_HEAD_BYTES), file.read(MAX_PLAN_BYTES)
    try:
        said: Any = json.loads(head)
        limit = said["limit"]
        if said["schema"] != SCHEMA or said["jobs"] * ID_BYTES != len(ids):
            raise ValueError
        if said["suffix"] not in SUFFIXES or not (limit is None or type(limit) is int):
            raise ValueError
        return BatchPlan(ids, parse_shard(said["shard"]), limit, said["suffix"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InputError):
        hint = "the same batch command writes it anew"
        raise InputError(
            f"{home.path / name} is damaged, or of another version", hint=hint
        ) from None


def derived_base_seed(drafts: Sequence[Draft]) -> int:
    """The base seed for a shard in a new folder: from its jobs, so that all shards have the same.

    Shards in folders of their own cannot tell each other what they have drawn.
    """
    digest = hashlib.sha256()
    for draft in drafts:
        styles = "\x1f".join(style.name for style in draft.styles)
        said = (draft.settings.model_dump_json(), draft.num_images, draft.name, styles)
        digest.update("\x1e".join(map(str, said)).encode())
    return int.from_bytes(digest.digest()[:4], "big") % DRAWN_BELOW
