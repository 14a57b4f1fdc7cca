"""Pictures from pictures on a CUDA device: `pytest -m gpu`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sdgen.engine.environment import switches_as
from sdgen.engine.generator import DiffusersGenerator
from sdgen.models import find_model
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.replay import redraw
from sdgen.verdict import Original

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture(scope="module")
def cuda() -> DiffusersGenerator:
    return DiffusersGenerator("auto")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two pictures of 64x64 and a mask."""
    folder = tmp_path_factory.mktemp("given")
    for seed, name in enumerate(("cat.png", "dog.png")):
        noise = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((64, 64)).save(folder / name)
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    mask.save(folder / "mask.png")
    return folder


def settings_for(model: Any, given: Path, name: str = "cat.png", **said: object) -> Any:
    base = {"prompt": "fox", "seed": 7, "steps": 4, "image": str(given / name), "strength": 0.5}
    values = {k: v for k, v in (base | said).items() if v is not None}
    return plan([Layer("test", values)], find=lambda _: model).settings


KINDS = {
    "over": {},
    "masked": {"mask": "mask.png", "scheduler": "euler_ancestral"},
    "extended": {"extend": "left=64"},
    "twice": {"image": None, "strength": None, "hires_scale": 2.0},
    "latent": {"strength": 0.0, "hires_scale": 2.0, "hires_upscaler": "latent"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", ["tiny_sd", "tiny_sdxl"])
def test_a_call_of_two_is_drawn_again_bit_for_bit(cuda, given, name, dtype, kind, request):
    model = find_model(str(request.getfixturevalue(name)))
    said = {"dtype": dtype, **KINDS[kind]}
    if "mask" in said:
        said["mask"] = str(given / "mask.png")
    names = ("cat.png", "dog.png") if said.get("image", "") is not None else ("", "")
    slots = [
        settings_for(model, given, **({"name": one} if one else {}), seed=seed, **said)
        for seed, one in enumerate(names)
    ]
    for drawing in cuda.generate_batch(slots, model):
        _, verdict = redraw(Original(drawing.record, drawing.image), model, cuda)
        assert verdict.kind == "identical"
        if kind == "masked":
            source = np.asarray(Image.open(given / names[drawing.record.batch.slot]))
            assert np.array_equal(np.asarray(drawing.image)[:, :32], source[:, :32])


@pytest.mark.parametrize("kind", KINDS)
def test_the_gpu_draws_what_the_cpu_draws(cuda, given, tiny_sd, kind):
    """In float32, a few levels apart at most."""
    model = find_model(str(tiny_sd))
    said = {"dtype": "float32", **KINDS[kind]}
    if "mask" in said:
        said["mask"] = str(given / "mask.png")
    settings = settings_for(model, given, **said)
    with switches_as({"tf32_convolution": False}, torch.device("cuda:0")):
        here = cuda.generate(settings, model).image
    there = DiffusersGenerator("cpu").generate(settings, model).image
    assert np.abs(np.asarray(here, int) - np.asarray(there, int)).max() <= 2
