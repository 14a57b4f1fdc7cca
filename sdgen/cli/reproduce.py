"""`sdgen reproduce IMAGE|JSON|FOLDER…`: draw again from the record, compare, give a verdict."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sdgen.cli.drawing import report, save, steps, warn_of
from sdgen.cli.options import Device, Format, Json, Overwrite, Quiet, with_settings
from sdgen.cli.output import Output, display, error_object
from sdgen.cli.progress import Display, open_display, shorten
from sdgen.cli.signals import stop_on_signals
from sdgen.cli.target import Target, target_of
from sdgen.engine import Drawing
from sdgen.errors import InputError, InterruptedRunError, ReproductionError, SdgenError
from sdgen.files.folders import is_file, is_folder
from sdgen.files.formats import SUFFIXES
from sdgen.files.images import open_pixels, read_record_of, records_disagree
from sdgen.metadata.record import Record
from sdgen.recipe.layers import Layer
from sdgen.replay import (
    DEFAULT_TOLERANCE,
    Original,
    Verdict,
    changed_weights,
    check,
    check_only,
    draw_like,
    open_like,
    recorded_model,
    redraw,
    vary,
    with_parent,
)
from sdgen.stop import Stop

Sources = Annotated[
    list[Path],
    typer.Argument(metavar="IMAGE|JSON|FOLDER...", help="Pictures, their .json, or folders."),
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Draw nothing: compare picture, record and model files only."),
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


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, beside the pictures."""

    flags: Layer
    place: str | None
    device: str
    tolerance: int
    check_only: bool
    target: Target | None
    is_single: bool = True


@with_settings(prompt=False)
def reproduce(
    *,
    flags: Layer,
    sources: Sources,
    check: Check = False,
    tolerance: Tolerance = DEFAULT_TOLERANCE,
    device: Device = "auto",
    output: Keep = None,
    format: Format = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Draw a picture again from its record and say: identical, equivalent, or different and why.

    Changed settings make a variation instead, whose record tells its parent. --model says where
    the recorded model lies; its files must be the same.
    """
    out = Output(as_json=json, quiet=quiet)
    request = _request(flags, device, tolerance, check, output, format, overwrite)
    paths = list(_pictures(sources))
    if not paths:
        raise InputError(f"no picture in {', '.join(map(str, sources))}")
    if request.target is not None:
        if request.target.stem and len(paths) > 1:
            raise InputError("several pictures need a folder, not one file, behind --output")
        request.target.check(1)
    request = replace(request, is_single=len(paths) == 1)
    with stop_on_signals() as stop, open_display(out) as shown:
        results = [_one(path, request, out, shown, stop) for path in paths]
    _conclude(results)


def _request(
    flags: Layer,
    device: str,
    tolerance: int,
    check_only: bool,
    output: Path | None,
    format: str | None,
    overwrite: bool,
) -> Request:
    values = dict(flags.values)
    place = values.pop("model", None)
    changed = replace(flags, values=values)
    if check_only and (values or output):
        raise InputError("--check draws nothing, so it takes no settings and no --output")
    if not (output or values) and (format or overwrite):
        raise InputError("--format and --overwrite are for a picture that is kept: add --output")
    kept = output if output is not None or not values else Path("outputs")
    target = target_of(kept, format, overwrite=overwrite) if kept is not None else None
    return Request(changed, place, device, tolerance, check_only, target)


def _pictures(sources: list[Path]) -> Iterator[Path]:
    """The files among `sources`, and the pictures in the folders among them."""
    for source in sources:
        if not is_folder(source):
            yield source
            continue
        try:
            yield from (path for path in sorted(source.iterdir()) if _is_picture(path))
        except OSError as error:
            raise InputError(f"{source}: cannot be read ({error.strerror})") from error


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _one(
    path: Path, request: Request, out: Output, shown: Display, stop: Stop
) -> SdgenError | None:
    """Reproduce one picture; its failure is told, and does not end the others."""
    try:
        stop.check()
        original = _open(path, out)
        if request.flags.values:
            _variation(original.record, request, out, shown, stop)
            return None
        verdict, drawing = _verdict(original, request, shown, stop)
    except InterruptedRunError:
        raise
    except SdgenError as error:
        out.json({"image": str(path), "error": error_object(error)})
        if not request.is_single:
            out.warn(display(f"{path}: {str(error).removeprefix(f'{path}: ')}"))
        return error
    kept = save(drawing, 0, request.target) if drawing and request.target else None
    out.result(f"{verdict.kind}: {display(str(path))}: {display(_reason(verdict))}")
    out.json(_object(path, verdict, str(kept.path) if kept else None))
    return None if verdict.reproduced else ReproductionError(f"{path} came out different")


def _open(path: Path, out: Output) -> Original:
    record = read_record_of(path)
    for field in records_disagree(path):
        out.warn(f"{display(path.name)}: the picture and its .json disagree about {field}")
    picture = _picture_of(path)
    if picture is None:
        return Original(record)
    return Original(record, open_pixels(picture))


def _picture_of(path: Path) -> Path | None:
    """The picture that belongs to `path`, which may be its .json."""
    if path.suffix.lower() != ".json":
        return path
    return next((p for s in SUFFIXES if is_file(p := path.with_suffix(s))), None)


def _verdict(
    original: Original, request: Request, shown: Display, stop: Stop
) -> tuple[Verdict, Drawing | None]:
    model = recorded_model(original.record, request.place)
    if request.check_only:
        return check_only(original, model), None
    known = check(original, model)
    if known is not None and not (original.tampered and request.target):
        return known, None
    settings = original.record.settings
    shown.picture(f"loading {model.name}")
    generator = open_like(original.record, request.device)
    shown.picture(shorten(settings.prompt))
    drawing, verdict = redraw(
        original, model, generator, tolerance=request.tolerance, on_step=steps(shown, stop)
    )
    return known or verdict, drawing


def _variation(record: Record, request: Request, out: Output, shown: Display, stop: Stop) -> None:
    """Draw the recorded picture with changed settings, and keep it."""
    model = recorded_model(record, request.place)
    if changed := changed_weights(record, model):
        out.warn(f"the model has other files than it had: {display(', '.join(changed[:3]))}")
    planned = vary(record, request.flags, model)
    shown.picture(f"loading {planned.model.name}")
    generator = open_like(record, request.device)
    warn_of(generator, planned.settings, planned.model, out)
    shown.picture(shorten(planned.settings.prompt))
    started = time.perf_counter()
    on_step = steps(shown, stop)
    drawing = draw_like(record, planned.settings, planned.model, generator, on_step=on_step)
    seconds = time.perf_counter() - started
    drawing = with_parent(drawing, record)
    assert request.target is not None  # a variation is always kept
    report(out, drawing, save(drawing, 0, request.target), seconds)


def _reason(verdict: Verdict) -> str:
    return str(verdict).removeprefix(f"{verdict.kind}: ").removeprefix("equivalent ")


def _object(path: Path, verdict: Verdict, kept: str | None) -> dict[str, Any]:
    value: dict[str, Any] = {
        "image": str(path), "verdict": verdict.kind, "reason": verdict.reason, "output": kept
    }  # fmt: skip
    if verdict.distance is not None:
        value["max_level"] = verdict.distance.largest
        value["share"] = verdict.distance.share
    return value


def _conclude(results: list[SdgenError | None]) -> None:
    """End with the code that fits: 7 when one differs, else that of the first failure.

    Raises:
        SdgenError: One or more pictures did not come out again.
    """
    bad = [result for result in results if result is not None]
    if not bad:
        return
    if len(results) == 1:
        raise bad[0]
    different = sum(isinstance(error, ReproductionError) for error in bad)
    if different:
        raise ReproductionError(f"{different} of {len(results)} came out different")
    raise type(bad[0])(f"{len(bad)} of {len(results)} could not be drawn again")
