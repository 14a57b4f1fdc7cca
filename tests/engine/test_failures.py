"""What goes wrong inside is the failure of this picture, in one line, and the next is drawn."""

import shutil
import sys
from pathlib import Path

import pytest
import torch

from sdgen import engine
from sdgen.engine import ImageGenerator
from sdgen.errors import GenerationError, MemoryExhaustedError
from sdgen.models import find_model
from sdgen.recipe.settings import Settings

SETTINGS = Settings(prompt="a fox", seed=1, width=64, height=64, steps=2, scheduler="euler")


@pytest.fixture(scope="module")
def generator() -> ImageGenerator:
    return engine.open_generator("cpu")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
            MemoryExhaustedError,
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            MemoryExhaustedError,
        ),
        (RuntimeError("shapes do not fit\nat all"), GenerationError),
    ],
)
def test_what_fails_inside_is_this_pictures_failure(generator, tiny_sd: Path, failure, kind):
    def fail(done: int, total: int) -> None:
        raise failure

    with pytest.raises(kind) as caught:
        generator.generate(SETTINGS, find_model(str(tiny_sd)), fail)
    assert "\n" not in str(caught.value)
    generator.generate(SETTINGS, find_model(str(tiny_sd)))


def test_a_flat_picture_is_told(generator, tiny_sd: Path, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_sd, tmp_path / "flat"))
    weights = folder / "vae/diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["decoder.conv_out.weight"].zero_()
    tensors["decoder.conv_out.bias"].fill_(0.5)
    save_file(tensors, weights)
    notices = generator.generate(SETTINGS, find_model(str(folder))).record.notices
    assert any("the same colour" in notice for notice in notices)
    assert not generator.generate(SETTINGS, find_model(str(tiny_sd))).record.notices


class NoRoom:
    """The system's loader where there is no memory for a library."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "sdgen.engine.generator":
            raise ImportError("libtorch_cpu.so: failed to map segment from shared object")


def test_libraries_that_do_not_fit_the_memory_are_no_bug(monkeypatch):
    monkeypatch.delitem(sys.modules, "sdgen.engine.generator", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoRoom(), *sys.meta_path])
    with pytest.raises(MemoryExhaustedError, match="torch and diffusers do not fit the memory"):
        engine.open_generator("cpu")


def test_a_lack_of_memory_is_known_behind_other_errors(tiny_sd: Path, monkeypatch):
    """Importing a class of diffusers fails with a RuntimeError of its own."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to import diffusers.models") from MemoryError()

    monkeypatch.setattr("diffusers.StableDiffusionPipeline.from_pretrained", fail)
    monkeypatch.setattr("sdgen.engine.loader._kept", {})
    with pytest.raises(MemoryExhaustedError, match="does not fit the memory of cpu"):
        engine.open_generator("cpu").generate(SETTINGS, find_model(str(tiny_sd)))
