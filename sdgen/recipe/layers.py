"""Layers: what each place said, and how they become one `Settings`.

A layer holds only what its place really said; absent means absent, `0` and `""` are values. Order,
lowest first: defaults, the model's own, user config, named configs, job row, flags.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sdgen.errors import InputError, did_you_mean
from sdgen.recipe.beside import NEEDS, UNSAID, completed
from sdgen.recipe.pixels import parse_size
from sdgen.recipe.settings import ALIASES, LACKS, REFUSED, Settings, canonical_name

DEFAULTS = "defaults"
DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place said: canonical field names → typed values.

    `source` names the place for people (`portrait.yaml`, `line 3`, `flags`); `where` may say more
    about a single field (`line 7`).
    """

    source: str
    values: Mapping[str, Any]
    where: Mapping[str, str] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """`portrait.yaml, line 7` for the field `name`."""
        return ", ".join(filter(None, (self.source, self.where.get(name, ""))))


@dataclass(frozen=True, slots=True)
class Resolved:
    """Complete settings, and for each field the place that gave its value."""

    settings: Settings
    sources: Mapping[str, str]


MAX_SAID = 1000
"""Far above the number of settings; each unknown key costs a search for the nearest right one."""


def layer_from(
    source: str,
    said: Mapping[str, Any],
    where: Mapping[str, str] | None = None,
    *,
    text: bool = False,
) -> Layer:
    """Make a layer of what somebody wrote: aliases become names, `size: 512x768` two fields.

    Args:
        source: The place, for messages.
        said: Keys as written, with their values.
        where: Written key → position in the source, for messages.
        text: The values are text (flags, CSV cells, line syntax) and are read as the field's type.

    Raises:
        InputError: Too many keys, or all faults at once: an unknown key, one field said twice, text
            that is not of the field's type.
    """
    if len(said) > MAX_SAID:
        raise InputError(f"{source}: {len(said)} keys are more than there are settings")
    where = where or {}
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    faults: list[InputError] = []
    for key, value in said.items():
        place = ", ".join(filter(None, (source, where.get(key, ""))))
        try:
            for name, typed in _read(key, value, text=text).items():
                if name in values:
                    raise InputError(f"{name} is given twice (once as {key!r})")
                values[name] = typed
                places[name] = where.get(key, "")
        except InputError as error:
            faults.append(InputError(f"{place}: {error}", hint=error.hint))
    raise_all(faults)
    return Layer(source, values, {name: place for name, place in places.items() if place})


def _read(key: str, value: Any, *, text: bool) -> dict[str, Any]:
    if key.strip().lower() == "size":
        width, height = parse_size(value if isinstance(value, str) else str(value))
        return {"width": width, "height": height}
    name = canonical_name(key)
    if name is None:
        raise InputError(f"unknown setting {key!r}", hint=did_you_mean(key, [*ALIASES, "size"]))
    return {name: parse_value(name, value) if text else value}


def parse_value(name: str, text: str) -> Any:
    """Read `text` as the type of the field `name`: a whole number, a number, or text.

    Raises:
        InputError: It is not of that type. Bounds are checked later, by `resolve`.
    """
    kind = field_type(name)
    if kind is str:
        return text
    try:
        if "_" in text:  # Python would read 1_000; nobody else does
            raise ValueError
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise InputError(f"{name} must be {wanted}, not {text!r}") from None


def field_type(name: str) -> type:
    """`int`, `float` or `str`: how the field `name` is written."""
    annotation = Settings.model_fields[name].annotation
    for kind in (int, float):
        if annotation is kind or kind in get_args(annotation):
            return kind
    return str


def is_list(name: str) -> bool:
    """Whether the field `name` holds several texts."""
    return get_origin(Settings.model_fields[name].annotation) is tuple


def resolve(layers: Sequence[Layer]) -> Resolved:
    """Merge `layers`, the last word winning, and check the result.

    Raises:
        InputError: A value is out of its bounds or a needed one is missing; names field and place.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for layer in layers:
        values.update(layer.values)
        sources.update({name: layer.place(name) for name in layer.values})
    try:
        settings = Settings.model_validate(completed(values))
    except ValidationError as error:
        raise_all([_explain(fault, values, sources) for fault in error.errors()])
        raise
    complete = {name: sources.get(name, DEFAULTS) for name in Settings.model_fields}
    return _without_idle(Resolved(settings, complete))


def _without_idle(found: Resolved) -> Resolved:
    """`found` less what has no effect without a setting that is off.

    Raises:
        InputError: Somebody said such a thing, and nobody spoke of the setting that it needs.
    """
    settings, sources = found.settings, dict(found.sources)
    idle = [
        name
        for name, needed in NEEDS.items()
        if getattr(settings, name) not in UNSAID
        and not any(getattr(settings, one) for one in needed)
    ]
    for name in idle:
        needed = NEEDS[name]
        if all(sources[one] == DEFAULTS for one in needed) and sources[name] != DRAWN:
            missing = " or ".join(needed)
            raise InputError(f"{name} ({sources[name]}) does nothing without {missing}")
        sources[name] = DEFAULTS
    off = {name: Settings.model_fields[name].default for name in idle}
    return Resolved(settings.model_copy(update=off), sources) if idle else found


def _explain(
    fault: ErrorDetails, values: Mapping[str, Any], sources: Mapping[str, str]
) -> InputError:
    name = str(fault["loc"][0] if fault["loc"] else fault["ctx"]["field"])
    if fault["type"] == "missing":
        return InputError(f"{name} is missing")
    known = _REASONS.get(fault["type"])  # only ours is a template: the other quotes the value
    reason = known.format(**fault.get("ctx", {})) if known else fault["msg"]
    reason = reason.removeprefix("Value error, ")
    if fault["type"] == REFUSED:
        hint = "prompt_syntax plain reads it as words"
        return InputError(f"{name} ({sources[name]}) {reason}", hint=hint)
    shown = f", not {values[name]!r}" if fault["type"] not in ("value_error", LACKS) else ""
    return InputError(f"{name} ({sources[name]}) {reason}{shown}")


_REASONS = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "literal_error": "must be {expected}",
}


def raise_all(faults: Iterable[InputError]) -> None:
    """Raise nothing, the one fault, or one error that lists them all."""
    found = list(faults)
    if len(found) == 1:
        raise found[0]
    if found:
        details = [f"{fault} ({fault.hint})" if fault.hint else str(fault) for fault in found]
        raise InputError(f"{len(found)} faults in the settings", details=details)
