"""`NAME=AMOUNT`, as several settings say what and how much."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdgen.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Amount:
    """What may be said of a name: its bounds, both included, and what it means."""

    least: float
    most: float
    meaning: str
    is_whole: bool = False


def parse_amount(text: str, known: Mapping[str, Amount]) -> tuple[str, float]:
    """Read `contrast=1.1`; case, blanks and _ for - do not matter.

    Args:
        text: What was said.
        known: The names that there are, with their bounds.

    Raises:
        ValueError: No such name, or no amount in its bounds; the message goes on after the
            setting's name.
    """
    name, equals, said = (part.strip() for part in text.partition("="))
    name = name.lower().replace("_", "-")
    if name not in known:
        near = did_you_mean(name, known) or f"known are {', '.join(known)}"
        raise ValueError(f"has no {name!r} ({near})")
    bounds = known[name]
    try:
        amount = float(said)
    except ValueError:
        amount = float("nan")
    if not bounds.least <= amount <= bounds.most or (bounds.is_whole and amount != int(amount)):
        kind = "a whole number from " if bounds.is_whole else ""
        given = repr(said) if equals else "nothing"
        raise ValueError(f"{name} must be {kind}{bounds.least:g} to {bounds.most:g}, not {given}")
    return name, amount
