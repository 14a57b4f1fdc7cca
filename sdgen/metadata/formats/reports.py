"""What is told about each field of a foreign recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Fidelity = Literal["exact", "close", "approximated", "ignored", "unknown"]
"""As there · nearly so · in its manner · not at all · cannot be told from the file."""

FIDELITIES: tuple[Fidelity, ...] = get_args(Fidelity)

SHORT = 60
"""Characters of a value that a report shows."""


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One field: what the file said, what sdgen takes it as, how well, and why not better."""

    field: str
    said: str
    taken: str
    fidelity: Fidelity
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """Settings that come of one part of a recipe, and what is told about them."""

    values: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[FieldReport, ...] = ()


def short(value: object) -> str:
    """`value` as text, cut where a table would burst."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
