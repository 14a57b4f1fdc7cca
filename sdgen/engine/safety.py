"""The safety checker that some models bring: on unless the settings switch it off for a call."""

from collections.abc import Iterator
from contextlib import contextmanager

from sdgen.engine.loader import LoadedModel
from sdgen.metadata.record import Environment
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings

_PART = "safety_checker"


def has_checker(loaded: LoadedModel) -> bool:
    """Whether the model brings a safety checker."""
    return getattr(loaded.pipeline, _PART, None) is not None


@contextmanager
def with_checker(loaded: LoadedModel, _: LocalModel, settings: Settings) -> Iterator[LoadedModel]:
    """While it is open, pictures are checked or not, as `settings` say."""
    if settings.safety_checker == "on" or not has_checker(loaded):
        yield loaded
        return
    checker = vars(loaded.pipeline)[_PART]
    vars(loaded.pipeline)[_PART] = None  # past diffusers, which notes parts in its configuration
    try:
        yield loaded
    finally:
        vars(loaded.pipeline)[_PART] = checker


def outcome_of(loaded: LoadedModel, settings: Settings) -> Environment:
    """What the checker said of a picture that is there, for its record; nothing without one."""
    if not has_checker(loaded):
        return {}
    return {_PART: "passed" if settings.safety_checker == "on" else "off"}
