"""`sdgen show IMAGE…`: the record of a picture, for people and as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdgen.cli.options import Json
from sdgen.cli.output import Output, display
from sdgen.errors import InputError, SdgenError

if TYPE_CHECKING:
    from sdgen.metadata.record import Record

Row = tuple[str, str]


def show(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Pictures, or their .json files.")
    ],
    as_json: Json = False,
) -> None:
    """Show what made a picture: settings, model, environment."""
    from sdgen.files.reading import read_record_of, records_disagree

    out = Output(as_json=as_json)
    faults: list[SdgenError] = []
    for number, path in enumerate(images):
        try:
            record, unlike = read_record_of(path), records_disagree(path)
        except SdgenError as error:
            faults.append(error)
            continue
        if unlike:
            out.warn(display(f"{path}: its .json file says otherwise about {', '.join(unlike)}"))
        out.json({"path": str(path), "record": record_object(record)})
        if number:
            out.result("")
        out.result(display(str(path)))
        out.table((f"  {name}", value) for name, value in record_rows(record))
    _raise_all(faults, len(images))


def _raise_all(faults: list[SdgenError], asked: int) -> None:
    """The one fault as it is; several as one that lists them, after all others were shown."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise InputError(f"{len(faults)} of {asked} have no record", details=map(str, faults))


def record_object(record: "Record") -> dict[str, object]:
    """The record as plain data, with the keys of the JSON that lies beside the picture."""
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


def record_rows(record: "Record") -> list[Row]:
    """The record as name and value, in the order in which people ask: what, by what, where."""
    settings = {name: str(value) for name, value in record.settings.model_dump().items()}
    return [
        *settings.items(),
        *_model_rows(record),
        ("diffusers scheduler", record.scheduler.class_name),
        *_picture_rows(record),
        ("made by", f"{record.software.name} {record.software.version}"),
        ("made at", record.created.isoformat()),
        *((f"  {name}", str(value)) for name, value in record.environment.items()),
        *(("notice", notice) for notice in record.notices),
        *_parent_rows(record),
    ]


def _model_rows(record: "Record") -> Iterator[Row]:
    yield "pipeline", record.model.pipeline
    if record.model.revision:
        yield "revision", record.model.revision
    for file, digest in record.model.files.items():
        yield f"  {file}", f"sha256 {digest[:16]}…"


def _picture_rows(record: "Record") -> Iterator[Row]:
    image, batch = record.image, record.batch
    yield "pixels", f"{image.width}x{image.height}, sha256 {image.sha256[:16]}…"
    if batch.size > 1:
        yield "drawn together", f"{batch.size} pictures, this one in place {batch.slot + 1}"
    if record.job:
        yield "job", record.job.id


def _parent_rows(record: "Record") -> Iterator[Row]:
    if not record.parent:
        return
    yield "variation of", f"sha256 {record.parent.pixels_sha256[:16]}…"
    for name, value in record.parent.changed.items():
        yield f"  {name} there", str(value)
