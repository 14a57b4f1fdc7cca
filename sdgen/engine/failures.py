"""What goes wrong while drawing: a lack of memory, which may be helped, or a picture's failure."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from sdgen.errors import GenerationError, SdgenError

Stage = Literal["load", "encode", "denoise", "decode"]

_SIGNS = re.compile(
    "allocate memory|out of memory|ALLOC_FAILED|could not create a primitive(?! descriptor)"
)
"""How they say it in a plain RuntimeError: the CPU's allocator, CUDA, cuBLAS and cuDNN, oneDNN."""


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


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether `error` is one of the many ways to say so."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_SIGNS.search(str(error)))
