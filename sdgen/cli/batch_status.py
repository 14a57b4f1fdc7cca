"""`sdgen batch status FOLDER...`: how far batches and shards are."""

from pathlib import Path
from typing import Annotated

import typer

from sdgen.batch.status import PartStatus, read_batch, status_of
from sdgen.cli.options import Json
from sdgen.cli.output import Output

Folders = Annotated[
    list[Path], typer.Argument(metavar="FOLDER...", help="Output folders of batches or shards.")
]


def batch_status(folders: Folders, as_json: Json = False) -> None:
    """Show how many jobs are done, failed and missing; draws and writes nothing."""
    out = Output(as_json=as_json)
    parts = [part for folder in folders for part in status_of(read_batch(folder))]
    rows = [
        (part.folder, part.shard, part.jobs, part.done, part.failed, part.missing) for part in parts
    ]
    out.table(rows, ("folder", "part", "jobs", "done", "failed", "missing"))
    for part in parts:
        out.json(_object(part))
    left = sum(part.failed + part.missing for part in parts)
    out.say("all done" if not left else f"{left} of {sum(p.jobs for p in parts)} are to be drawn")


def _object(part: PartStatus) -> dict[str, object]:
    return {
        "folder": str(part.folder),
        "part": str(part.shard),
        "jobs": part.jobs,
        "done": part.done,
        "failed": part.failed,
        "missing": part.missing,
    }
