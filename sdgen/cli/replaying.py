"""Drawing one picture again for a command: what was asked, what came of it, how that is told."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from sdgen.cli.cells import original_in
from sdgen.cli.drawing import report, save, steps, warn_of
from sdgen.cli.locked import OpenLock, check_locked
from sdgen.cli.output import Output, error_object
from sdgen.cli.progress import Display, shorten
from sdgen.cli.target import Target
from sdgen.engine import Drawing, Tell
from sdgen.errors import InterruptedRunError, ReproductionError, SdgenError
from sdgen.files.folders import is_file
from sdgen.files.formats import SUFFIXES
from sdgen.files.images import open_pixels, read_record_of, records_disagree
from sdgen.metadata.compare import Difference
from sdgen.metadata.record import Record, as_written
from sdgen.models import LocalModel
from sdgen.recipe.layers import Layer
from sdgen.replay import (
    Original,
    Verdict,
    changed_weights,
    check,
    check_only,
    draw_like,
    open_like,
    recorded_model,
    redraw,
)
from sdgen.stop import Stop
from sdgen.variation import vary, with_parent


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, beside the pictures."""

    flags: Layer
    place: str | None
    device: str
    tolerance: int
    check_only: bool
    target: Target | None
    lock: OpenLock | None = None
    lora_dirs: tuple[Path, ...] = ()
    cell: tuple[int, ...] = ()
    """Row, column and block, from 1, of a grid's sheet; nothing where it is a picture."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one picture: a verdict, or why there is none; neither for a variation.

    `warnings` were not told yet; they belong before it.
    """

    path: Path
    verdict: Verdict | None = None
    kept: Path | None = None
    error: SdgenError | None = None
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The verdict in one word; `failed` without one."""
        return self.verdict.kind if self.verdict else "failed"

    @property
    def failure(self) -> SdgenError | None:
        """What the command ends with because of this picture, if it is the only one."""
        if self.verdict is None or self.verdict.reproduced:
            return self.error
        return ReproductionError(f"{self.path} came out different")


def attempt(path: Path, request: Request, out: Output, shown: Display, stop: Stop) -> Outcome:
    """Draw the picture at `path` again, or vary it; what goes wrong with it is its outcome.

    Raises:
        InterruptedRunError: `stop` was requested.
    """
    try:
        stop.check()
        original, model = opened(path, request, out.warn)
        if request.flags.values:
            _variation(original.record, model, request, out, shown, stop)
            return Outcome(path)
        verdict, drawing = _verdict(original, model, request, out, shown, stop)
        kept = None
        if drawing and request.target:
            again = drawing.record.model_copy(update={"written": original.record.written})
            kept = save(Drawing(drawing.image, again), 0, request.target).path
        return Outcome(path, verdict, kept)
    except InterruptedRunError:
        raise
    except SdgenError as error:
        return Outcome(path, error=error)


def outcome_line(outcome: Outcome) -> str:
    """`identical: fox.png: every pixel is the same`, or `failed: fox.png: is empty`."""
    if outcome.verdict is None:
        reason = str(outcome.error).removeprefix(f"{outcome.path}: ")
    else:
        reason = str(outcome.verdict).removeprefix(f"{outcome.kind}: ").removeprefix("equivalent ")
    return f"{outcome.kind}: {outcome.path}: {reason}"


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """The outcome as data."""
    value: dict[str, Any] = {"image": str(outcome.path)}
    if outcome.error is not None:
        return value | {"error": error_object(outcome.error)}
    verdict = outcome.verdict
    assert verdict is not None  # a variation is told as a drawing
    kept = str(outcome.kept) if outcome.kept else None
    value |= {"verdict": verdict.kind, "reason": verdict.reason, "output": kept}
    if verdict.distance is not None:
        value |= {"max_level": verdict.distance.largest, "share": verdict.distance.share}
    return value | {"differences": [_difference_object(one) for one in verdict.differences]}


def _difference_object(one: Difference) -> dict[str, Any]:
    """One fact that is not as it was; null where one of the two records does not say it."""
    return {"part": one.part, "name": one.name, "recorded": one.a, "here": one.b}


def opened(path: Path, request: Request, warn: Tell) -> tuple[Original, LocalModel]:
    """The picture at `path` and the model that it names, if a lock allows it.

    Raises:
        InputError: The picture or its record is damaged.
        ModelError: The model is not here, or not in the lock.
    """
    if request.cell:
        original = original_in(path, request.cell)
    else:
        original = Original(read_record_of(path), pixels_at(path))
        for field in records_disagree(path):
            warn(f"{path.name}: the picture and its .json disagree about {field}")
    model = recorded_model(original.record, request.place, request.lora_dirs)
    check_locked(request.lock, [model])
    return original, model


def pixels_at(path: Path) -> Image.Image | None:
    """The pixels of the picture at `path`, or of the one beside a .json; None where it is gone.

    Raises:
        InputError: They cannot be read.
    """
    picture = _picture_of(path)
    return None if picture is None else open_pixels(picture)


def _picture_of(path: Path) -> Path | None:
    """The picture that belongs to `path`, which may be its .json."""
    if path.suffix.lower() != ".json":
        return path
    return next((p for s in SUFFIXES if is_file(p := path.with_suffix(s))), None)


def _verdict(
    original: Original,
    model: LocalModel,
    request: Request,
    out: Output,
    shown: Display,
    stop: Stop,
) -> tuple[Verdict, Drawing | None]:
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
        original,
        model,
        generator,
        tolerance=request.tolerance,
        on_step=steps(shown, stop),
        tell=out.warn,
    )
    return known or verdict, drawing


def _variation(
    record: Record, model: LocalModel, request: Request, out: Output, shown: Display, stop: Stop
) -> None:
    """Draw the recorded picture with changed settings, and keep it."""
    if changed := changed_weights(record, model):
        out.warn(f"the model has other files than it had: {', '.join(changed[:3])}")
    planned, written = vary(record, request.flags, model, request.lora_dirs)
    check_locked(request.lock, [planned.model])  # it may have other LoRAs than the record
    shown.picture(f"loading {planned.model.name}")
    generator = open_like(record, request.device)
    warn_of(generator, planned.settings, planned.model, out)
    shown.picture(shorten(planned.settings.prompt))
    started = time.perf_counter()
    drawing = draw_like(
        record,
        planned.settings,
        planned.model,
        generator,
        on_step=steps(shown, stop),
        tell=out.warn,
    )
    seconds = time.perf_counter() - started
    drawing = with_parent(drawing, record)
    drawing = Drawing(drawing.image, as_written(drawing.record, written))
    assert request.target is not None  # a variation is always kept
    report(out, drawing, save(drawing, 0, request.target), seconds)
