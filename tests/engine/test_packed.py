"""Weights in the order of the CPU's bfloat16 kernels: the same numbers, and nothing left behind."""

import pytest
import torch
from diffusers import UNet2DConditionModel

from sdgen.engine import packed as at
from sdgen.engine.devices import usual_dtype
from sdgen.engine.packed import packed

HAS_BFLOAT16 = usual_dtype(torch.device("cpu")) == "bfloat16"
BY_HARDWARE = pytest.mark.skipif(not HAS_BFLOAT16, reason="this CPU has no bfloat16 of its own")


@pytest.fixture
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    network = UNet2DConditionModel(
        block_out_channels=(32, 64), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=32,
        layers_per_block=1, attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    return network.eval().to(torch.bfloat16, memory_format=torch.channels_last)


def answer(unet: UNet2DConditionModel, rows: int = 2, side: int = 16) -> torch.Tensor:
    torch.manual_seed(1)
    sample = torch.randn(rows, 4, side, side).to(unet.dtype)
    text = torch.randn(rows, 77, 32).to(unet.dtype)
    with torch.inference_mode():
        return unet(sample, torch.tensor(500), text).sample


@BY_HARDWARE
def test_no_bit_changes_in_any_shape(unet):
    shapes = [(2, 16), (1, 16), (2, 16), (3, 24), (2, 16)]
    plain = [answer(unet, *shape) for shape in shapes]
    with packed(unet):
        found = [answer(unet, *shape) for shape in shapes]
    assert all(map(torch.equal, plain, found))


def orders(unet: UNet2DConditionModel) -> dict[torch.nn.Module, int]:
    return {layer: id(weight) for layer, (_, weight) in at._known[unet].items()}


@BY_HARDWARE
def test_weights_are_reordered_once(unet):
    with packed(unet):
        answer(unet)
    once = orders(unet)
    assert set(once) == {layer for layer in unet.modules() if type(layer) in at._WAYS}
    with packed(unet):
        answer(unet)
    assert orders(unet) == once


@BY_HARDWARE
def test_layers_that_something_changed_are_left_alone(unet):
    unet.conv_in._conv_forward = lambda x, weight, bias: torch.zeros(2, 32, 16, 16).bfloat16()
    unet.conv_out.forward = lambda x: torch.full((2, 4, 16, 16), 3.0)
    plain = answer(unet)
    with packed(unet):
        assert "forward" not in vars(unet.conv_in)
        assert torch.equal(answer(unet), plain)
    assert plain.unique().tolist() == [3.0], "and what changed it is there afterwards"
    assert "forward" in vars(unet.conv_out)


@BY_HARDWARE
def test_it_leaves_no_trace(unet):
    with packed(unet):
        answer(unet)
    assert not [layer for layer in unet.modules() if "forward" in vars(layer)]


def layers_packed(unet) -> int:
    with packed(unet):
        return sum("forward" in vars(layer) for layer in unet.modules())


def test_short_memory_and_other_formats_are_left_as_they_are(unet, monkeypatch):
    assert layers_packed(unet.to(torch.float32)) == 0
    monkeypatch.setattr(at, "MOST_SHARE", 0)
    assert layers_packed(unet.to(torch.bfloat16)) == 0
    monkeypatch.setattr(at, "MOST_SHARE", 1)
    assert layers_packed(unet) > 0


def test_memory_that_nobody_tells_is_none(unet, monkeypatch):
    monkeypatch.setattr(at, "main_memory", lambda: None)
    assert layers_packed(unet) == 0
