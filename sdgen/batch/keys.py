"""The keys of a job: the settings, and the few words that are about the job and not the pixels."""

from collections.abc import Mapping
from functools import lru_cache

from sdgen.batch.rows import Fault, Place
from sdgen.errors import did_you_mean
from sdgen.recipe.settings import ALIASES, canonical_name, folded

SIZE = "size"

JOB_KEYS: Mapping[str, str] = {
    "num_images": "num_images",
    "n": "num_images",
    "num_images_per_prompt": "num_images",
    "name": "name",
    "file_name": "name",
    "filename": "name",
    "id": "name",
    "style": "style",
    "styles": "style",
    "wildcards": "wildcards",
}
"""Accepted spellings → `num_images` (of this row; seed + i), `name` (stem of the file), `style`
(names in the table of styles), and `wildcards` (their folder)."""


@lru_cache(maxsize=1024)
def job_key(key: str) -> str | None:
    """`num_images`, `name`, `style` or `wildcards` if `key` means one of them, else None."""
    return JOB_KEYS.get(folded(key))


@lru_cache(maxsize=1024)
def fields_of(key: str) -> frozenset[str]:
    """The fields that `key` speaks of: one; two for `size`; none if it is unknown."""
    if key.strip().lower() == SIZE:
        return frozenset({"width", "height"})
    name = canonical_name(key) or job_key(key)
    return frozenset({name} if name else ())


def is_key(key: str) -> bool:
    """Whether `key` is a setting or a job key, in any accepted spelling."""
    return bool(fields_of(key))


def unknown_key(key: str, place: Place) -> Fault:
    """The fault of a key that is none, with the nearest right ones."""
    return Fault(place, f"unknown setting {key!r}", hint=_hint(key))


@lru_cache(maxsize=256)  # the same slip is often in every row, and looking for words is slow
def _hint(key: str) -> str:
    return did_you_mean(key, [*ALIASES, SIZE, *JOB_KEYS])
