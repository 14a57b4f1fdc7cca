"""`sdgen find QUERY FOLDER…`: the pictures that were made so."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdgen.cli.options import Json, Quiet
from sdgen.cli.output import Output
from sdgen.cli.progress import shorten
from sdgen.cli.signals import stop_on_signals
from sdgen.errors import InputError
from sdgen.stop import Stop

if TYPE_CHECKING:
    from sdgen.files.index import Indexed

Query = Annotated[
    str,
    typer.Argument(
        metavar="QUERY",
        help="Such as 'steps>20 and sampler~euler and prompt~beach'; '' is all.",
    ),
]
Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[FOLDER...]", help="Where; else the current folder.")
]
Paths = Annotated[bool, typer.Option("--paths", help="Bare paths, one a line, for programs.")]
Null = Annotated[bool, typer.Option("-0", "--null", help="Bare paths, each with a NUL behind.")]
Sort = Annotated[str, typer.Option("--sort", metavar="FIELD", help="Sort by it; else by path.")]
Reverse = Annotated[bool, typer.Option("--reverse", "-r", help="The other way round.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Read all pictures again.")]

HEADERS = ("picture", "model", "scheduler", "steps", "seed", "size", "prompt")
TOLD_AFTER = 1000
MOST_FAULTS = 5


def find(
    *,
    query: Query,
    folders: Folders = None,
    paths: Paths = False,
    null: Null = False,
    sort: Sort = "path",
    reverse: Reverse = False,
    limit: Limit = None,
    rebuild: Rebuild = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find pictures by what made them, sdgen's and other programs', below FOLDER.

    QUERY has comparisons of settings (= != > >= < <=, and ~ for contained in), joined by and, or,
    not and brackets; a word alone is one of the prompt.
    """
    from sdgen.files.folders import is_folder
    from sdgen.metadata.query import field_named, parse_query, sort_key

    out = Output(as_json=json, quiet=quiet)
    if json and (paths or null):
        raise InputError("--json, or bare paths, but not both")
    if query.strip() and not folders and is_folder(Path(query)):
        raise InputError("the query comes first", hint=f"all of it: sdgen find '' {query}")
    matches, key = parse_query(query), sort_key(field_named(sort))
    with stop_on_signals() as stop:
        pictures = _pictures(folders or [Path()], out, stop, rebuild=rebuild)
    found = [one for one in pictures if matches(one.facts)]
    found.sort(key=lambda one: key(one.facts), reverse=reverse)
    _tell(found[:limit], out, is_bare=paths, is_null=null)
    if not found:
        out.say(f"none of {len(pictures)} pictures is so")
    elif limit is not None and found[limit:]:
        out.say(f"{limit} of {len(found)}")


def _pictures(
    folders: Sequence[Path], out: Output, stop: Stop, *, rebuild: bool
) -> "list[Indexed]":
    """The readable pictures below `folders`, with name and path among their facts."""
    from sdgen.files.formats import SUFFIXES
    from sdgen.files.index import FAULT, indexed
    from sdgen.files.walk import find_pictures

    paths: dict[Path, None] = {}
    faults: list[str] = []
    for folder in folders:
        walked = find_pictures(folder)
        paths |= dict.fromkeys(path for path in walked.items if path.suffix.lower() in SUFFIXES)
        faults += [f"{path}: {reason}" for path, reason in walked.refused.items()]

    def on_read(done: int, count: int) -> None:
        stop.check()
        if done % TOLD_AFTER == 0 and count >= TOLD_AFTER:
            out.say(f"reading pictures for the index: {done} of {count}")

    found = indexed(list(paths), tell=out.warn, on_read=on_read, forget=rebuild)
    faults += [one.facts[FAULT] for one in found if FAULT in one.facts]
    for fault in faults[:MOST_FAULTS]:
        out.warn(fault)
    if faults[MOST_FAULTS:]:
        out.warn(f"and {len(faults) - MOST_FAULTS} more that cannot be read")
    sound = [one for one in found if FAULT not in one.facts]
    for one in sound:
        one.facts.update(name=one.path.name, path=str(one.path))
    return sound


def _tell(found: "Sequence[Indexed]", out: Output, *, is_bare: bool, is_null: bool) -> None:
    if is_null and not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(b"".join(os.fsencode(one.path) + b"\0" for one in found))
        sys.stdout.buffer.flush()
    elif is_bare or is_null:
        for one in found:
            out.result(str(one.path))
    elif out.as_json:
        for one in found:
            out.json(one.facts)
    elif found:
        out.table([_row(one) for one in found], HEADERS)


def _row(one: "Indexed") -> list[str]:
    facts = one.facts
    room = max(20, shutil.get_terminal_size((120, 24)).columns - 70)
    short = shorten(str(facts.get("prompt", "")), room)
    return [str(one.path), *(str(facts.get(name, "")) for name in HEADERS[1:-1]), short]
