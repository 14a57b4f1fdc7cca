"""`sdgen schema`: the JSON Schema of what sdgen writes, for programs that read it."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from sdgen.cli.options import Json
from sdgen.cli.output import Output

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_OF_FLAGS = ("aliases", "metavar")
"""What the settings say of the command line, and not of a record."""


class Written(StrEnum):
    """What has a schema."""

    RECORD = "record"
    LOCK = "lock"


def schema(
    of: Annotated[
        Written, typer.Argument(metavar="record|lock", help="Of a picture's record, or of a lock.")
    ] = Written.RECORD,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of the record in and beside each picture, or of sdgen.lock."""
    out = Output(as_json=as_json)
    found = schema_of(of)
    out.json(found)
    for line in json.dumps(found, ensure_ascii=False, indent=2).splitlines():
        out.result(line)


def schema_of(of: Written) -> dict[str, Any]:
    """The schema as data; it describes the newest version of the format."""
    from sdgen.metadata.record import Record
    from sdgen.models.lock import Lock

    model = Record if of is Written.RECORD else Lock
    found = model.model_json_schema(by_alias=True)
    required = ["schema", *found["required"]]  # it has a default, and is never left out
    return {"$schema": DIALECT, **_without_flags(found), "required": required}


def _without_flags(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_flags(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_flags(value) for key, value in part.items() if key not in _OF_FLAGS}
