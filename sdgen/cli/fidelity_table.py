"""How near sdgen comes to another program's recipe, as a table."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdgen.metadata.formats.reports import FieldReport

HEADERS = ("  field", "said", "taken as", "how well", "why not better")


def fidelity_rows(reports: "Sequence[FieldReport]") -> list[tuple[str, ...]]:
    """One row for each field of the recipe."""
    return [(f"  {name}", *rest) for name, *rest in map(astuple, reports)]
