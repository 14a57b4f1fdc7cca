"""`sdgen reproduce IMAGE|JSON|FOLDER…`: draw again from the record, compare, give a verdict."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen.cli.attempts import Outcome, Request, outcome_line, outcome_object
from sdgen.cli.cells import place_of
from sdgen.cli.locked import Locked, LockFile, check_locked, open_lock
from sdgen.cli.options import Device, Format, Json, LoraDirs, Overwrite, Quiet, with_settings
from sdgen.cli.output import Output
from sdgen.cli.privacy import NoEmbed, Privacy, inside_of
from sdgen.cli.progress import open_display
from sdgen.cli.replaying import attempt
from sdgen.cli.reproduce_all import reproduce_all
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.target import target_of
from sdgen.errors import InputError, ReproductionError, SdgenError
from sdgen.files.folders import is_folder
from sdgen.files.formats import SUFFIXES, Inside
from sdgen.files.sheets import is_sheet
from sdgen.models.hub import with_revision
from sdgen.recipe.layers import Layer
from sdgen.sources.store import ROLES
from sdgen.verdict import DEFAULT_TOLERANCE

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="IMAGE|JSON|FOLDER...", help="Pictures, their .json, or folders; - is stdin."
    ),
]
All = Annotated[
    bool,
    typer.Option("--all", help="Check every picture below the folders, and sum up."),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="With --all: what has no record is a failure too."),
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Draw nothing: compare picture, record and model files only."),
]
Cell = Annotated[
    str | None,
    typer.Option("--cell", metavar="ROW,COLUMN", help="One picture of a grid's sheet: 2,3."),
]
Tolerance = Annotated[
    int,
    typer.Option(
        "--tolerance", min=0, max=255, metavar="LEVELS",
        help="Levels of 255 that still count as equivalent.",
    ),
]  # fmt: skip
Keep = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PATH", help="Keep the new picture: folder or file."),
]

ModelDirs = Annotated[
    list[Path],
    typer.Option(
        "--model-dir", metavar="FOLDER",
        help="Where models lie that another program's picture names; repeatable.",
    ),
]  # fmt: skip


@with_settings(prompt=False, asks=False)
def reproduce(
    *,
    flags: Layer,
    sources: Sources,
    all_below: All = False,
    strict: Strict = False,
    check: Check = False,
    cell: Cell = None,
    tolerance: Tolerance = DEFAULT_TOLERANCE,
    lora_dir: LoraDirs = [],
    model_dir: ModelDirs = [],
    device: Device = "auto",
    output: Keep = None,
    format: Format = None,
    privacy: Privacy = None,
    no_embed: NoEmbed = False,
    overwrite: Overwrite = False,
    locked: Locked = False,
    lock_file: LockFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw a picture again from its record and say: identical, equivalent, or different and why.

    Changed settings make a variation instead, whose record tells its parent. --model says where
    the recorded model lies, --image and --mask where the pictures are that it was drawn from; they
    must be the same. Of another program's picture, what can be followed is, and each field is told.
    """
    out = Output(as_json=json, quiet=quiet)
    if strict and not all_below:
        raise InputError("--strict is for --all")
    inside = inside_of(privacy, no_embed=no_embed)
    request = _request(flags, device, tolerance, check, output, format, overwrite, inside)
    request = replace(
        request,
        lock=open_lock(locked=locked, path=lock_file),
        lora_dirs=tuple(lora_dir),
        model_dirs=tuple(model_dir),
        cell=place_of(cell),
    )
    check_locked(request.lock, [])  # the versions; a model when it is known
    if request.cell and (all_below or len(sources) > 1):
        raise InputError("--cell is for the sheet of one grid")
    if all_below:
        if request.target is not None:
            raise InputError("--all is a check: it takes no settings and no --output")
        reproduce_all(sources, request, out, is_strict=strict)
    else:
        _reproduce(sources, request, out)


def _request(
    flags: Layer,
    device: str,
    tolerance: int,
    check_only: bool,
    output: Path | None,
    format: str | None,
    overwrite: bool,
    inside: Inside,
) -> Request:
    values = dict(flags.values)
    place = values.pop("model", None)
    if (revision := values.pop("revision", None)) is not None:
        if place is None:
            raise InputError("--revision needs --model: the record has a commit of its own")
        place = with_revision(str(place), str(revision))
    given: dict[str, list[str]] = {
        role: _several(values.pop(role)) for role in ROLES if role in values
    }
    changed = replace(flags, values=values)
    if check_only and (values or output):
        raise InputError("--check draws nothing, so it takes no settings and no --output")
    if not (output or values) and (format or overwrite or inside != "record"):
        told = "--format, --overwrite, --privacy and --no-embed are for a picture that is kept"
        raise InputError(f"{told}: add --output")
    kept = output if output is not None or not values else Path("outputs")
    target = None
    if kept is not None:
        target = target_of(kept, format, overwrite=overwrite, inside=inside)
    return Request(changed, place, device, tolerance, check_only, target, given=given)


def _several(said: Any) -> list[str]:
    """Paths as typed: one, or a list."""
    return list(map(str, said)) if isinstance(said, list) else [str(said)]


def _reproduce(sources: list[Path], request: Request, out: Output) -> None:
    """Try the pictures that are named, and those in the folders that are."""
    paths = list(_pictures(sources))
    if not paths:
        raise InputError(f"no picture in {', '.join(map(str, sources))}")
    if request.target is not None:
        if request.target.stem and len(paths) > 1:
            raise InputError("several pictures need a folder, not one file, behind --output")
        request = replace(request, target=request.target.checked(1))
    with stop_on_signals() as stop, open_display(out) as shown:
        failures = []
        for path in paths:
            outcome = attempt(path, request, out, shown, stop)
            _tell(outcome, out, is_single=len(paths) == 1)
            failures.append(outcome.failure)
    _conclude(failures)


def _pictures(sources: list[Path]) -> Iterator[Path]:
    """The files among `sources`, and the pictures in the folders among them."""
    for source in sources:
        if not is_folder(source):
            yield source
            continue
        try:
            paths = [path for path in sorted(source.iterdir()) if _is_picture(path)]
            yield from (path for path in paths if not is_sheet(path))
        except OSError as error:
            raise InputError(f"{source}: cannot be read ({error.strerror})") from error


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _tell(outcome: Outcome, out: Output, *, is_single: bool) -> None:
    """The verdict on stdout; a failure among several as a warning, as the only one at the end."""
    if outcome.verdict is not None:
        out.result(outcome_line(outcome))
    elif outcome.error is not None and not is_single:
        out.warn(outcome_line(outcome).removeprefix(f"{outcome.kind}: "))
    if outcome.verdict is not None or outcome.error is not None:
        out.json(outcome_object(outcome))


def _conclude(failures: list[SdgenError | None]) -> None:
    """End with the code that fits: 7 when one differs, else that of the first failure.

    Raises:
        SdgenError: One or more pictures did not come out again.
    """
    bad = [failure for failure in failures if failure is not None]
    if not bad:
        return
    if len(failures) == 1:
        raise bad[0]
    different = sum(isinstance(error, ReproductionError) for error in bad)
    if different:
        raise ReproductionError(f"{different} of {len(failures)} came out different")
    raise type(bad[0])(f"{len(bad)} of {len(failures)} could not be drawn again")
