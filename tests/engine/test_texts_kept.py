"""The prompt's keys and values: made once a picture, and the picture is that of every step anew."""

from contextlib import contextmanager

import pytest
import torch

from sdgen.engine import denoise, loader
from tests.engine.drawing import kept_state, pixels
from tests.loras import write_lora


@contextmanager
def not_kept(_):
    yield None


@pytest.fixture
def plainly(monkeypatch):
    """Draws as if there were no such thing."""

    def draw(folder, **said) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(denoise, "texts_kept", not_kept)
            return pixels(folder, **said)

    return draw


CASES = (
    {},
    {"guidance_scale": 1},
    {"approximate": "guidance-until=0.5", "steps": 6},
    {"approximate": "deepcache=2", "steps": 4},
    {"prompt": "a (red:1.3) fox BREAK in snow"},
    {"hires_scale": 2.0, "steps": 3},
)


@pytest.mark.parametrize("said", CASES, ids=[", ".join(case) or "usual" for case in CASES])
def test_no_bit_changes(plainly, tiny_sd, said):
    assert pixels(tiny_sd, **said) == plainly(tiny_sd, **said)


def test_no_bit_changes_under_a_lora(plainly, tiny_sd, tmp_path):
    lora = str(write_lora(tiny_sd, tmp_path / "fur.safetensors"))
    with_it = pixels(tiny_sd, loras=[lora])
    assert with_it == plainly(tiny_sd, loras=[lora]) != pixels(tiny_sd)


def test_no_bit_changes_of_sdxl(plainly, tiny_sdxl):
    assert pixels(tiny_sdxl) == plainly(tiny_sdxl)


def test_each_picture_has_its_own(plainly, tiny_sd):
    first, second = pixels(tiny_sd), pixels(tiny_sd, prompt="a blue hat")
    assert (first, second) == (plainly(tiny_sd), plainly(tiny_sd, prompt="a blue hat"))
    assert pixels(tiny_sd) == first != second


def counted_products(folder, **said) -> int:
    """How often one layer multiplied in a picture, with no hook that would see kept ones too."""
    pixels(folder, **said)
    [loaded] = loader._kept.values()
    layer = next(one for one in loaded.pipeline.unet.modules()
                 if getattr(one, "is_cross_attention", False)).to_k  # fmt: skip
    calls, linear = [], torch.nn.functional.linear

    def counting(x, weight, bias=None):
        calls.append(weight is layer.weight)
        return linear(x, weight, bias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "linear", counting)
        pixels(folder, **said)
    return sum(calls)


def test_they_are_made_once_a_picture(tiny_sd):
    assert counted_products(tiny_sd, steps=5) == 1
    said = {"approximate": "guidance-until=0.5", "steps": 6}
    assert counted_products(tiny_sd, **said) == 2, "with guidance and without"


def test_nothing_is_left_behind(tiny_sd):
    pixels(tiny_sd)
    before = kept_state()
    pixels(tiny_sd, prompt="a blue hat", steps=3)
    assert kept_state() == before
    [loaded] = loader._kept.values()
    assert not [one for one in loaded.pipeline.unet.modules() if "forward" in vars(one)]
