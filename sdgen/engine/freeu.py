"""FreeU on a loaded model: four factors on the UNet's blocks, gone when the call is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sdgen.engine.loader import LoadedModel
from sdgen.models import LocalModel
from sdgen.recipe.freeu import parse_freeu
from sdgen.recipe.settings import Settings


@contextmanager
def with_freeu(loaded: LoadedModel, _: LocalModel, settings: Settings) -> Iterator[LoadedModel]:
    """While it is open the UNet weighs as `settings` say.

    diffusers computes it, and looks for the factors on the blocks. Its own switch would leave them
    there, empty.
    """
    asked = parse_freeu(settings.freeu)
    factors = asdict(asked) if asked else {}
    blocks = loaded.pipeline.unet.up_blocks if factors else ()
    try:
        for block in blocks:
            vars(block).update(factors)
        yield loaded
    finally:
        for block in blocks:
            for name in factors:
                vars(block).pop(name, None)
