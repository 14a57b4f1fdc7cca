"""Ways of drawing sooner that change the picture, as a setting: `NAME=AMOUNT`, each once."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sdgen.recipe.amounts import Amount, parse_amount

APPROXIMATIONS: Mapping[str, Amount] = MappingProxyType(
    {
        "guidance-until": Amount(
            0.1, 0.95, "guidance, after this share of the steps: each later step costs half"
        ),
        "deepcache": Amount(
            2, 10, "the deep blocks of the UNet, but in every so manieth step", is_whole=True
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
    amounts = dict(parse_amount(one, APPROXIMATIONS) for one in said)
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
    pairs = [parse_amount(one, APPROXIMATIONS) for one in said if one.strip()]
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"says {name} twice")
    return tuple(f"{name}={amount:g}" for name, amount in sorted(pairs))
