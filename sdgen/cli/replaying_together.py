"""Drawing pictures again that came out of calls of several: in one call, each with its outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdgen.batch.calls import calls_of, place_of
from sdgen.cli.attempts import Outcome, Request
from sdgen.cli.drawing import steps
from sdgen.cli.output import Output
from sdgen.cli.progress import Display, shorten
from sdgen.cli.replaying import attempt, opened, pixels_at
from sdgen.engine import Drawing
from sdgen.errors import InterruptedRunError, SdgenError
from sdgen.metadata.record import Record
from sdgen.models import LocalModel
from sdgen.models.resolve import check_drawable
from sdgen.replay import draw_call, open_like
from sdgen.stop import Stop
from sdgen.verdict import Original, check, judge


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A picture that only drawing can tell about; its pixels are read again to compare them."""

    path: Path
    record: Record
    model: LocalModel
    warnings: tuple[str, ...]


def attempt_together(
    paths: Sequence[Path], request: Request, out: Output, shown: Display, stop: Stop
) -> Iterator[Outcome]:
    """What `attempt` gives for each of `paths`, in any order, with fewer calls.

    Args:
        paths: Of pictures that shared a call when they were looked at, or a single one. Records
            are read again, and what they say now decides.
        request: A check without settings and target.
        out: Hears of what happens in the middle of the work.
        shown: Shows how far it is.
        stop: Looked at between pictures and steps.

    Raises:
        InterruptedRunError: `stop` was requested; what was drawn before has been yielded.
    """
    if len(paths) == 1:
        yield attempt(paths[0], request, out, shown, stop)
        return
    waiting: dict[Path, _Waiting] = {}
    for path in paths:
        stop.check()
        found = _looked_at(path, request)
        if isinstance(found, Outcome):
            yield found
        else:
            waiting[path] = found
    for call in calls_of({path: place_of(one.record) for path, one in waiting.items()}):
        yield from _drawn([waiting[path] for path in call], request, out, shown, stop)


def _looked_at(path: Path, request: Request) -> Outcome | _Waiting:
    """What comes before the drawing, which may be all."""
    warnings: list[str] = []
    try:
        original, model = opened(path, request, warnings.append)
        known = check(original, model)
        if known is None:
            check_drawable(original.record.settings, model)
            return _Waiting(path, original.record, model, tuple(warnings))
        return Outcome(path, known, warnings=tuple(warnings))
    except SdgenError as error:
        return Outcome(path, error=error, warnings=tuple(warnings))


def _drawn(
    call: Sequence[_Waiting], request: Request, out: Output, shown: Display, stop: Stop
) -> Iterator[Outcome]:
    """Draw one call and judge; where it fails as a whole, each picture is tried alone."""
    call = sorted(call, key=lambda one: one.record.batch.slot)
    first = call[0]
    try:
        shown.loading(first.model)
        generator = open_like(first.record, request.device)
        more = f" and {len(call) - 1} more" if call[1:] else ""
        shown.picture(shorten(first.record.settings.prompt) + more)
        drawings = draw_call(
            {one.record.batch.slot: one.record.settings for one in call},
            first.record,
            first.model,
            generator,
            on_step=steps(shown, stop),
            tell=out.warn,
        )
    except InterruptedRunError:
        raise
    except SdgenError:
        for one in call:
            yield attempt(one.path, request, out, shown, stop)
        return
    for one, drawing in zip(call, drawings, strict=True):
        yield _judged(one, drawing, request.tolerance)


def _judged(one: _Waiting, drawing: Drawing | SdgenError, tolerance: int) -> Outcome:
    if isinstance(drawing, SdgenError):
        return Outcome(one.path, error=drawing, warnings=one.warnings)
    try:
        verdict = judge(Original(one.record, pixels_at(one.path)), drawing, tolerance)
    except SdgenError as error:  # it was changed or taken away in the meantime
        return Outcome(one.path, error=error, warnings=one.warnings)
    return Outcome(one.path, verdict, warnings=one.warnings)
