"""What drawing takes is told from headers and configurations, and is what it really takes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from sdgen.engine.ladder import Way
from sdgen.engine.placing import (
    Call,
    call_of,
    first_that_fits,
    needed,
    usual_settings,
    ways,
    weights_of,
)
from sdgen.engine.plans import memory_plan
from sdgen.models import find_model
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.footprint import (
    Footprint,
    PartSize,
    decoder_numbers,
    footprint_of,
    unet_numbers,
)
from tests.following_tensors import most_alive

META = torch.device("meta")
SD15 = {
    "sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8,
    "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
    "up_block_types": ["UpBlock2D", *["CrossAttnUpBlock2D"] * 3],
}  # fmt: skip
SDXL = {
    "sample_size": 128, "cross_attention_dim": 2048, "attention_head_dim": [5, 10, 20],
    "block_out_channels": [320, 640, 1280], "layers_per_block": 2,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "transformer_layers_per_block": [1, 2, 10], "use_linear_projection": True,
}  # fmt: skip
"""Its added embedding of sizes is left out: it is one vector."""
BUILT_IN = json.loads((STORYBOOK / "unet" / "config.json").read_text())
DECODERS = ([128, 256, 512, 512], [32, 64, 128, 128], [4, 4, 4, 4])


@pytest.mark.parametrize(
    ("config", "rows", "height", "width"),
    [(SD15, 2, 64, 64), (SDXL, 2, 128, 128), (BUILT_IN, 1, 32, 32), (BUILT_IN, 4, 40, 24)],
    ids=["sd15", "sdxl", "storybook", "storybook, 4 rows"],
)
def test_a_unet_holds_what_the_formula_says(config, rows: int, height: int, width: int):
    """At the real sizes, without weights: each tensor is followed on a device without numbers."""
    with META:
        unet = UNet2DConditionModel.from_config(config)
        sample = torch.empty(rows, 4, height, width)
        text = torch.empty(rows, 77, config["cross_attention_dim"])
        time = torch.empty(())
    held = most_alive(lambda: unet(sample, time, encoder_hidden_states=text))
    assert held / 4 / (rows * height * width) == pytest.approx(unet_numbers(config), rel=0.002)


@pytest.mark.parametrize("widths", DECODERS, ids=str)
def test_a_decoder_holds_what_the_formula_says(widths: list[int]):
    with META:
        vae = AutoencoderKL(
            block_out_channels=widths, layers_per_block=2, norm_num_groups=2,
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
        )  # fmt: skip
        latents = torch.empty(1, 4, 64, 48)
    held = most_alive(lambda: vae.decode(latents))
    assert held / 4 / (64 * 48 * 64) == pytest.approx(decoder_numbers(widths), rel=0.005)


def test_weights_are_counted_from_headers(tiny_sd: Path):
    parts = footprint_of(find_model(str(tiny_sd))).parts
    config = json.loads((tiny_sd / "unet" / "config.json").read_text())
    unet = UNet2DConditionModel.from_config(config)
    assert parts["unet"].numbers == sum(tensor.numel() for tensor in unet.parameters())
    assert parts["unet"].bytes(2) == 2 * parts["unet"].numbers
    assert parts["unet"].largest == max(tensor.numel() for tensor in unet.parameters())


XL = Footprint(
    parts={"text_encoder": PartSize(123_060_480, largest=37_945_344),
           "text_encoder_2": PartSize(694_659_840, largest=63_242_240),
           "unet": PartSize(2_567_463_684, largest=26_214_400), "vae": PartSize(83_653_863)},
    network="unet", per_latent=5040, per_pixel=768, scale=8, upcast=True,
)  # fmt: skip
"""SDXL's numbers."""


def call(pictures: int = 1, *, is_cuda: bool = True) -> Call:
    return Call((1024, 1024), 2, pictures, 2, is_cuda=is_cuda)


@pytest.mark.parametrize(
    ("gigabytes", "pictures", "way"),
    [
        (80, 8, Way()),
        (12, 8, Way()),  # all eight: the decoder, not the network, is what takes most
        (11.2, 4, Way()),
        (8, 1, Way(most=1, offload="model")),
        (5, 1, Way(most=1, offload="sequential")),
        (3, 1, Way(most=1, offload="sequential", tile=512)),
        (0.5, 1, None),
    ],
)
def test_the_best_way_that_fits(gigabytes: float, pictures: int, way: Way | None):
    assert first_that_fits(XL, call(pictures), int(gigabytes * 1e9), Way()) == way


def test_every_way_takes_less_than_those_before_of_its_kind():
    plain = needed(XL, call(), Way())
    model = needed(XL, call(), Way(offload="model"))
    layers = needed(XL, call(), Way(offload="sequential"))
    assert plain > model > layers
    assert needed(XL, call(), Way(tile=512)) < plain
    assert needed(XL, call(16), Way(most=1)) < needed(XL, call(16), Way())


def test_the_cpu_offloads_nothing():
    assert {way.offload for way in ways(call(is_cuda=False), Way())} == {"none"}


def test_what_is_not_known_is_not_guessed():
    unknown = Footprint(XL.parts, "transformer", None, 768, 8, upcast=False)
    assert needed(unknown, call(), Way()) is None
    assert first_that_fits(unknown, call(), 10**12, Way()) is None


def test_a_plan_for_a_model_that_is_here(tiny_sdxl: Path):
    model = find_model(str(tiny_sdxl))
    plan = memory_plan(model, usual_settings(model), torch.device("cpu"))
    assert plan.size == (64, 64)
    assert plan.parts.keys() == {"text_encoder", "text_encoder_2", "unet", "vae"}
    assert plan.chosen == "as usual"
    assert [choice.fits for choice in plan.choices] == [True]


@pytest.mark.parametrize(("guidance", "rows"), [(0.0, 1), (1.0, 1), (5.0, 2), (None, 2)])
def test_a_distilled_model_is_planned_without_guidance(tiny_sdxl: Path, guidance, rows):
    model = replace(find_model(str(tiny_sdxl)), defaults={"guidance_scale": guidance})
    assert call_of(usual_settings(model), 1, torch.device("cpu")).rows == rows


def test_a_decoder_that_is_made_float32_is_counted_so():
    half, full = weights_of(replace(XL, upcast=False), call()), weights_of(XL, call())
    assert full == half | {"vae": XL.parts["vae"].bytes(4)}
