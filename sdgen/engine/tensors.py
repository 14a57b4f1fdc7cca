"""The tensors of a file that is added to a model: of the very bytes whose hash is known."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import safetensors
import safetensors.torch
from torch import Tensor

from sdgen.engine.memory_signs import is_lack_of_memory
from sdgen.errors import ModelError
from sdgen.models.finding import AddedFile


def tensors_of(file: AddedFile) -> dict[str, Tensor]:
    """Name → tensor, on the CPU.

    Raises:
        ModelError: They cannot be read, or are others by now.
    """
    try:
        data = file.path.read_bytes()
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise ModelError(f"{file.name} was changed while it was in use")
        tensors: dict[str, Tensor] = safetensors.torch.load(data)
    except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
        raise ModelError(f"{file.name} cannot be read: {error}") from error
    return tensors


@contextmanager
def fitting(said: str) -> Iterator[None]:
    """While it is open, tensors are given places; those that do not fit are a `ModelError`.

    A lack of memory, in whatever words, goes on as it is.

    Args:
        said: What it means that they do not fit; the reason is put behind it.

    Raises:
        ModelError: They have other names or shapes.
    """
    try:
        yield
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        if is_lack_of_memory(error):
            raise
        reason = str(error).strip().splitlines()[-1].strip()
        raise ModelError(f"{said}: {reason}") from error
