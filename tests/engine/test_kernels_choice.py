"""Which kernels may be asked for where; what they compute is tested on a GPU (test_cuda.py)."""

from pathlib import Path

import pytest
import torch

from sdgen import engine
from sdgen.engine.devices import choose_kernels
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.ladder import Way, next_way, way_recorded
from sdgen.errors import InputError
from tests.engine.test_generator import draw

CUDA = torch.device("cuda:0")


@pytest.mark.parametrize(
    ("kernels", "line"),
    [
        ("fused", "there are no fused kernels for the cpu"),
        ("quick", "unknown kernels 'quick'"),
    ],
)
def test_kernels_that_are_not_there_are_refused(kernels: str, line: str):
    with pytest.raises(InputError, match=line):
        engine.open_generator("cpu", kernels)


def test_without_triton_there_are_eager_ones_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sdgen.engine.devices.find_spec", lambda _: None)
    assert choose_kernels("eager", CUDA) == "eager"
    with pytest.raises(InputError, match="need triton") as caught:
        choose_kernels("fused", CUDA)
    assert "pip install triton" in caught.value.hint
    assert way_recorded({"kernels": "fused"}).kernels == "eager"


def test_a_record_tells_the_kernels(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sdgen.engine.devices.find_spec", lambda name: name)
    assert way_recorded({"kernels": "fused"}).kernels == "fused"
    assert way_recorded({}).kernels == way_recorded({"kernels": ["fused"]}).kernels == "eager"


def test_a_model_whose_parts_are_moved_about_computes_by_eager_ones():
    """Moved, the weights that fused kernels have side by side would be parted."""
    way = next_way(Way(most=1, kernels="fused"), "load", 1, 512, is_cuda=True)
    assert way == Way(most=1, offload="model")


def test_a_record_of_fused_kernels_is_drawn_again_without_a_gpu_by_eager_ones(
    tiny_sd: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sdgen.engine.devices.find_spec", lambda name: name)
    generator = DiffusersGenerator("cpu")
    with generator.restored({"kernels": "fused"}):
        assert draw(generator, tiny_sd).record.environment["kernels"] == "eager"
