"""VAEs of one's own: files that decode latents in place of a model's own VAE; nothing is loaded."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from sdgen.errors import ModelError
from sdgen.models.finding import AddedFile, Kind, recorded_name
from sdgen.models.hashes import identity_of, sha256_of
from sdgen.models.weights import check_weights

IN_FOLDER = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
)
"""What diffusers calls the file in a VAE's folder."""

ASK = "say where it is: --vae FILE or FOLDER"

LDM_PREFIX = "first_stage_model."
"""Before the names of a VAE that was cut out of a whole checkpoint."""

_OF_DIFFUSERS, _OF_LDM = "decoder.up_blocks.0.", "decoder.up.0."
_LAST = "decoder.conv_out.weight"


def is_ldm(names: Iterable[str]) -> bool:
    """Whether tensors have the names of Stable Diffusion's first code."""
    return any(name.removeprefix(LDM_PREFIX).startswith(_OF_LDM) for name in names)


def is_vae(names: Iterable[str]) -> bool:
    """Whether tensors of these names are a VAE's: it has a decoder."""
    plain = {name.removeprefix(LDM_PREFIX) for name in names}
    return _LAST in plain and any(name.startswith((_OF_DIFFUSERS, _OF_LDM)) for name in plain)


def check_vae(path: Path) -> AddedFile:
    """The VAE at `path`, of which only the header is read, and all for the hash.

    Raises:
        ModelError: It is not whole, a pickle, no VAE, or of a name that a record could not tell.
    """
    return _check(path, identity_of(path, path.name))


@lru_cache(maxsize=16)
def _check(path: Path, _: str) -> AddedFile:
    """Once for a file that has not changed since, which its identity tells."""
    if not is_vae(check_weights(path, path.name)):
        raise ModelError(f"{path.name} is no VAE: it has no decoder")
    return AddedFile(recorded_name(path, IN_FOLDER), path, sha256_of(path), "vae")


VAES = Kind("vae", "VAE", IN_FOLDER, ASK, check_vae)
