"""Tiny real pipelines, built once in each test process; nothing of the person's own settings."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion folder of random weights, native size 64x64."""
    from tests.tiny_models import build_sd

    return build_sd(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def tiny_sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in the shape of SDXL."""
    from tests.tiny_models import build_sdxl

    return build_sdxl(tmp_path_factory.mktemp("models") / "tiny-sdxl")
