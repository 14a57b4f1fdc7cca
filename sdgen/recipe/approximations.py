"""Ways of drawing sooner that change the picture, as a setting: `NAME=AMOUNT`, each once."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sdgen.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Approximation:
    """What is left out: the bounds of its amount, and what it means."""

    least: float
    most: float
    is_whole: bool
    meaning: str


APPROXIMATIONS: Mapping[str, Approximation] = MappingProxyType(
    {
        "guidance-until": Approximation(
            0.1, 0.95, False, "share of the steps that are guided; the rest costs half"
        ),
        "deepcache": Approximation(
            2, 10, True, "the UNet's deep blocks are computed in every so manieth step"
        ),
    }
)
"""All that can be left out, by name.

guidance-until: Kynkäänniemi et al. 2024, Applying Guidance in a Limited Interval (arXiv
2404.07724). deepcache: Ma et al. 2023, DeepCache (arXiv 2312.00858).
"""

_FORM = "must be NAME=AMOUNT, such as guidance-until=0.6"


@dataclass(frozen=True, slots=True)
class Approximated:
    """What of a picture is left out; 1 is nothing."""

    guidance_until: float = 1.0
    deepcache: int = 1


def approximated(said: tuple[str, ...]) -> Approximated:
    """The setting's meaning."""
    amounts = dict(map(_parse, said))
    return Approximated(amounts.get("guidance-until", 1.0), int(amounts.get("deepcache", 1)))


def read_approximations(value: Any) -> tuple[str, ...]:
    """The setting in its one form, from text with commas, a list, or a mapping.

    Raises:
        ValueError: It is none of them, or says something twice; the message goes on after the
            setting's name.
    """
    if isinstance(value, Mapping):
        value = [f"{name}={amount}" for name, amount in value.items()]
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list | tuple) or not all(isinstance(one, str) for one in said):
        raise ValueError(_FORM)
    pairs = [_parse(one) for one in said if one.strip()]
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"says {name} twice")
    return tuple(f"{name}={amount:g}" for name, amount in sorted(pairs))


def _parse(text: str) -> tuple[str, float]:
    """Read `deepcache=3`.

    Raises:
        ValueError: There is no such way, or no amount in its bounds.
    """
    name, _, said = (part.strip() for part in text.partition("="))
    name = name.lower().replace("_", "-")
    known = APPROXIMATIONS.get(name)
    if known is None:
        near = did_you_mean(name, APPROXIMATIONS) or f"known are {', '.join(APPROXIMATIONS)}"
        raise ValueError(f"has no {name!r} ({near})")
    try:
        amount = float(said)
    except ValueError:
        amount = float("nan")
    if not known.least <= amount <= known.most or (known.is_whole and amount != int(amount)):
        kind = "a whole number from " if known.is_whole else ""
        given = repr(said) if said else "nothing"
        raise ValueError(f"{name} must be {kind}{known.least:g} to {known.most:g}, not {given}")
    return name, amount
