"""From what was said to what is drawn: the model's own defaults join the layers."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdgen.errors import InputError
from sdgen.models.added import with_added_files
from sdgen.models.capabilities import check_family
from sdgen.models.finding import ANYWHERE, Search
from sdgen.models.hub import with_revision
from sdgen.models.local import LocalModel, find_model
from sdgen.recipe.layers import DRAWN, Layer, resolve
from sdgen.recipe.passes import check_passes
from sdgen.recipe.prompt.wording import AS_WRITTEN, Written
from sdgen.recipe.schedulers import SCHEDULERS, check_steps
from sdgen.recipe.seeds import DRAWN_BELOW
from sdgen.recipe.settings import PROMPTS, Settings
from sdgen.recipe.sizes import check_size
from sdgen.sources.planning import with_sources


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be drawn, by which model, and which place gave each value."""

    settings: Settings
    sources: Mapping[str, str]
    model: LocalModel


def plan(
    layers: Sequence[Layer],
    *,
    find: Callable[[str], LocalModel] | None = None,
    search: Search = ANYWHERE,
) -> Plan:
    """Merge `layers` over the defaults of the model that they name, and check the outcome.

    Args:
        layers: Lowest first.
        find: Finds the model; the real one if not given.
        search: Where LoRAs, VAEs and embeddings may lie.

    Raises:
        InputError: A setting is wrong, or model or scheduler cannot draw the size or the steps.
        ModelError: The model, or weights to be added to it, are not here.
    """
    model = (find or find_model)(_named(layers))
    known = {"model": model.name} | ({"revision": model.revision} if model.revision else {})
    own = Layer(f"model {model.name}", {**model.defaults, **known})
    spoken = [_without_model(layer) for layer in layers]
    resolved = resolve([own, *spoken])
    sources = dict(resolved.sources)
    for layer in layers:
        for name in ("model", "revision"):
            if name in layer.values and name in sources:
                sources[name] = layer.place(name)
    resolved = with_sources(resolved, model.sizes, model=model.name, own=own.source)
    sources |= {name: resolved.sources[name] for name in ("width", "height")}
    check_drawable(resolved.settings, model)
    if sources["prediction_type"] != own.source:
        model = replace(model, remarks=())  # somebody knows what the model only takes for granted
    model, settings = with_added_files(model, resolved.settings, search)
    return Plan(settings, sources, model)


def drawn_seed() -> Layer:
    """A layer with fresh random seeds, to lie under all that people said."""
    seeds = ("seed", "variation_seed")
    return Layer(DRAWN, {name: secrets.randbelow(DRAWN_BELOW) for name in seeds})


def reworded(planned: Plan, said: Collection[str]) -> tuple[Plan, Written | None]:
    """`planned` with the choices made in prompts that are among `said`; others' braces are words.

    Args:
        planned: What a recipe says, under what the user says.
        said: The settings that the user says.

    Raises:
        InputError: A prompt cannot be put together.
    """
    changed = [name for name in PROMPTS if name in said]
    settings, written = AS_WRITTEN.worded(planned.settings, changed)
    return replace(planned, settings=settings), written


def check_drawable(settings: Settings, model: LocalModel) -> None:
    """Refuse what `model` or the scheduler cannot do, before anything is loaded.

    Raises:
        InputError: Size, steps, eta or clip_skip are out of their reach, or something is that only
            other families of models can do.
    """
    check_family(settings, model)
    check_size((settings.width, settings.height), model.sizes, model=model.name)
    check_steps(settings.scheduler, settings.steps)
    if model.repaints and settings.mask is None and settings.extend is None:
        raise InputError(
            f"{model.name} was trained to repaint, and draws nothing else",
            hint="--image with --mask or --extend",
        )
    check_passes(settings, model.sizes, model=model.name)
    _check_prediction(settings, model)
    if settings.eta and not SCHEDULERS[settings.scheduler].takes_eta:
        takers = ", ".join(name for name, entry in SCHEDULERS.items() if entry.takes_eta)
        raise InputError(f"{settings.scheduler} has no eta", hint=f"these have: {takers}")
    if model.text_layers is not None and settings.clip_skip > model.text_layers:
        most = f"{model.name} has only {model.text_layers} of these layers"
        raise InputError(f"clip_skip cannot be {settings.clip_skip}: {most}")


def _check_prediction(settings: Settings, model: LocalModel) -> None:
    if settings.prediction_type and model.family.flow:
        raise InputError(
            f"prediction_type is for models that predict noise or v, and {model.name} is a "
            f"{model.family.title} model, which predicts the flow"
        )


def _named(layers: Sequence[Layer]) -> str:
    """The model that `layers` name, with its revision; one said below another model is not its."""
    name: Any = Settings.model_fields["model"].default
    revision = None
    for layer in layers:
        if "model" in layer.values:
            name, revision = layer.values["model"], None
        revision = layer.values.get("revision", revision)
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"model must be a name or a folder, not {name!r}")
    return with_revision(name, None if revision is None else str(revision))


def _without_model(layer: Layer) -> Layer:
    """`layer` less its words for the model, which are replaced by the recorded name and commit."""
    said = ("model", "revision")
    values = {name: value for name, value in layer.values.items() if name not in said}
    return Layer(layer.source, values, layer.where)
