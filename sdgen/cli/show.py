"""`sdgen show IMAGE…`: what made a picture, for people and as JSON, whichever program it was."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sdgen.cli.fidelity_table import HEADERS, fidelity_rows
from sdgen.cli.options import Json
from sdgen.cli.output import Output
from sdgen.cli.stdin import STDIN, read_stdin, recipe_of_stdin
from sdgen.errors import InputError, SdgenError
from sdgen.recipe.texts import shown

if TYPE_CHECKING:
    from sdgen.files.signing import Signature
    from sdgen.metadata.formats.foreign import Foreign
    from sdgen.metadata.record import AddedRecord, Record

Row = tuple[str, str]


def show(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE...", help="Pictures, or .json and .txt files of them; - is stdin."
        ),
    ],
    fidelity: Annotated[
        bool,
        typer.Option("--fidelity", help="How near sdgen comes to another program's picture."),
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="The pictures that it was drawn from, as a tree.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what made a picture: settings, model, environment. Other programs' pictures too."""
    out = Output(as_json=as_json)
    faults: list[SdgenError] = []
    for number, path in enumerate(images):
        try:
            found, unlike = _read(path)
        except SdgenError as error:
            faults.append(error)
            continue
        if unlike:
            out.warn(f"{path}: its .json file says otherwise about {', '.join(unlike)}")
        if number:
            out.result("")
        if history:
            _tell_history(out, path, found)
        else:
            _tell(out, path, found, fidelity=fidelity)
    _raise_all(faults, len(images))


def _read(path: Path) -> "tuple[Record | Foreign, list[str]]":
    """What made the picture, and where its sidecar disagrees."""
    from sdgen.files.foreign import read_recipe_of
    from sdgen.files.reading import records_disagree
    from sdgen.metadata.record import Record

    if path != STDIN:
        found = read_recipe_of(path)
        return found, records_disagree(path) if isinstance(found, Record) else []
    return recipe_of_stdin(read_stdin()), []


def _tell(out: Output, path: Path, found: "Record | Foreign", *, fidelity: bool) -> None:
    from sdgen.metadata.record import Record

    name = "stdin" if path == STDIN else str(path)
    out.result(name)
    if not isinstance(found, Record):
        _tell_foreign(out, name, found, _signature_of(path), fidelity=fidelity)
        return
    signature = _signature_of(path)
    signed = {"signature": asdict(signature)} if signature else {}
    out.json({"path": name, "record": record_object(found), **signed})
    rows = [*record_rows(found), *_signature_rows(signature)]
    out.table((f"  {row}", value) for row, value in rows)
    if fidelity:
        out.say(f"{name} is sdgen's own: sdgen reproduce draws it again and compares")


def _tell_history(out: Output, path: Path, found: "Record | Foreign") -> None:
    from sdgen.cli.history import history_lines, history_of
    from sdgen.metadata.record import Record

    name = "stdin" if path == STDIN else str(path)
    out.result(name)
    if not isinstance(found, Record):
        out.result(f"  drawn by {found.tool}, which tells no history")
        out.json({"path": name, "history": None})
        return
    out.json({"path": name, "history": history_of(found)})
    for line in history_lines(found):
        out.result(f"  {line}")


def _signature_of(path: Path) -> "Signature | None":
    """What the picture's signature is worth; None where there is none, or no picture."""
    from sdgen.files.signing import signature_of

    return None if path == STDIN else signature_of(path)


def _signature_rows(found: "Signature | None") -> Iterator[Row]:
    if found is None:
        return
    if found.is_sound is None:
        yield "signed", "C2PA; pip install 'sdgen[c2pa]' to check it"
        return
    by = f" by {found.signer}" if found.signer else ""
    at = f" at {found.time}" if found.time else ""
    worth = "sound" if found.is_sound else f"NOT SOUND: {', '.join(found.problems) or 'unknown'}"
    yield "signed", f"C2PA{by}{at}, {worth}"


def _tell_foreign(
    out: Output, name: str, found: "Foreign", signature: "Signature | None", *, fidelity: bool
) -> None:
    from sdgen.metadata.formats.fidelity import settings_of

    layer, reports = settings_of(found)
    out.json(
        {
            "path": name,
            "foreign": foreign_object(found),
            "settings": dict(layer.values),
            "fidelity": [asdict(report) for report in reports],
            **({"signature": asdict(signature)} if signature else {}),
        }
    )
    rows = [*foreign_rows(found), *_signature_rows(signature)]
    out.table((f"  {row}", value) for row, value in rows)
    if fidelity:
        out.result("")
        out.table(fidelity_rows(reports), HEADERS)


def _raise_all(faults: list[SdgenError], asked: int) -> None:
    """The one fault as it is; several as one that lists them, after all others were shown."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        from sdgen.files.reading import NoRecordError

        are_sound = all(isinstance(fault, NoRecordError) for fault in faults)
        what = "have no record" if are_sound else "cannot be shown"
        raise InputError(f"{len(faults)} of {asked} {what}", details=map(str, faults))


def foreign_object(found: "Foreign") -> dict[str, Any]:
    """Another program's recipe as plain data, less what it does not say."""
    return {key: value for key, value in asdict(found).items() if value not in (None, "", (), {})}


def foreign_rows(found: "Foreign") -> list[Row]:
    """Another program's recipe as name and value: what sdgen knows, then the program's words."""
    return [
        ("made with", f"{found.tool} {found.version}".rstrip()),
        *((name, value) for name, value in _known(found) if value not in ("", "None")),
        *((f"  {name}", value) for name, value in found.extras.items()),
        *(("notice", notice) for notice in found.notices),
    ]


def _known(found: "Foreign") -> Iterator[Row]:
    yield "prompt", found.prompt
    yield "negative_prompt", found.negative_prompt
    yield "model", f"{found.model} {f'[{found.model_hash}]' if found.model_hash else ''}".strip()
    yield "sampler", ", ".join(filter(None, (found.sampler, found.schedule)))
    for name in ("steps", "guidance_scale", "guidance_rescale", "seed"):
        yield name, _said(getattr(found, name))
    yield "size", f"{found.width}x{found.height}" if found.width and found.height else ""
    for name in (
        "variation_seed",
        "variation_strength",
        "strength",
        "eta",
        "ensd",
        "clip_skip",
        "vae",
    ):
        yield name, _said(getattr(found, name))
    for lora in found.loras:
        weight = "" if lora.weight is None else f" at {lora.weight:g}"
        yield "lora", f"{lora.name}{weight}{f' [{lora.hash}]' if lora.hash else ''}"
    yield "noise", found.noise


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def record_object(record: "Record") -> dict[str, object]:
    """The record as plain data, with the keys of the JSON that lies beside the picture."""
    return record.model_dump(mode="json", by_alias=True, exclude_none=True)


def record_rows(record: "Record") -> list[Row]:
    """The record as name and value, in the order in which people ask: what, by what, where."""
    said = record.settings.model_dump(exclude_none=True)
    settings = {name: shown(value) for name, value in said.items()}
    return [
        *settings.items(),
        *_written_rows(record),
        *_source_rows(record),
        *_model_rows(record),
        ("diffusers scheduler", record.scheduler.class_name),
        *_picture_rows(record),
        ("made by", f"{record.software.name} {record.software.version}"),
        ("made at", record.created.isoformat()),
        *((f"  {name}", str(value)) for name, value in record.environment.items()),
        *(("notice", notice) for notice in record.notices),
        *_parent_rows(record),
        *_followed_rows(record),
    ]


def _source_rows(record: "Record") -> Iterator[Row]:
    for one in record.sources:
        size = f"{one.width}x{one.height}"
        yield f"drawn from {one.role}", f"{one.name}, {size}, sha256 {one.pixels_sha256[:16]}…"


def _written_rows(record: "Record") -> Iterator[Row]:
    if record.written is None:
        return
    for name in ("prompt", "negative_prompt"):
        if (text := getattr(record.written, name)) != getattr(record.settings, name):
            yield f"{name} as written", text
    if record.written.styles:
        yield "styles", ", ".join(record.written.styles)


def _model_rows(record: "Record") -> Iterator[Row]:
    yield "pipeline", record.model.pipeline
    if record.model.repository:
        yield "repository", record.model.repository
    if record.model.revision:
        yield "revision", record.model.revision
    for file, digest in record.model.files.items():
        yield f"  {file}", f"sha256 {digest[:16]}…"
    for one in record.added:
        yield f"  {one.kind} {one.name}", f"{_extent(one)}sha256 {one.sha256[:16]}…"


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


def _followed_rows(record: "Record") -> Iterator[Row]:
    if not (found := record.followed):
        return
    yield "after a picture of", f"{found.tool} {found.version}".rstrip()
    if found.pixels_sha256:
        yield "  its pixels", f"sha256 {found.pixels_sha256[:16]}…"
    for name, fidelity in found.fidelity.items():
        yield f"  {name} there", fidelity


def _extent(added: "AddedRecord") -> str:
    """How much of a model it changed, as far as that has a number."""
    words = {
        "lora": "layers",
        "embedding": "vectors",
        "ip_adapter": "layers",
        "upscaler": "blocks",
    }
    return f"{added.modules} {words[added.kind]}, " if added.kind in words else ""
