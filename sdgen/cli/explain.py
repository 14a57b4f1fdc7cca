"""`sdgen explain`: every setting, its value, and the place that gave it."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from sdgen.api import config_layers
from sdgen.cli.options import Configs, Json, LoraDirs, with_settings
from sdgen.cli.output import Output
from sdgen.errors import InputError
from sdgen.models.finding import Search
from sdgen.models.resolve import Plan, drawn_seed, plan
from sdgen.recipe.layers import DRAWN, Layer
from sdgen.recipe.texts import shown

NOT_GIVEN = "not given"

Line = tuple[str, Any, str]


@with_settings(prompt=False)
def explain(
    *,
    flags: Layer,
    words: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="What the picture would show.")
    ] = None,
    config: Configs = [],
    lora_dir: LoraDirs = [],
    as_json: Json = False,
) -> None:
    """Show each setting and where its value comes from, without drawing anything.

    Takes what sdgen generate takes; the prompt may be left out.
    """
    out = Output(as_json=as_json)
    flags = _with_prompt(flags, words)
    layers = [_stand_in(), drawn_seed(), *config_layers(config), flags]
    lines = explained(plan(layers, search=Search(lora_dir)))
    for name, value, source in lines:
        out.json({"name": name, "value": value, "source": source})
    out.table(map(row, lines), ("setting", "value", "from"))


def _stand_in() -> Layer:
    """A prompt under all others, so that settings can be explained without one."""
    return Layer(NOT_GIVEN, {"prompt": "-"})


def _with_prompt(flags: Layer, words: str | None) -> Layer:
    if words is None:
        return flags
    if "prompt" in flags.values:
        raise InputError("prompt is given twice (as an argument and as --prompt)")
    return replace(flags, values={**flags.values, "prompt": words})


def explained(planned: Plan) -> list[Line]:
    """Name, value and source of each setting; None for what nobody gave and a run would choose."""
    values, sources = planned.settings.model_dump(), planned.sources
    unsaid = {name for name, source in sources.items() if source in (DRAWN, NOT_GIVEN)}
    return [(name, None if name in unsaid else values[name], sources[name]) for name in values]


def row(line: Line) -> tuple[str, str, str]:
    """The line for people."""
    name, value, source = line
    if value is not None:
        return name, shown(value), source
    return name, "another in every run" if source == DRAWN else "-", source
