"""What a model cannot do is refused before it is loaded, with the setting and the model by name."""

from collections.abc import Callable

from sdgen.errors import InputError
from sdgen.models.local import LocalModel
from sdgen.recipe.approximations import approximated
from sdgen.recipe.prompt.weights import parse
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import PROMPTS, Settings

Asked = Callable[[Settings], str]
"""What of the settings asks for an ability, as people say it; empty where nothing does."""


def check_family(settings: Settings, model: LocalModel) -> None:
    """Refuse settings that models of this family cannot honour.

    Raises:
        InputError: There is one; the message names it and the model.
    """
    for ability, asked in ASKED.items():
        if ability not in model.family.can and (said := asked(settings)):
            raise _cannot(said, model, _HINTS.get(ability, ""))
    _check_guidance(settings, model)
    _check_scheduler(settings, model)


def check_ability(ability: str, said: str, model: LocalModel) -> None:
    """Refuse what is no setting but an option of a command.

    Args:
        ability: A key of `ABILITIES`.
        said: What asks for it, as people say it.
        model: Which may not have it.

    Raises:
        InputError: It has not.
    """
    if ability not in model.family.can:
        raise _cannot(said, model, _HINTS.get(ability, ""))


def _cannot(said: str, model: LocalModel, hint: str) -> InputError:
    return InputError(f"{model.name}, a {model.family.title} model, cannot do {said}", hint=hint)


def _check_guidance(settings: Settings, model: LocalModel) -> None:
    if model.guidance == "none" and settings.guidance_scale > 1:
        raise InputError(
            f"{model.name} was distilled without guidance, and cannot do guidance_scale "
            f"{settings.guidance_scale:g}",
            hint="--guidance-scale 0",
        )


def _check_scheduler(settings: Settings, model: LocalModel) -> None:
    asked = SCHEDULERS[settings.scheduler]
    if asked.flow == model.family.flow:
        return
    fitting = [one.name for one in SCHEDULERS.values() if one.flow == model.family.flow]
    shown = ", ".join(fitting if model.family.flow else ["dpmpp_2m", "euler", "unipc"])
    kind = "is not" if model.family.flow else "is"
    raise InputError(
        f"{model.name}, a {model.family.title} model, cannot do scheduler {settings.scheduler}, "
        f"which {kind} for flow matching",
        hint=f"{shown}{'' if model.family.flow else '; sdgen schedulers lists all'}",
    )


def _weights(settings: Settings) -> str:
    """A prompt with weights or sections, for encoders that read it whole."""
    for name in PROMPTS if settings.prompt_syntax == "a1111" else ():
        sections = parse(getattr(settings, name))
        if len(sections) > 1:
            return f"BREAK in {name}"
        for span in sections[0]:
            if span.weight != 1:
                return f"({span.text.strip()[:30]}:{span.weight:.3g}) in {name}"
    return ""


def _approximation(name: str) -> Asked:
    def asked(settings: Settings) -> str:
        found = approximated(settings.approximate)
        value = found.deepcache if name == "deepcache" else found.guidance_until
        return f"approximate {name}" if value != 1 else ""

    return asked


ASKED: dict[str, Asked] = {
    "negative prompt": lambda s: "negative_prompt" if s.negative_prompt else "",
    "weights": _weights,
    "clip_skip": lambda s: f"clip_skip {s.clip_skip}" if s.clip_skip > 1 else "",
    "embedding": lambda s: "embedding" if s.embedding else "",
    "guidance_rescale": lambda s: "guidance_rescale" if s.guidance_rescale else "",
    "tiling": lambda s: f"tiling {s.tiling}" if s.tiling != "none" else "",
    "freeu": lambda s: "freeu" if s.freeu else "",
    "controlnet": lambda s: "controlnet" if s.controlnet else "",
    "ip_adapter": lambda s: "ip_adapter" if s.ip_adapter else "",
    "deepcache": _approximation("deepcache"),
    "guidance_until": _approximation("guidance-until"),
}
"""Ability → what asks for it."""

_HINTS = {
    "weights": "say it in words; --prompt-syntax plain takes brackets as they stand",
    "negative prompt": "say what the picture shows",
}
