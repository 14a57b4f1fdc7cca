"""Settings as the command that draws them again."""

import shlex

from sdgen.recipe.prompt.choices import literal
from sdgen.recipe.settings import PROMPTS, Settings
from sdgen.recipe.texts import shown

_ALWAYS = frozenset({"seed", "model", "scheduler", "steps", "guidance_scale", "dtype"})
"""Said though they are the defaults: a model, or the person's own config, may have others."""


def command_of(settings: Settings) -> str:
    """`sdgen "a red fox" --steps 20 …` as a POSIX shell reads it.

    Its prompts are words: what would be a choice in them is marked as the sign itself.
    """
    words = [word for name in Settings.model_fields for word in _flag(settings, name)]
    prompt = _prompt(settings, "prompt")
    if prompt.startswith("-") or len(prompt.split()) == 1:  # an option or a command, by its looks
        return shlex.join(["sdgen", "generate", *words, "--", prompt])
    return shlex.join(["sdgen", prompt, *words])


def _flag(settings: Settings, name: str) -> list[str]:
    value = getattr(settings, name)
    if name in ("prompt", "height"):
        return []
    if name == "width":
        return ["--size", f"{settings.width}x{settings.height}"]
    if name not in _ALWAYS and value == Settings.model_fields[name].default:
        return []
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, tuple):
        return [word for one in value for word in (flag, one)]
    text = _prompt(settings, name) if name in PROMPTS else shown(_plain(value))
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _prompt(settings: Settings, name: str) -> str:
    text = str(getattr(settings, name))
    return literal(text) if settings.prompt_syntax == "a1111" else text


def _plain(value: object) -> str:
    """A number in its shortest form that is still exactly it: 5 and not 5.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
