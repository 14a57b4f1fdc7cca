"""What only a CUDA device can show: `pytest -m gpu`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sdgen.engine.generator import DiffusersGenerator
from tests.engine.test_generator import draw

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture(scope="module")
def cuda() -> DiffusersGenerator:
    return DiffusersGenerator("auto")


def test_auto_takes_the_gpu_and_half_precision(cuda, tiny_sd: Path):
    drawing = draw(cuda, tiny_sd)
    assert drawing.record.environment["device"] == "cuda"
    assert drawing.record.settings.dtype == "float16"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "euler_ancestral", "lcm"])
def test_the_same_call_twice_gives_the_same_pixels(cuda, tiny_sd, tiny_sdxl, dtype, scheduler):
    for folder in (tiny_sd, tiny_sdxl):
        first = draw(cuda, folder, dtype=dtype, scheduler=scheduler)
        draw(cuda, folder, dtype=dtype, scheduler="euler", seed=9)
        again = draw(cuda, folder, dtype=dtype, scheduler=scheduler)
        assert again.record.image == first.record.image


def test_the_noise_is_the_cpus(cuda, tiny_sd: Path):
    """Float32 on the GPU shows the picture of the CPU, a few levels apart at most."""
    torch.backends.cudnn.allow_tf32 = False
    for scheduler in ("dpmpp_2m", "euler_ancestral"):
        here = draw(cuda, tiny_sd, dtype="float32", scheduler=scheduler)
        there = draw(DiffusersGenerator("cpu"), tiny_sd, dtype="float32", scheduler=scheduler)
        apart = np.asarray(here.image, int) - np.asarray(there.image, int)
        assert np.abs(apart).max() <= 2
