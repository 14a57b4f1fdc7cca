"""`sdgen schedulers`: every way of removing the noise, and what it is called elsewhere."""

from typing import Any

from sdgen.cli.options import Json
from sdgen.cli.output import Output


def schedulers(as_json: Json = False) -> None:
    """List the schedulers, their names in A1111, and how alike the pictures are there."""
    out = Output(as_json=as_json)
    found = scheduler_objects()
    for one in found:
        out.json(one)
    out.table(map(_row, found), ("name", "in A1111", "grade", "noise", "what it is"))


def scheduler_objects() -> list[dict[str, Any]]:
    """The list as data; `a1111` is null where that program has nothing like it."""
    from sdgen.recipe.schedulers import SCHEDULERS

    return [
        {
            "name": one.name,
            "a1111": ", ".join(filter(None, one.a1111)) if one.a1111 else None,
            "grade": one.grade,
            "noisy": one.noisy,
            "summary": one.summary,
        }
        for one in SCHEDULERS.values()
    ]


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    noise = "in every step" if one["noisy"] else "at the start"
    return one["name"], one["a1111"] or "-", one["grade"], noise, one["summary"]
