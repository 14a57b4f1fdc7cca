"""The tensors of a file that is added to a model: of the very bytes whose hash is known."""

import hashlib

import safetensors
import safetensors.torch
from torch import Tensor

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
