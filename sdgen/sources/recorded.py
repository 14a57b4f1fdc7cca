"""The pictures that a recorded one was drawn from: found again by name, known by content."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sdgen.errors import InputError
from sdgen.sources.store import (
    ROLES,
    Role,
    Source,
    accept,
    find_source,
    is_at_hand,
    named_in,
    references_in,
)  # fmt: skip

if TYPE_CHECKING:
    from sdgen.metadata.record import Record


def find_recorded(
    record: "Record", folders: Sequence[Path], said: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Find what `record` was drawn from, so that it can be drawn again.

    Only names count: no path in a record is followed. A file is the right one if it has the
    recorded pixels, or is the recorded file whatever its decoder makes of it by now.

    Args:
        record: Which may have no such pictures.
        folders: Where they may lie.
        said: Role → paths that the user gave for it.

    Raises:
        InputError: One is not there, or what is there is another.
    """
    wanted = list(references_in(record.settings))
    for role in ROLES:
        if (said or {}).get(role) and role not in dict(wanted):
            paths = " ".join((said or {})[role])
            raise InputError(f"it was drawn without {role}: {_flag(role)} {paths} does nothing")
    for role, reference in wanted:
        given = (said or {}).get(role, ())
        name, sha256 = named_in(reference)
        if not given and is_at_hand(sha256):
            continue
        places = [Path(one).expanduser() for one in given] or [one / name for one in folders]
        candidates = list(_readable(places, role, must=bool(given)))
        right = next((one for one in candidates if _is_it(one, record, role, sha256)), None)
        if right is None:
            raise _missing(name, role, candidates, given)
        accept(right, reference)


def _readable(paths: Sequence[Path], role: Role, *, must: bool) -> Iterator[Source]:
    for path in paths:
        try:
            yield find_source(path, role)
        except InputError:
            if must:
                raise


def _is_it(source: Source, record: "Record", role: Role, sha256: str) -> bool:
    recorded = [one.file_sha256 for one in record.sources if one.role == role]
    return source.pixels_sha256 == sha256 or source.file_sha256 in recorded


def _flag(role: Role) -> str:
    return f"--{role.replace('_', '-')}"


def _missing(
    name: str, role: Role, candidates: Sequence[Source], given: Sequence[str]
) -> InputError:
    if given:
        return InputError(
            f"{', '.join(given)} is not the {role} {name} that it was drawn from",
            hint=f"to draw from another one: sdgen generate PROMPT {_flag(role)} FILE",
        )
    known = "; the file of that name has other pixels" if candidates else ""
    return InputError(
        f"the {role} {name} that it was drawn from is not here{known}",
        hint=f"say where it is: {_flag(role)} FILE",
    )
