"""How many pictures of a shape go through one call when nobody says."""

import torch

from sdgen.models import LocalModel
from sdgen.recipe.passes import hires_size
from sdgen.recipe.settings import Settings

_AT_ONCE = {"sdxl": 4 * 1024 * 1024, "sd3": 1024 * 1024, "flux": 1024 * 1024,
            "z-image": 1024 * 1024}  # fmt: skip
_AT_ONCE_ELSEWHERE = 8 * 512 * 512
"""Pixels in one call that fill a large GPU."""

_LARGE_GPU = 32 * 2**30
"""Bytes; a smaller one gets a smaller share."""

_MOST = 8


def together(settings: Settings, model: LocalModel, device: torch.device) -> int:
    """A power of two, 1 to 8; always 1 on the CPU, which one picture keeps busy."""
    if device.type == "cpu":
        return 1
    memory = torch.cuda.get_device_properties(device).total_memory
    pixels = _AT_ONCE.get(model.family.name, _AT_ONCE_ELSEWHERE) * min(1.0, memory / _LARGE_GPU)
    width, height = hires_size(settings)
    fitting = int(pixels) // (width * height)
    return min(_MOST, 1 << max(fitting, 1).bit_length() - 1)
