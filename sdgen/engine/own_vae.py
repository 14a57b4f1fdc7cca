"""A VAE of one's own in place of the model's, for one call.

Its layers and its scale are those of the model's own VAE: what a file of weights does not say, no
record could hold. It may have the names of diffusers, or of Stable Diffusion's first code.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from diffusers import AutoencoderKL
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint
from torch import Tensor

from sdgen.engine.loader import LoadedModel
from sdgen.engine.tensors import fitting, tensors_of
from sdgen.errors import ModelError
from sdgen.metadata.record import AddedRecord
from sdgen.models import LocalModel
from sdgen.models.finding import AddedFile
from sdgen.models.vae import ASK, LDM_PREFIX, is_ldm
from sdgen.recipe.settings import Settings

_PART = "vae"
_OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""What diffusers called the layers of the VAE's attention once."""


@contextmanager
def with_own_vae(
    loaded: LoadedModel, model: LocalModel, settings: Settings
) -> Iterator[LoadedModel]:
    """While it is open the VAE that `settings` name decodes; afterwards the model's own.

    Raises:
        ModelError: It does not fit the model.
        LackOfMemoryError: It does not fit the memory.
    """
    if not settings.vae:
        yield loaded
        return
    if model.vae is None:
        raise ModelError(f"the VAE {settings.vae!r} is not at hand", hint=ASK)
    parts = vars(loaded.pipeline)
    own = parts[_PART]
    parts[_PART] = _kept(loaded, model.vae)  # past diffusers, which would note it as the model's
    try:
        yield replace(loaded, texts=loaded.texts.beside(model.vae.sha256))
    finally:
        parts[_PART] = own


def vae_record(model: LocalModel, settings: Settings) -> list[AddedRecord]:
    """What a record says of the VAE; nothing where it is the model's own."""
    if not settings.vae or model.vae is None:
        return []
    return [AddedRecord(kind="vae", name=model.vae.name, sha256=model.vae.sha256, modules=1)]


def _kept(loaded: LoadedModel, file: AddedFile) -> Any:
    """The VAE, from what was loaded last, where it is the same."""
    return loaded.keeping(_PART, file.sha256, lambda: _load(loaded.pipeline, file))


def _load(pipeline: Any, file: AddedFile) -> Any:
    own = pipeline.vae
    vae = AutoencoderKL.from_config(own.config)
    tensors = tensors_of(file)
    with fitting(f"{file.name} was made for another model"):
        named = _from_ldm(tensors, own.config) if is_ldm(tensors) else _from_diffusers(tensors)
        vae.load_state_dict(named, strict=True)
    device = pipeline._execution_device
    return vae.to(device=device, dtype=own.dtype).eval().requires_grad_(requires_grad=False)


def _from_ldm(tensors: dict[str, Tensor], config: Any) -> dict[str, Tensor]:
    plain = {name.removeprefix(LDM_PREFIX): tensor for name, tensor in tensors.items()}
    found: dict[str, Tensor] = convert_ldm_vae_checkpoint(plain, dict(config))
    return found


def _from_diffusers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    pattern = re.compile(rf"(\.attentions\.\d+\.)({'|'.join(_OLD_NAMES)})\.")
    return {
        pattern.sub(lambda match: f"{match[1]}{_OLD_NAMES[match[2]]}.", name): tensor
        for name, tensor in tensors.items()
    }
