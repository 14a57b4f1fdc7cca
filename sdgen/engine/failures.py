"""What goes wrong while drawing: a lack of memory, which may be helped, or a picture's failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.errors import GenerationError, SdgenError

Stage = Literal["load", "encode", "denoise", "decode", "upscale"]


class LackOfMemoryError(Exception):
    """The device ran out of memory in `stage`; never leaves the engine."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage: Stage = stage


@contextmanager
def failures_of(stage: Stage) -> Iterator[None]:
    """Make what goes wrong inside a lack of memory in `stage`, or the failure of the pictures.

    Raises:
        LackOfMemoryError: There was too little memory.
        GenerationError: Anything else, on one line.
    """
    try:
        yield
    except (SdgenError, LackOfMemoryError):
        raise
    except Exception as error:
        if is_lack_of_memory(error):
            raise LackOfMemoryError(stage) from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise GenerationError(f"the pipeline failed: {reason}") from error
