"""One row becomes a draft: merged with the layers below and above it, and checked.

Every fault of the row is found, and told with its line and column.

A row's own seed, or one from a config or flag, is taken as it is: with `--seed 5` every row gets 5,
as one wants for a comparison. A row without any gets its seed when the batch runs.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.batch.alike import Alike
from sdgen.batch.job_words import Word, job_words
from sdgen.batch.keys import is_key, job_key, unknown_key
from sdgen.batch.rows import Fault, Part, Place, Row
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.files.wildcards import Wildcards
from sdgen.models import LocalModel
from sdgen.models.finding import ANYWHERE, Search
from sdgen.models.resolve import Plan, plan
from sdgen.recipe.layers import DRAWN, MAX_SAID, Layer, layer_from
from sdgen.recipe.prompt.choices import Lines
from sdgen.recipe.prompt.styles import Style
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording
from sdgen.recipe.settings import Settings
from sdgen.sources.paths import meant_from

UNSEEDED = Layer(DRAWN, {"seed": 0, "variation_seed": 0})
"""Stands below everything, so that a row without a seed can be checked."""

Find = Callable[[str], LocalModel]


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked row: `num_images` pictures of `settings`, whose seed is 0 unless `has_seed`.

    `is_variation_open` says that it asks for a variation, whose seed is 0 as well.
    """

    settings: Settings
    model: LocalModel
    source: str
    place: Place
    has_seed: bool
    num_images: int = 1
    name: str = ""
    styles: tuple[Style, ...] = ()
    """Of this row alone, around those of the command."""
    lines: Lines | None = None
    """Of its own folder of wildcards; None are those of the command."""
    is_variation_open: bool = False

    @property
    def has_all_seeds(self) -> bool:
        """Whether nothing is left to be drawn."""
        return self.has_seed and not self.is_variation_open


class RowModelError(ModelError):
    """A model that a row names is not here; other rows may be fine."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is the same for all rows: the layers below and above them."""

    source: str
    lower: Sequence[Layer]
    upper: Sequence[Layer]
    num_images: int | None
    find: Find | None
    search: Search = ANYWHERE
    wording: Wording = AS_WRITTEN
    folder: Path = Path()
    wildcards: dict[Path, Wildcards] = field(default_factory=dict)
    """The folders that rows have named by now, each file of which is read once."""
    alike: Alike = field(default_factory=lambda: Alike(()))
    """The rows by now, so that those that are like them need not be judged again."""


def draft_row(row: Row | Fault, around: Around) -> Draft:
    """Merge a row with the layers around it.

    Raises:
        InputError: A setting is wrong; every line of the message names its place.
        ModelError: The model is not here: as `RowModelError` if the row named it.
    """
    if isinstance(row, Fault):
        raise _as_error(row, around.source)
    layer, words, errors = _said(row, around.source)
    own, faults = job_words(words, around.folder, around.wording.table, around.wildcards)
    errors.extend(_as_error(fault, around.source) for fault in faults)
    if layer is None:
        raise _joined(errors)
    layer = meant_from(layer, around.folder)
    layers = [UNSEEDED, *around.lower, layer, *around.upper]
    wording, said = around.wording.within(own.styles, own.lines), layer

    def whole() -> Plan:
        planned = plan(layers, find=around.find, search=around.search)
        _check_wording(planned.settings, said, wording)
        return planned

    planned = None
    try:
        is_bare = not (wording.styles or own.lines)
        planned = around.alike.plan(layer, whole, is_bare=is_bare)
    except ModelError as error:
        if "model" not in layer.values:
            raise
        errors.append(RowModelError(f"{layer.where['model']}: {error}", hint=error.hint))
    except InputError as error:
        errors.append(_placed(error, layer, _shown(row.place, around.source)))
    if errors or planned is None:
        raise _joined(errors)
    return Draft(
        settings=planned.settings,
        model=planned.model,
        source=f"{around.source}:{row.place[0]}",
        place=row.place,
        has_seed=_is_said("seed", layers),
        is_variation_open=planned.settings.variation_strength > 0
        and not _is_said("variation_seed", layers),
        num_images=around.num_images or own.num_images,
        name=own.name,
        styles=own.styles,
        lines=own.lines,
    )


def _is_said(name: str, layers: Sequence[Layer]) -> bool:
    return any(name in layer.values for layer in layers if layer is not UNSEEDED)


def _check_wording(settings: Settings, layer: Layer, wording: Wording) -> None:
    """Put the prompts together once, for whatever seed, to find what is wrong with them.

    Raises:
        InputError: It names the place of the prompt, as `resolve` does.
    """
    try:
        wording.worded(settings)
    except InputError as error:
        name, colon, reason = re.split(r"(\W)", str(error), maxsplit=1)
        place = layer.where.get(name)
        told = f"{name} ({place}){colon}{reason}" if place else str(error)
        raise InputError(told, hint=error.hint) from None


def _said(row: Row, source: str) -> tuple[Layer | None, dict[str, Word], list[SdgenError]]:
    """The settings of a row as one layer (None: unreadable), its job words, and what is wrong."""
    layers: list[Layer] = []
    words: dict[str, Word] = {}
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


def _sort(part: Part) -> tuple[dict[str, Any], dict[str, Word], list[Fault]]:
    """Settings as written, job words under their own names, and faults of the keys."""
    settings: dict[str, Any] = {}
    words: dict[str, Word] = {}
    faults: list[Fault] = []
    if len(part.said) > MAX_SAID:
        place = next(iter(part.where.values()))
        return {}, {}, [Fault(place, f"{len(part.said)} keys are more than there are settings")]
    for key, value in part.said.items():
        own = job_key(key)
        if not is_key(key):
            faults.append(unknown_key(key, part.where[key]))
        elif own is None:
            settings[key] = value
        elif own in words:
            faults.append(Fault(part.where[key], f"{own} is given twice (once as {key!r})"))
        else:
            words[own] = Word(value, part.where[key])
    return settings, words, faults


def lines_of(error: SdgenError) -> Sequence[str]:
    """What is wrong, a line each, with the next step in brackets."""
    return error.details or [f"{error} ({error.hint})" if error.hint else str(error)]


def _as_error(fault: Fault, source: str) -> InputError:
    return InputError(f"{_shown(fault.place, source)}: {fault}", hint=fault.hint)


def _shown(place: Place, source: str) -> str:
    return f"{source}:{place[0]}:{place[1]}"


def _joined(errors: Sequence[SdgenError]) -> SdgenError:
    lines = [line for error in errors for line in lines_of(error)]
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
    blamed = next((names for words, names in _BLAMED.items() if words in line), _SIZE)
    for name in blamed:
        if name in layer.where:
            return f"{layer.where[name]}: {line}"
    return line


_SIZE = ("width", "height")
_BLAMED = {
    "model must": ("model",), "clip_skip cannot": ("clip_skip",),
    " asks for ": ("image", "width", "height"), "the mask ": ("mask",),
    " leaves none to draw": ("strength", "hires_strength", "steps"), "extend ": ("extend",),
    "hires_scale ": ("hires_scale",), "hires_size ": ("hires_size",),
    "upscaler ": ("upscaler",), "post esrgan ": ("post",),
    " has no eta": ("eta", "scheduler"), " cannot draw in ": ("steps", "scheduler"),
}  # fmt: skip
"""Words of a fault that is in no single setting → the settings that may have brought it about."""
