"""What settings change in a loaded model for one call: an ordered list of contexts.

Each leaves the model as it was, so that a picture never depends on the one before.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sdgen.engine.controlnet import controlnet_records, with_controlnets
from sdgen.engine.embedding import embedding_records, with_embeddings
from sdgen.engine.freeu import with_freeu
from sdgen.engine.ip_adapter import ip_adapter_records, with_ip_adapters
from sdgen.engine.loader import LoadedModel
from sdgen.engine.lora import added_to, notices_of, with_added
from sdgen.engine.notices import notices_on
from sdgen.engine.own_vae import vae_record, with_own_vae
from sdgen.engine.safety import with_checker
from sdgen.engine.upscaling import upscaler_record, with_upscaler
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings

Feature = Callable[[LoadedModel, LocalModel, Settings], AbstractContextManager[LoadedModel]]

FEATURES: tuple[Feature, ...] = (
    with_added, with_embeddings, with_own_vae, with_freeu, with_checker, with_controlnets,
    with_ip_adapters,
    with_upscaler,
)  # fmt: skip
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


def added_records(loaded: LoadedModel, model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the weights that `settings` added to the model."""
    loras = [adapter.record for adapter in added_to(loaded, model, settings)]
    return [
        *loras,
        *embedding_records(model, settings),
        *vae_record(model, settings),
        *controlnet_records(model, settings),
        *ip_adapter_records(model, settings),
        *upscaler_record(model, settings),
    ]


def all_notices(loaded: LoadedModel, model: LocalModel, settings: Settings) -> list[str]:
    """What the user must know before `settings` are drawn, of prompts and of added weights.

    Raises:
        ModelError: Something that is added does not fit the model.
        LackOfMemoryError: It does not fit the memory.
    """
    added = added_to(loaded, model, settings)
    with with_embeddings(loaded, model, settings):
        return [*notices_on(loaded.pipeline, model, settings), *notices_of(added)]
