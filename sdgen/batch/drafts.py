"""Rows become drafts: settings merged and checked, before a model is loaded or a file is written.

Seeds: a row's own seed, or one from a config or flag, is taken as it is, so `--seed 5` draws every
row with 5, as one wants for a comparison. A row without any gets one when the batch runs.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdgen.batch.jobfiles import MAX_ROWS, JobFile
from sdgen.batch.keys import is_key, job_key, unknown_key
from sdgen.batch.names import checked_name
from sdgen.batch.rows import Fault, Part, Place, Row
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.models import LocalModel
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer, layer_from
from sdgen.recipe.settings import Settings

MAX_IMAGES = 10_000
"""Pictures of one row."""

UNSEEDED = Layer("drawn", {"seed": 0})
"""Stands below everything, so that a row without a seed can be checked."""

Find = Callable[[str], LocalModel]


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked row: `num_images` pictures of `settings`, whose seed is 0 unless `has_seed`."""

    settings: Settings
    model: LocalModel
    source: str
    place: Place
    has_seed: bool
    num_images: int = 1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Drafts:
    """All rows that can be drawn, and one line for each that cannot."""

    items: list[Draft]
    faults: list[str]

    @property
    def num_images(self) -> int:
        return sum(draft.num_images for draft in self.items)


class _RowModelError(ModelError):
    """A model that a row names is not here; other rows may be fine."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What is the same for all rows: the layers below and above them."""

    source: str
    lower: Sequence[Layer]
    upper: Sequence[Layer]
    num_images: int | None
    find: Find | None


def draft_jobs(
    job_file: JobFile,
    lower: Sequence[Layer] = (),
    upper: Sequence[Layer] = (),
    *,
    num_images: int | None = None,
    keep_going: bool = False,
    find: Find | None = None,
) -> Drafts:
    """Check every row of `job_file`.

    Args:
        job_file: The rows.
        lower: Layers below the rows (user config, named configs), lowest first.
        upper: Layers above them (flags).
        num_images: Pictures of each row, whatever the row says.
        keep_going: Leave rows with faults out instead of refusing the file.
        find: Finds models; the real one if not given.

    Raises:
        InputError: The file says nothing, or has faults; all of them are listed.
        ModelError: A model is not here. One that no row names ends the check at once.
    """
    around = _Around(job_file.name, lower, upper, num_images, find)
    items: list[Draft] = []
    errors: dict[str, SdgenError] = {}  # by line: the fault of a flag is in every row, told once
    for row in job_file.rows():
        try:
            items.append(_draft(row, around))
        except (InputError, _RowModelError) as error:
            errors.update((line, error) for line in _lines(error))
    items = _with_single_names(items, errors)
    if not items or (errors and not keep_going):
        raise _refusal(job_file.name, errors)
    drafts = Drafts(items, list(errors))
    if drafts.num_images > MAX_ROWS:
        raise InputError(
            f"{job_file.name} asks for {drafts.num_images} pictures, at most {MAX_ROWS}"
        )
    return drafts


def _refusal(source: str, errors: Mapping[str, SdgenError]) -> SdgenError:
    if not errors:
        return InputError(f"{source} has no jobs in it", hint="write one prompt a line")
    [first, *others] = errors.values()
    if not others and not first.details:
        return first
    kind = ModelError if all(isinstance(e, ModelError) for e in errors.values()) else InputError
    return kind(f"{len(errors)} faults in {source}; nothing was drawn", details=errors)


def _lines(error: SdgenError) -> Sequence[str]:
    return error.details or [f"{error} ({error.hint})" if error.hint else str(error)]


def _draft(row: Row | Fault, around: _Around) -> Draft:
    """Merge a row with the layers around it.

    Raises:
        InputError: A setting is wrong; every line of the message names its place.
        ModelError: The model is not here: as `_RowModelError` if the row named it.
    """
    if isinstance(row, Fault):
        raise _as_error(row, around.source)
    layer, words, errors = _said(row, around.source)
    name, num_images = _job_words(words, around, errors)
    if layer is None:
        raise _joined(errors)
    layers = [UNSEEDED, *around.lower, layer, *around.upper]
    planned = None
    try:
        planned = plan(layers, find=around.find)
    except ModelError as error:
        if "model" not in layer.values:
            raise
        errors.append(_RowModelError(f"{layer.where['model']}: {error}", hint=error.hint))
    except InputError as error:
        errors.append(_placed(error, layer, _shown(row.place, around.source)))
    if errors or planned is None:
        raise _joined(errors)
    return Draft(
        settings=planned.settings,
        model=planned.model,
        source=f"{around.source}:{row.place[0]}",
        place=row.place,
        has_seed=any("seed" in said.values for said in layers[1:]),
        num_images=num_images,
        name=name,
    )


def _said(row: Row, source: str) -> tuple[Layer | None, dict[str, "_Word"], list[SdgenError]]:
    """The settings of a row as one layer (None: unreadable), its job words, and what is wrong."""
    layers: list[Layer] = []
    words: dict[str, _Word] = {}
    errors: list[SdgenError] = []
    for part in row.parts:
        settings, own, faults = _sort(part)
        words.update(own)
        errors.extend(_as_error(fault, source) for fault in faults)
        places = {key: _shown(place, source) for key, place in part.where.items()}
        try:
            layers.append(layer_from("", settings, places, text=part.text))
        except InputError as error:
            errors.append(error)
    if len(layers) < len(row.parts):
        return None, words, errors
    return _merged(layers), words, errors


def _merged(layers: Sequence[Layer]) -> Layer:
    values: dict[str, Any] = {}
    where: dict[str, str] = {}
    for layer in layers:
        values.update(layer.values)
        where.update(layer.where)
    return Layer("", values, where)


@dataclass(frozen=True, slots=True)
class _Word:
    """The value of a job key, and where it stands."""

    value: Any
    place: Place


def _sort(part: Part) -> tuple[dict[str, Any], dict[str, _Word], list[Fault]]:
    """Settings as written, job words under their own names, and faults of the keys."""
    settings: dict[str, Any] = {}
    words: dict[str, _Word] = {}
    faults: list[Fault] = []
    for key, value in part.said.items():
        own = job_key(key)
        if not is_key(key):
            faults.append(unknown_key(key, part.where[key]))
        elif own is None:
            settings[key] = value
        elif own in words:
            faults.append(Fault(part.where[key], f"{own} is given twice (once as {key!r})"))
        else:
            words[own] = _Word(value, part.where[key])
    return settings, words, faults


def _job_words(
    words: Mapping[str, _Word], around: _Around, errors: list[SdgenError]
) -> tuple[str, int]:
    """Name and number of pictures; what is wrong with them joins `errors`."""
    name, count = "", 1
    try:
        if "name" in words:
            name = checked_name(words["name"].value, words["name"].place)
        if "num_images" in words:
            count = _checked_count(words["num_images"])
    except Fault as fault:
        errors.append(_as_error(fault, around.source))
    return name, around.num_images or count


def _checked_count(word: _Word) -> int:
    text = str(word.value).strip()
    is_whole = not isinstance(word.value, bool) and text.isascii() and text.isdigit()
    if not is_whole or len(text) > 9 or not 1 <= int(text) <= MAX_IMAGES:
        reason = f"num_images must be a whole number from 1 to {MAX_IMAGES}, not {word.value!r}"
        raise Fault(word.place, reason)
    return int(text)


def _with_single_names(items: list[Draft], errors: dict[str, SdgenError]) -> list[Draft]:
    """Leave out rows whose name another row has already: their files would trade places."""
    first: dict[str, Draft] = {}
    kept = []
    for draft in items:
        owner = first.setdefault(draft.name.casefold(), draft) if draft.name else draft
        if owner.place == draft.place:
            kept.append(draft)
            continue
        reason = f"the name {draft.name!r} is already used in line {owner.place[0]}"
        line = Fault(draft.place, reason).shown(draft.source.rpartition(":")[0])
        errors[line] = InputError(line)
    return kept


def _as_error(fault: Fault, source: str) -> InputError:
    return InputError(f"{_shown(fault.place, source)}: {fault}", hint=fault.hint)


def _shown(place: Place, source: str) -> str:
    return f"{source}:{place[0]}:{place[1]}"


def _joined(errors: Sequence[SdgenError]) -> SdgenError:
    lines = [line for error in errors for line in _lines(error)]
    return errors[0] if len(errors) == 1 else InputError("several faults in a row", details=lines)


def _placed(error: InputError, layer: Layer, row: str) -> InputError:
    """`error` with the place in front of each of its lines, where the row is to blame."""
    details = [_place_line(line, layer, row) for line in error.details]
    return InputError(_place_line(str(error), layer, row), hint=error.hint, details=details)


def _place_line(line: str, layer: Layer, row: str) -> str:
    for place in layer.where.values():
        if f" ({place})" in line:  # `steps (prompts.csv:3:9) must be …`
            return f"{place}: {line.replace(f' ({place})', '', 1)}"
    if line.startswith("prompt is missing"):
        return f"{row}: {line}"
    if re.match(r"\w+ \(", line):  # another layer said it: `steps (flags) must be …`
        return line
    for name in ("model",) if line.startswith("model must") else ("width", "height"):
        if name in layer.where:
            return f"{layer.where[name]}: {line}"
    return line
