"""Seeds: the seed of picture i, and seeds that nobody gave but that stay the same on a rerun."""

import hashlib

from sdgen.recipe.settings import Settings

DRAWN_BELOW = 2**32
"""Seeds are drawn below this: torch's CPU generator uses only the low 32 bits of a seed."""


SEEDS_BELOW = 2**63
"""What fits a signed 64-bit number, as SQLite and most JSON readers have it."""


def seed_of_image(seed: int, index: int) -> int:
    """The seed of picture `index` (from 0) of several: seed + index, as everywhere in the field."""
    return (seed + index) % SEEDS_BELOW


def numbered(settings: Settings, index: int) -> Settings:
    """The settings of picture `index` (from 0) of several: the next seed, or the next variation.

    A variation stays near its seed's picture, so that its variation seed counts up instead, as in
    A1111.
    """
    if not index:
        return settings
    name = counting_seed(settings)
    following = seed_of_image(getattr(settings, name), index)
    return settings.model_copy(update={name: following})


def counting_seed(settings: Settings) -> str:
    """The setting that counts up over several pictures."""
    return "variation_seed" if settings.variation_strength else "seed"


def derived_seed(base: int, *parts: str) -> int:
    """A seed in 0 … 2^32 − 1 that depends only on `base` and `parts`, not on time or order.

    A batch gives every row without a seed its own this way, so that a second run of the same
    command draws the same pictures, and a row keeps its seed when others are added around it.
    """
    text = "\x1f".join((str(base), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
