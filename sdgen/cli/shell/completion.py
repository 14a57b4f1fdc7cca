"""What a line at the shell may go on with."""

from collections.abc import Iterable
from typing import get_args

from sdgen.cli.shell.words import WORDS
from sdgen.files.configs import config_paths
from sdgen.models.catalogue import CATALOGUE
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings, canonical_name

SETTINGS = (*Settings.model_fields, "size")


def completions(upto: str) -> list[str]:
    """Words that the last word of `upto` may become; only commands are helped, not prompts."""
    words = upto.lstrip().split(" ")
    first, last = words[0], words[-1]
    if len(words) == 1:
        return _starting(first, [f"{word} " for word in WORDS])
    if len(words) == 2 and "=" not in last:
        return _starting(last, _arguments(first))
    if first == "set" and "=" in last:
        name, _, begun = last.partition("=")
        return _starting(begun, _values(name))
    if first == "set" and "=" not in words[1]:
        return _starting(last, _values(words[1])) if len(words) == 3 else []
    if first in ("set", "unset"):
        return _starting(last, SETTINGS)
    return []


def _arguments(command: str) -> Iterable[str]:
    """What may stand behind a command."""
    return {
        "set": SETTINGS,
        "unset": SETTINGS,
        "load": config_paths(),
        "model": CATALOGUE,
        "help": WORDS,
        "more": ("like this",),
    }.get(command, ())


def _values(name: str) -> Iterable[str]:
    """What a setting may be, where that can be listed."""
    setting = canonical_name(name)
    if setting == "scheduler":
        return SCHEDULERS
    if setting == "model":
        return CATALOGUE
    if setting == "seed":
        return ("random",)
    kind = Settings.model_fields[setting].annotation if setting else None
    return [choice for choice in get_args(kind) if isinstance(choice, str)]


def _starting(begun: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(begun)]
