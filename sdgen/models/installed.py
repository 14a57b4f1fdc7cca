"""The libraries that decide pixels, and which versions of them are installed."""

import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from sdgen.version import __version__

LIBRARIES = (
    "accelerate", "diffusers", "huggingface-hub", "numpy", "pillow", "safetensors", "scipy",
    "tokenizers", "torch", "torchsde", "transformers",
)  # fmt: skip
"""What stands between the weights and the pixels."""


@lru_cache(maxsize=1)
def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "sdgen": __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return dict(sorted(found.items()))


def installed_versions() -> dict[str, str]:
    """Package → version of what is here, in alphabetical order, without importing any of it."""
    return dict(_versions())
