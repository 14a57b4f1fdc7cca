"""What settings change in a loaded model for one call: an ordered list of contexts.

Each leaves the model as it was, so that a picture never depends on the one before.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sdgen.engine.freeu import with_freeu
from sdgen.engine.loader import LoadedModel
from sdgen.engine.lora import with_added
from sdgen.engine.safety import with_checker
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings

Feature = Callable[[LoadedModel, LocalModel, Settings], AbstractContextManager[LoadedModel]]

FEATURES: tuple[Feature, ...] = (with_added, with_freeu, with_checker)
"""In the order in which they are put on; they come off in the other one."""


@contextmanager
def with_features(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open the model draws as `settings` say beyond prompt and scheduler.

    Raises:
        ModelError: Something that is added does not fit the model.
        LackOfMemoryError: It does not fit the memory.
    """
    with ExitStack() as undo:
        for feature in FEATURES:
            loaded = undo.enter_context(feature(loaded, model, settings))
        yield loaded
