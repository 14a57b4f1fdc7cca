"""Drawing another program's picture for a command: its report, the picture, the verdict."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from sdgen.cli.attempts import Outcome, Request
from sdgen.cli.drawing import draw_one, save, steps
from sdgen.cli.fidelity_table import HEADERS, fidelity_rows
from sdgen.cli.locked import check_locked
from sdgen.cli.output import Output
from sdgen.cli.progress import Display
from sdgen.errors import InputError, ModelError
from sdgen.following import Places, model_for, planned, settled, verdict_on, with_source
from sdgen.metadata.formats.fidelity import settings_of
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import FieldReport
from sdgen.stop import Stop
from sdgen.verdict import Verdict


def follow(  # what any attempt gets, and the recipe
    path: Path,
    found: Foreign,
    picture: Image.Image | None,
    request: Request,
    out: Output,
    shown: Display,
    stop: Stop,
) -> Outcome:
    """Follow the recipe of another program's picture, and compare.

    Args:
        path: Of the picture, for people.
        found: Its recipe.
        picture: Its pixels; None where there is only the recipe.
        request: What was asked for; its settings count more than the recipe's.
        out: Hears the report.
        shown: Shows how far it is.
        stop: Looked at between steps.

    Raises:
        SdgenError: It could not be drawn; the report has been told.
    """
    places = Places(request.place, request.model_dirs, request.lora_dirs)
    taken, reports = settings_of(found)
    try:
        meant = model_for(found, places)
        plan, written = planned(taken, request.flags, meant, places)
    except (ModelError, InputError):
        _tell(path, found, reports, out)
        raise
    reports = settled(found, reports, meant, request.flags, plan)
    _tell(path, found, reports, out)
    check_locked(request.lock, [plan.model])
    if request.check_only:
        verdict = Verdict("unchecked", "the recipe can be followed (nothing drawn)")
        return Outcome(path, verdict, told=_object(found, reports))
    drawing, _ = draw_one((plan, written), request.device, out, shown, steps(shown, stop))
    verdict, alike = verdict_on(picture, drawing, reports, request.tolerance)
    kept = None
    if request.target:
        kept = save(with_source(drawing, found, reports, picture), 0, request.target).path
        out.result(str(kept))
    told = _object(found, reports) | {"likeness": asdict(alike) if alike else None}
    return Outcome(path, verdict, kept, told=told)


def _tell(path: Path, found: Foreign, reports: Sequence[FieldReport], out: Output) -> None:
    out.result(f"{path}: {found.tool} {found.version}".rstrip())
    for notice in found.notices:
        out.result(f"  {notice}")
    out.table(fidelity_rows(reports), HEADERS)


def _object(found: Foreign, reports: Sequence[FieldReport]) -> dict[str, Any]:
    return {
        "foreign": {"tool": found.tool, "version": found.version, "notices": list(found.notices)},
        "fidelity": [asdict(one) for one in reports],
    }
