"""Which pictures that are drawn again can share a pipeline call, each in the slot that it had."""

import hashlib
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sdgen.engine import shape_key
from sdgen.metadata.record import Record

Picture = TypeVar("Picture", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture was drawn: in which kind of call, and in which slot of it (from 0)."""

    kind: str
    slot: int


def place_of(record: Record) -> Place:
    """The place that `record` tells of.

    Calls are of one kind where model files, all settings but prompts and seed, environment and
    number of slots are the same. What the pixels do not depend on may part them too: that costs
    time and no pixels. The kind is a hash, so that thousands of places take little memory.
    """
    shared = (
        shape_key(record.settings),
        sorted(record.model.files.items()),
        [(one.kind, one.sha256) for one in record.added],
        sorted(record.environment.items()),
        record.batch.size,
    )
    return Place(hashlib.sha256(repr(shared).encode()).hexdigest(), record.batch.slot)


def calls_of(places: Mapping[Picture, Place]) -> list[list[Picture]]:
    """The pictures in as few calls as can be: of one kind each, and no slot of it taken twice.

    Args:
        places: Picture → its place. The order decides which pictures come together: the first of
            each slot of a kind, then the second ones.

    Returns:
        Calls in the order of their first pictures, and each call's pictures in that of `places`.
    """
    seen: Counter[Place] = Counter()
    calls: dict[tuple[str, int], list[Picture]] = {}
    for picture, place in places.items():
        calls.setdefault((place.kind, seen[place]), []).append(picture)
        seen[place] += 1
    return list(calls.values())
