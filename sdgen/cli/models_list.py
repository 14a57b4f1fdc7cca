"""`sdgen models list`: every model that has a name, or is in the hub's cache, and its state."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdgen import models
from sdgen.cli.model_files import models_listed
from sdgen.cli.options import Json
from sdgen.cli.output import Output
from sdgen.errors import ModelError
from sdgen.models.catalogue import Entry, all_entries
from sdgen.models.consent import NotHereError, bytes_in_words
from sdgen.models.hub_cache import Cached, all_cached, cached
from sdgen.models.hub_listing import INDEX


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the list; `fault` is why it cannot be used, `here` what of it is in the cache."""

    name: str
    entry: Entry | None
    fault: str
    is_absent: bool = False
    here: Cached | None = None

    @property
    def bytes(self) -> int:
        """On the disk, in the cache."""
        return self.here.size() if self.here else 0

    @property
    def used(self) -> float:
        """When its files were last read; 0 where that is not known."""
        return self.here.last_used() if self.here else 0.0


def list_command(as_json: Json = False) -> None:
    """List the models that have a name, are in the hub's cache, or in the folders you named."""
    out = Output(as_json=as_json)
    rows = list(_rows())
    for row in rows:
        out.json(row_object(row))
    cells = [(row.name, _state(row), _used(row), _licence(row), _summary(row)) for row in rows]
    away: ModelError | None = None
    try:
        for listed in models_listed():
            out.json(listed.told)
            name, state, licence, summary = listed.row
            cells.append((name, state, "", licence, summary))
    except ModelError as error:  # a folder is not there; what is known is told all the same
        away = error
    out.table(cells, ("name", "state", "last used", "licence", "what it is"))
    if away is not None:
        raise away


def _rows() -> Iterator[Row]:
    """Named models first, then others that are in the cache."""
    named = set()
    for entry in all_entries().values():
        here = cached(entry.repository) if entry.repository else None
        named.add(entry.repository)
        yield _row(entry.name, entry, here if here and here.commits() else None)
    for here in all_cached():
        if here.repository not in named and _is_pipeline(here):
            yield _row(here.repository, None, here)


def _is_pipeline(here: Cached) -> bool:
    return any((here.snapshot(commit) / INDEX).is_file() for commit in here.commits())


def _row(name: str, entry: Entry | None, here: Cached | None) -> Row:
    try:
        models.find_model(name)
    except NotHereError:
        return Row(name, entry, "not here", is_absent=True, here=here)
    except ModelError as error:
        return Row(name, entry, str(error), here=here)
    return Row(name, entry, "", here=here)


def _state(row: Row) -> str:
    if not row.is_absent:
        return row.fault or (f"ready, {bytes_in_words(row.bytes)}" if row.here else "ready")
    if row.here:
        return f"in part, {bytes_in_words(row.bytes)}"
    size = row.entry.download_bytes if row.entry else 0
    gated = ", gated" if row.entry and row.entry.gated else ""
    return f"{bytes_in_words(size)} to fetch{gated}" if size else f"to fetch{gated}"


def _used(row: Row) -> str:
    if not row.used:
        return ""
    days = (time.time() - row.used) / 86400
    return "today" if days < 1 else f"{days:.0f} days ago"


def _licence(row: Row) -> str:
    return row.entry.licence if row.entry else ""


def _summary(row: Row) -> str:
    return row.entry.summary if row.entry else "in the hub's cache"


def row_object(row: Row) -> dict[str, Any]:
    """A line of the list as data."""
    entry = row.entry
    return {
        "name": row.name,
        "ready": not row.fault,
        "licence": _licence(row),
        "summary": _summary(row),
        "repository": (entry.repository or None) if entry else row.name,
        "gated": bool(entry and entry.gated),
        "download_bytes": entry.download_bytes if entry else 0,
        "bytes": row.bytes,
        "last_used": row.used or None,
        **({"fault": row.fault} if row.fault else {}),
    }
