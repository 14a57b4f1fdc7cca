"""FreeU: as diffusers computes it, for one call."""

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from sdgen.errors import InputError
from sdgen.recipe.freeu import read_freeu
from sdgen.recipe.layers import Layer, resolve
from tests.engine.drawing import draw, kept_state, pixels

FACTORS = "1.2,1.4,0.9,0.2"


def test_the_picture_is_that_of_diffusers(tiny_sd):
    ours = draw(tiny_sd, freeu=FACTORS, scheduler="ddim", prompt_syntax="plain")
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_sd)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.enable_freeu(b1=1.2, b2=1.4, s1=0.9, s2=0.2)
    theirs = pipeline("a red fox", num_inference_steps=2, guidance_scale=7.0,
                      generator=torch.Generator("cpu").manual_seed(7))  # fmt: skip
    assert np.array_equal(np.asarray(ours.image), np.asarray(theirs.images[0]))


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_a_picture_after_it_is_the_one_before_it(request, model):
    folder = request.getfixturevalue(model)
    before = pixels(folder)
    state = kept_state()
    assert pixels(folder, freeu=FACTORS) != before
    assert pixels(folder) == before
    assert kept_state() == state


@pytest.mark.parametrize("said", [FACTORS, " 1.20, 1.4,0.9 ,0.2", [1.2, 1.4, 0.9, 0.2]])
def test_one_form(said):
    assert read_freeu(said) == FACTORS
    assert read_freeu("") == ""


@pytest.mark.parametrize("said", ["1,2,3", "1,2,3,4,5", "1,1,1,0", "1,1,1,nan", "a,b,c,d", 4])
def test_faults(said):
    with pytest.raises(InputError, match=r"freeu \(\) must be four numbers B1,B2,S1,S2"):
        resolve([Layer("", {"prompt": "a fox", "seed": 1, "freeu": said})])
