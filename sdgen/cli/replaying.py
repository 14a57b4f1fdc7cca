"""Drawing one picture again for a command: its record or recipe, the drawing, the outcome."""

import io
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image

from sdgen.cli.attempts import Outcome, Request
from sdgen.cli.cells import original_in
from sdgen.cli.drawing import report, save, steps, warn_of, with_wording
from sdgen.cli.following import follow
from sdgen.cli.locked import check_locked
from sdgen.cli.output import Output
from sdgen.cli.progress import Display, shorten
from sdgen.cli.stdin import STDIN, read_stdin, recipe_of_stdin
from sdgen.engine import Drawing, Tell
from sdgen.errors import InterruptedRunError, SdgenError
from sdgen.files.folders import is_file
from sdgen.files.foreign import read_recipe_of
from sdgen.files.formats import FORMATS, HEAD_BYTES, SUFFIXES, format_in
from sdgen.files.images import open_pixels, records_disagree
from sdgen.files.reading import NoRecordError, pixels_in, readable
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.record import Record
from sdgen.models import LocalModel
from sdgen.recipe.layers import is_list
from sdgen.replay import draw_like, open_like, recorded_model, redraw
from sdgen.sources.recorded import find_recorded
from sdgen.stop import Stop
from sdgen.variation import vary, with_parent
from sdgen.verdict import Original, Verdict, changed_weights, check, check_only


def attempt(path: Path, request: Request, out: Output, shown: Display, stop: Stop) -> Outcome:
    """Draw the picture at `path` again, or vary it; what goes wrong with it is its outcome.

    Raises:
        InterruptedRunError: `stop` was requested.
    """
    try:
        stop.check()
        recipe, picture = _recipe_at(path, request)
        if isinstance(recipe, Foreign):
            return follow(path, recipe, picture, _drawn_from(request), out, shown, stop)
        original, model = _with_model(path, Original(recipe, picture), request, out.warn)
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


def _drawn_from(request: Request) -> Request:
    """`request` for another program's picture: what it was drawn from is a setting to choose."""
    said = {role: each if is_list(role) else each[0] for role, each in request.given.items()}
    flags = replace(request.flags, values={**request.flags.values, **said})
    return replace(request, flags=flags)


def opened(path: Path, request: Request, warn: Tell) -> tuple[Original, LocalModel]:
    """The picture at `path` and the model that it names, if a lock allows it.

    Raises:
        InputError: The picture or its record is damaged.
        ModelError: The model is not here, or not in the lock.
    """
    recipe, picture = _recipe_at(path, request)
    if isinstance(recipe, Foreign):
        raise NoRecordError(f"{path}: has no record of sdgen")
    return _with_model(path, Original(recipe, picture), request, warn)


def _with_model(
    path: Path, original: Original, request: Request, warn: Tell
) -> tuple[Original, LocalModel]:
    for field in records_disagree(path) if path != STDIN and not request.cell else ():
        warn(f"{path.name}: the picture and its .json disagree about {field}")
    model = recorded_model(original.record, request.place, request.lora_dirs)
    find_recorded(original.record, [path.parent, Path()], request.given)
    check_locked(request.lock, [model])
    return original, model


def _recipe_at(path: Path, request: Request) -> tuple[Record | Foreign, Image.Image | None]:
    """What made the picture at `path`, and its pixels where there are any."""
    if request.cell:
        original = original_in(path, request.cell)
        return original.record, original.image
    if path == STDIN:
        data = read_stdin()
        recipe = recipe_of_stdin(data)
        is_picture = format_in(data[:HEAD_BYTES]) in FORMATS
        return recipe, pixels_in(io.BytesIO(data)) if is_picture else None
    recipe = read_recipe_of(path)
    return recipe, pixels_at(path)


def pixels_at(path: Path) -> Image.Image | None:
    """The pixels of the picture at `path`, or of the one beside a .json; None where it is gone.

    Raises:
        InputError: They cannot be read.
    """
    picture = _picture_of(path)
    return None if picture is None else open_pixels(picture)


def _picture_of(path: Path) -> Path | None:
    """The picture that belongs to `path`, which may be a file that lies beside it."""
    with readable(path) as file:
        if format_in(file.read(HEAD_BYTES)) in FORMATS:
            return path
    beside = path.with_suffix("") if path.name.lower().endswith(".metadata.json") else path
    return next((p for s in SUFFIXES if is_file(p := beside.with_suffix(s))), None)


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
    shown.loading(model)
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
    shown.loading(planned.model)
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
    drawing = with_wording(with_parent(drawing, record), written)
    assert request.target is not None  # a variation is always kept
    report(out, drawing, save(drawing, 0, request.target), seconds)
