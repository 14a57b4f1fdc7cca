"""`sdgen reproduce --all FOLDER`: checks every picture below a folder, for people and for CI."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sdgen.batch.calls import Place, calls_of, place_of
from sdgen.cli.attempts import Outcome, Request, outcome_line, outcome_object
from sdgen.cli.output import Output
from sdgen.cli.progress import Display, open_display
from sdgen.cli.replaying_together import attempt_together
from sdgen.cli.signals import stop_on_signals
from sdgen.errors import (
    GenerationError,
    InputError,
    InterruptedRunError,
    ReproductionError,
    SdgenError,
)
from sdgen.files.images import read_record_of
from sdgen.files.reading import NoRecordError
from sdgen.files.walk import claims_record, find_pictures
from sdgen.stop import Stop

SKIPPED = "skipped"

Weights = tuple[str, ...]
"""What has to be loaded for a picture, as its record says: model, number format, kind of device."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies below the folders: pictures to try, and the weights that each needs.

    `places` tells where in what kind of call each was drawn. `skipped` (path → reason) has no
    record of ours, or leads out of the folder; `refused` cannot be tried at all.
    """

    needs: dict[Path, Weights] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)
    refused: dict[Path, SdgenError] = field(default_factory=dict)

    def pictures(self) -> list[Path]:
        """What is tried, in the order of paths, but all of one kind of weights together."""
        first = {
            weights: number for number, weights in enumerate(dict.fromkeys(self.needs.values()))
        }
        return sorted(self.needs, key=lambda path: first[self.needs[path]])  # stable

    def calls(self) -> dict[Path, list[Path]]:
        """Picture → those that can be drawn with it in one call, itself among them."""
        calls = calls_of({path: self.places[path] for path in self.pictures()})
        return {path: call for call in calls for path in call}


def reproduce_all(
    folders: Sequence[Path], request: Request, out: Output, *, is_strict: bool
) -> None:
    """Try every picture below `folders`, tell a line each, and sum up.

    Args:
        folders: Looked through to the bottom; links do not lead out of them.
        request: Takes no settings and no target: this is a check.
        out: Where it is told.
        is_strict: What has no record, and links that lead out, are failures too.

    Raises:
        InputError: A folder cannot be read, or nothing in them has a record.
        ReproductionError: A picture came out different.
        GenerationError: None did, but some could not be tried.
        InterruptedRunError: Stopped; what was done so far has been told.
    """
    tally: Counter[str] = Counter()
    total = 0
    with stop_on_signals() as stop, open_display(out) as shown:
        try:
            survey = survey_of(folders, stop)
            total = len(survey.needs) + len(survey.refused)
            for kind in _tried(survey, request, out, shown, stop):
                tally[kind] += 1
        except InterruptedRunError as error:
            done = _tried_in(tally)
            _sum_up(tally, total - done, out)
            told = f"stopped; {done} of {total} pictures tried" if total else "stopped"
            raise InterruptedRunError(told, signal_number=error.signal_number) from None
    _sum_up(tally, 0, out)
    _conclude(tally, total, folders, is_strict=is_strict)


def survey_of(folders: Sequence[Path], stop: Stop) -> Survey:
    """Find the pictures, and read in their records what each needs.

    Raises:
        InputError: A folder cannot be read.
        InterruptedRunError: `stop` was requested.
    """
    survey = Survey()
    for folder in folders:
        found = find_pictures(folder)
        survey.skipped.update(found.skipped)
        for path, reason in found.refused.items():
            survey.refused[path] = InputError(f"{path}: {reason}")
        for path in found.items:
            stop.check()
            _survey_one(path, survey)
    return survey


def _survey_one(path: Path, survey: Survey) -> None:
    try:
        record = read_record_of(path)
    except NoRecordError as error:
        if not claims_record(path.with_suffix(".json")):
            survey.skipped[path] = str(error).removeprefix(f"{path}: ")
            return
        [broken, *_] = error.details or [str(error)]
        survey.refused[path] = InputError(broken)
    except SdgenError as error:
        survey.refused[path] = error
    else:
        device = str(record.environment.get("device"))
        survey.needs[path] = (record.settings.model, record.settings.dtype, device)
        survey.places[path] = place_of(record)


def _tried(
    survey: Survey, request: Request, out: Output, shown: Display, stop: Stop
) -> Iterator[str]:
    """Try and tell one after the other; the kind of each outcome."""
    for path, reason in survey.skipped.items():
        out.result(f"{SKIPPED}: {path}: {reason}")
        out.json({"image": str(path), "verdict": None, "skipped": reason})
        yield SKIPPED
    for path, error in survey.refused.items():
        yield _tell(Outcome(path, error=error), out)
    for outcome in _drawn_again(survey, request, out, shown, stop):
        yield _tell(outcome, out)


def _drawn_again(
    survey: Survey, request: Request, out: Output, shown: Display, stop: Stop
) -> Iterator[Outcome]:
    """Outcomes in the order of the pictures, though a call draws some before it is their turn."""
    named = _named_by(request.place, survey)
    calls = {} if request.check_only else survey.calls()
    done: dict[Path, Outcome] = {}
    try:
        for path in survey.pictures():
            wanted = request if path in named else replace(request, place=None)
            if path not in done:
                together = calls.get(path, [path])
                for outcome in attempt_together(together, wanted, out, shown, stop):
                    done[outcome.path] = outcome
            yield done.pop(path)
    except InterruptedRunError:
        yield from (done[path] for path in survey.pictures() if path in done)
        raise


def _named_by(place: str | None, survey: Survey) -> set[Path]:
    """The pictures that `--model` is meant for: those of a model of its name; all if none is."""
    name = Path(os.path.normpath(place)).name if place else None
    return {path for path, needs in survey.needs.items() if needs[0] == name} or set(survey.needs)


def _tell(outcome: Outcome, out: Output) -> str:
    for warning in outcome.warnings:
        out.warn(warning)
    out.result(outcome_line(outcome))
    out.json(outcome_object(outcome))
    return outcome.kind


KINDS = ("identical", "equivalent", "unchecked", "different", "failed")


def _tried_in(tally: Counter[str]) -> int:
    return sum(tally[kind] for kind in KINDS)


def _sum_up(tally: Counter[str], left: int, out: Output) -> None:
    """One line for people, one object for programs."""
    counts = {kind: tally[kind] for kind in (*KINDS, SKIPPED)} | {"not reached": left}
    told = [f"{count} {kind}" for kind, count in counts.items() if count]
    if told:
        out.say(", ".join(told))
    out.json({"summary": {kind.replace(" ", "_"): count for kind, count in counts.items()}})


def _conclude(tally: Counter[str], total: int, folders: Sequence[Path], *, is_strict: bool) -> None:
    """End with the code that fits: 7 when one differs, 3 when some could not be tried."""
    shown = ", ".join(map(str, folders))
    if not total and not (is_strict and tally[SKIPPED]):
        raise InputError(f"nothing below {shown} has a record to draw again from")
    if tally["different"]:
        raise ReproductionError(f"{tally['different']} of {total} came out different")
    if tally["failed"]:
        raise GenerationError(f"{tally['failed']} of {total} could not be tried")
    if is_strict and tally[SKIPPED]:
        raise GenerationError(f"{tally[SKIPPED]} without a record below {shown}")
