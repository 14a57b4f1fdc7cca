"""What was distilled is known by its header, its name or its scheduler; the guidance is judged."""

import pytest

from sdgen.models.few_steps import MadeFor, guidance_notice, is_named_so, made_for

DISTILLED = [
    "lcm-lora-sdv1-5",
    "lcm-lora-sdxl",
    "LCM_Dreamshaper_v7",
    "sdxl_lightning_4step_lora",
    "sd-turbo",
    "sdxl-turbo",
    "Hyper-SD15-4steps-lora",
    "Hyper-SDXL-8steps-CFG-lora",
    "DreamShaperXL_Lightning",
    "dreamshaper-xl-v2-turbo",
    "dmd2_sdxl_4step_lora",
    "tcd-lora-sd21",
]
OTHERS = [
    "storybook",
    "stable-diffusion-v1-5",
    "dusk",
    "turbocharger",
    "lightning-bolts",
    "turbo",
    "hyperdetail",
    "alchemy",
    "film-grain",
    "hypersds-made",
    "dmdx",
]


@pytest.mark.parametrize("name", DISTILLED)
def test_names_that_say_it(name):
    assert is_named_so(name)


@pytest.mark.parametrize("name", OTHERS)
def test_names_that_do_not(name):
    assert not is_named_so(name)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"guidance_scale": "1", "num_inference_steps": "4"}, MadeFor(1.0, 4)),
        ({"guidance_scale": "1.5"}, MadeFor(1.5)),
        ({"guidance_scale": "1", "num_inference_steps": "many"}, MadeFor(1.0)),
        ({"guidance_scale": "nan"}, None),
        ({"guidance_scale": "-1"}, None),
        ({"num_inference_steps": "4"}, None),
        ({}, None),
    ],
)
def test_a_header_says_what_it_was_made_for(notes, expected):
    assert made_for(notes) == expected


ASK = "guidance_scale 7 does not suit "


@pytest.mark.parametrize(
    ("model", "loras", "scheduler", "expected"),
    [
        ("storybook", [("mine", MadeFor(1, 4))], "euler",
         ASK + "mine, made for a guidance of 1 in 4 steps"),
        ("storybook", [("lcm-lora", MadeFor(7.5))], "euler", None),  # its header knows better
        ("sd15", [("lcm-lora-sdv1-5", None)], "lcm",
         ASK + "lcm-lora-sdv1-5, distilled by its name: use 1 to 2"),
        ("sdxl-turbo", [("ink", None)], "euler",
         ASK + "sdxl-turbo, distilled by its name: use 1 to 2"),
        ("sd15", [], "tcd",
         ASK + "the scheduler tcd, which is for distilled models: use 1 to 2"),
        ("sd15", [("ink", None)], "euler", None),
    ],
)  # fmt: skip
def test_a_guidance_of_seven(model, loras, scheduler, expected):
    assert guidance_notice(7.0, model, loras, scheduler) == expected
    assert guidance_notice(2.0, model, loras, scheduler) is None
