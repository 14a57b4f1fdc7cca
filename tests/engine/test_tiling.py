"""Pictures whose edges meet, on toy pipelines: no trace, every path of the layers, tiles too."""

import numpy as np
import pytest
import torch

from sdgen.engine.tiling import MARGIN, decoded_in_tiles, seamless
from tests.engine.drawing import draw, kept_state, pixels
from tests.loras import write_lora


@pytest.mark.parametrize("tiling", ["x", "y", "xy"])
def test_a_picture_after_a_seamless_one_is_the_one_before_it(tiny_sd, tiling):
    before = pixels(tiny_sd)
    state = kept_state()
    assert pixels(tiny_sd, tiling=tiling) != before
    assert pixels(tiny_sd) == before
    assert kept_state() == state


def test_sdxl_is_seamless_too(tiny_sdxl):
    assert pixels(tiny_sdxl, tiling="xy") != pixels(tiny_sdxl)


def test_a_roll_along_a_ring_rolls_the_outcome():
    """The definition: on a ring no column is the first, so a rolled input gives a rolled output."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, padding=1),
                                  torch.nn.Conv2d(3, 2, 3, padding=1))  # fmt: skip
    x = torch.randn(1, 2, 6, 8)
    for tiling, axis, is_ring in [("x", 3, True), ("x", 2, False), ("y", 2, True),
                                  ("y", 3, False), ("xy", 2, True), ("xy", 3, True)]:  # fmt: skip
        with seamless(network, tiling):
            rolled, outcome = network(x.roll(2, axis)), network(x).roll(2, axis)
        assert torch.allclose(rolled, outcome, atol=1e-6) is is_ring


def test_a_lora_on_a_convolution_reads_on_too(tiny_sd, tmp_path):
    lora = str(write_lora(tiny_sd, tmp_path / "mane.safetensors", seed=7))
    tiled = draw(tiny_sd, tiling="x", lora=[lora])
    assert tiled.record.image.sha256 != pixels(tiny_sd, tiling="x")
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(2, 2, 3, padding=1, bias=False)
    x, down, up = torch.randn(1, 2, 5, 5), torch.randn(2, 2, 3, 3), torch.randn(2, 2, 1, 1)
    from sdgen.engine.lora import Change

    with seamless(layer, "xy"):
        added = Change(layer, down, up)(layer, (x,), layer(x))
        with torch.no_grad():
            layer.weight += torch.einsum("or,rihw->oihw", up[:, :, 0, 0], down)
        assert torch.allclose(added, layer(x), atol=1e-5)


def test_a_decoder_that_works_in_tiles_gets_the_edges_laid_on():
    """A decoder that looks one latent around itself: means of neighbours, enlarged twice."""
    mean = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)
    torch.nn.init.constant_(mean.weight, 1 / 9)
    latents = torch.randn(1, 1, MARGIN // 2, MARGIN * 2)  # one side is shorter than the margin

    def decode(given: torch.Tensor) -> torch.Tensor:
        return mean(given).repeat_interleave(2, 2).repeat_interleave(2, 3)

    for tiling in ("x", "y", "xy"):
        with seamless(mean, tiling):
            whole = decode(latents)
        assert torch.allclose(decoded_in_tiles(decode, latents, tiling, 2), whole, atol=1e-6)


def test_a_seamless_picture_drawn_in_tiles_is_nearly_the_same(tiny_sd, monkeypatch):
    from sdgen.engine import generator as module
    from sdgen.engine.ladder import Way
    from sdgen.engine.placing import Placed

    said = {"tiling": "x", "width": 512, "height": 64, "steps": 1}
    whole = draw(tiny_sd, **said)
    monkeypatch.setattr(module, "placed", lambda *_: Placed(Way(tile=256)))
    tiled = draw(tiny_sd, **said)
    assert tiled.record.environment["vae_tile"] == 256
    apart = np.abs(np.asarray(whole.image, float) - np.asarray(tiled.image, float))
    assert apart[:, 0].mean() < 2 * apart.mean()  # the edge is not worse than the rest
