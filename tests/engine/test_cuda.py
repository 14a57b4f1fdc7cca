"""What only a CUDA device can show: `pytest -m gpu`."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sdgen.engine.environment import switches_as
from sdgen.engine.generator import DiffusersGenerator
from sdgen.models import find_model
from sdgen.replay import Original, redraw
from tests.engine.test_generator import draw
from tests.engine.test_together import alone, foxes, images

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
    for scheduler in ("dpmpp_2m", "euler_ancestral"):
        with switches_as({"tf32_convolution": False}, torch.device("cuda:0")):
            here = draw(cuda, tiny_sd, dtype="float32", scheduler=scheduler)
        there = draw(DiffusersGenerator("cpu"), tiny_sd, dtype="float32", scheduler=scheduler)
        apart = np.asarray(here.image, int) - np.asarray(there.image, int)
        assert np.abs(apart).max() <= 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_picture_out_of_a_call_is_the_same_alone_in_its_slot(
    cuda, tiny_sd, tiny_sdxl, dtype: str, size: int
):
    for folder in map(find_model, (str(tiny_sd), str(tiny_sdxl))):
        slots = foxes(size, dtype=dtype, scheduler="euler_ancestral")
        drawn = images(cuda.generate_batch(slots, folder))
        for slot in {0, size // 2, size - 1}:
            assert images(cuda.generate_batch(alone(slots, slot), folder)) == [drawn[slot]]


OTHER_SWITCHES = {
    "tf32_matmul": True,
    "tf32_convolution": False,
    "cudnn_deterministic": True,
    "attention_allowed": "math",
}


def test_a_replay_restores_the_switches_of_the_gpu(cuda, tiny_sd: Path):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, dtype="float32", width=256)
    with switches_as(OTHER_SWITCHES, torch.device("cuda:0")):
        original = cuda.generate(fox, folder)
    again, verdict = redraw(Original(original.record, original.image), folder, cuda)
    assert verdict.kind == "identical"
    assert OTHER_SWITCHES.items() <= again.record.environment.items()
    usual = cuda.generate(fox, folder).record.environment
    assert not OTHER_SWITCHES.items() & usual.items()


def test_a_model_whose_parts_wait_in_main_memory_draws_the_same(cuda, tiny_sd, tiny_sdxl):
    for folder in map(find_model, (str(tiny_sd), str(tiny_sdxl))):
        slots = foxes(2, dtype="float16")
        usual = images(cuda.generate_batch(slots, folder))
        with cuda.restored({"offload": True}):
            outcomes = cuda.generate_batch(slots, folder)
        assert images(outcomes) == usual
        assert [one.record.environment["offload"] for one in outcomes] == [True, True]


def test_memory_that_is_really_short_ends_in_pictures(tiny_sd: Path):
    """Half of what eight pictures of 1024 pixels took together."""
    generator, told = DiffusersGenerator("cuda"), []
    model, slots = find_model(str(tiny_sd)), foxes(8, width=1024, height=1024, steps=1)
    generator.load(model, "auto")
    torch.cuda.empty_cache()
    weights = torch.cuda.memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    assert len(images(generator.generate_batch(slots, model, tell=told.append))) == 8
    assert not told
    enough = weights + (torch.cuda.max_memory_reserved() - weights) / 2
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(
        enough / torch.cuda.get_device_properties(0).total_memory
    )
    try:
        outcomes = generator.generate_batch(slots, model, tell=told.append)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(images(outcomes)) == 8
    assert told
    assert all("out of memory" in line for line in told)
