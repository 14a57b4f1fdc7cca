"""Reading records of every age: an old schema version is brought up to date, a newer one refused.

When the schema changes in a way that old readers would misunderstand, raise `SCHEMA`, add one
function to `MIGRATIONS` that turns the old object into the next, and store a sample of the old
version in `tests/metadata/samples`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sdgen.errors import InputError
from sdgen.metadata.json_text import parse_json_object
from sdgen.metadata.record import SCHEMA, Record
from sdgen.recipe.settings import LACKS

Migration = Callable[[dict[str, Any]], dict[str, Any]]

CURRENT = int(SCHEMA.rpartition("/")[2])

MIGRATIONS: Mapping[int, Migration] = {}
"""Version → the function that makes an object of the next version out of it."""

UNSAID: Mapping[str, Any] = {"prompt_syntax": "plain"}
"""What settings were, before they could be said, where their default draws other pixels."""


def read_record(text: str | bytes) -> Record:
    """The record that `text` holds, whatever version of sdgen wrote it.

    Fields that this version does not know are kept, except among the settings: there they decide
    pixels, and a picture could not be made again without them.

    Raises:
        InputError: It is not JSON, not a record, written by a newer sdgen, or a field is wrong.
    """
    found = _current(parse_json_object(text))
    try:
        return Record.model_validate_json(json.dumps(found), strict=True)
    except ValidationError as error:
        faults = [_explain(fault) for fault in error.errors()]
        raise InputError(f"a broken record: {faults[0]}", details=faults[1:]) from None


def _current(found: dict[str, Any]) -> dict[str, Any]:
    """`found` in the current schema."""
    version = _version(found.get("schema"))
    if version > CURRENT:
        raise InputError(
            f"the record was written by a newer sdgen (schema sdgen.image/{version}; "
            f"this one reads up to {CURRENT})",
            hint="update sdgen",
        )
    for old in range(version, CURRENT):
        found = MIGRATIONS[old](found)
    said = found.get("settings")
    return {**found, "settings": {**UNSAID, **said}} if isinstance(said, dict) else found


def _version(schema: Any) -> int:
    """The 1 of `sdgen.image/1`."""
    match = (
        re.fullmatch(r"sdgen\.image/([1-9]\d{0,5})", schema) if isinstance(schema, str) else None
    )
    if not match:
        raise InputError("not a record of sdgen (no schema sdgen.image/…)")
    return int(match[1])


def _explain(fault: ErrorDetails) -> str:
    place = [*fault["loc"], *([fault["ctx"]["field"]] if fault["type"] == LACKS else [])]
    named = ".".join(map(str, place)) or "record"
    field = repr(named)[1:-1]  # a name may hold a line break, and an error is one line
    if fault["type"] == "extra_forbidden":
        return f"{field} is a setting that this sdgen does not know"
    return f"{field}: {fault['msg'].removeprefix('Value error, ')}"
