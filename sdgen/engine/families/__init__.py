"""The families of models: what is different in drawing with each, one file a kind of network."""

from typing import Any

from sdgen.engine.families.architecture import Architecture, network_of
from sdgen.engine.families.flux import Flux
from sdgen.engine.families.sd3 import SD3
from sdgen.engine.families.unet import UNET
from sdgen.engine.families.z_image import ZImage

__all__ = ["Architecture", "architecture_of", "network_of"]

_ARCHITECTURES: dict[str, Architecture] = {
    "StableDiffusion3Pipeline": SD3(),
    "FluxPipeline": Flux(),
    "ZImagePipeline": ZImage(),
}
"""Class of a pipeline → how it draws; a UNet where it is not among them."""


def architecture_of(pipeline: Any) -> Architecture:
    """How `pipeline` draws."""
    return _ARCHITECTURES.get(type(pipeline).__name__, UNET)
