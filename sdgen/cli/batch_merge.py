"""`sdgen batch merge FOLDER... -o FOLDER`: shards become one folder."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sdgen.cli.batch_status import Folders
from sdgen.cli.options import Json
from sdgen.cli.output import Output
from sdgen.errors import InputError
from sdgen.files.objects import refuse_address

Into = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where all of it goes.")
]
Copy = Annotated[bool, typer.Option("--copy", help="Copy files, where links would do.")]


def batch_merge(folders: Folders, output: Into, copy: Copy = False, as_json: Json = False) -> None:
    """Bring the shards of one batch together; the batch command then finds all of it done.

    Checks first that the shards are of the same jobs, are all of them, and agree. Pictures and
    records are linked, or copied to another disk.
    """
    from sdgen.batch.merge import merge

    out = Output(as_json=as_json)
    refuse_address(output, "merge on a disk, and upload the folder")
    into = os.path.realpath(output)  # a link that leads to itself is told of where it is written to
    if any(os.path.realpath(folder) == into for folder in folders):
        raise InputError(f"{output} is one of the shards", hint="choose a new folder with -o")
    done = merge(folders, output, copy=copy)
    there = done.pictures - done.placed
    told = f"{done.pictures} pictures in {output}" + (f", {there} there before" if there else "")
    out.say(told + (f"; {done.copied} copied" if done.copied else ""))
    out.json({"pictures": done.pictures, "placed": done.placed, "copied": done.copied})
