import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import ALIASES, Settings, canonical_name

FOX = {"prompt": "a red fox", "seed": 7}

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)
settings = st.builds(
    Settings,
    prompt=texts.filter(str.strip),
    negative_prompt=texts,
    seed=st.integers(0, 2**63 - 1),
    variation_seed=st.integers(0, 2**63 - 1),
    variation_strength=st.floats(0, 1),
    scheduler=st.sampled_from(sorted(SCHEDULERS)),
    steps=st.integers(1, 1000),
    guidance_scale=st.floats(0, 100),
    guidance_rescale=st.floats(0, 1),
    width=st.integers(64, 4096),
    height=st.integers(64, 4096),
    eta=st.floats(0, 1),
    rng=st.sampled_from(["cpu", "gpu", "nv"]),
    ensd=st.integers(0, 2**63 - 1),
    clip_skip=st.integers(1, 12),
    dtype=st.sampled_from(["auto", "float32", "float16", "bfloat16"]),
)


@given(settings)
def test_json_and_back_is_the_identity(one: Settings):
    assert Settings.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0), ("steps", -1), ("steps", 1001), ("steps", 2.5), ("steps", True),
        ("steps", "20"), ("steps", None), ("guidance_scale", -0.1), ("guidance_scale", math.nan),
        ("guidance_scale", math.inf), ("guidance_scale", 1e309), ("guidance_scale", 101),
        ("guidance_scale", True), ("seed", -1), ("seed", 2**63), ("seed", 7.0), ("width", 0),
        ("width", 63), ("height", 4097), ("height", -64), ("eta", 1.1), ("clip_skip", 0),
        ("rng", "cuda"), ("rng", "NV"), ("ensd", -1), ("ensd", 2**63), ("ensd", 1.0),
        ("dtype", "half"), ("dtype", "float64"), ("scheduler", "eulr"), ("scheduler", ""),
        ("prompt", ""), ("prompt", "  \n"), ("prompt", "a\0b"), ("prompt", "\x1b[31mred"),
        ("prompt", "half \ud800"), ("prompt", "x" * 10_001), ("prompt", 3),
        ("negative_prompt", "\x07"), ("stepz", 3),
    ],
)  # fmt: skip
def test_what_no_model_can_do_is_refused(name: str, value: object):
    with pytest.raises(ValidationError):
        Settings.model_validate({**FOX, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 0), ("guidance_scale", 0), ("guidance_scale", 0.0), ("negative_prompt", ""),
     ("eta", 0.0), ("prompt", "two\nlines\tand a tab"), ("prompt", "夕阳下的海滩 🌅")],
)  # fmt: skip
def test_zero_and_empty_are_values(name: str, value: object):
    assert getattr(Settings.model_validate({**FOX, name: value}), name) == value


@pytest.mark.parametrize(
    ("word", "field"),
    [("num_inference_steps", "steps"), ("cfg_scale", "guidance_scale"), ("Sampler", "scheduler"),
     ("guidance-scale", "guidance_scale"), ("CFG Scale", "guidance_scale"), ("steps", "steps")],
)  # fmt: skip
def test_other_tools_words_are_understood(word: str, field: str):
    assert canonical_name(word) == field


def test_no_alias_hides_a_field():
    fields = set(Settings.model_fields)
    assert all(ALIASES[name] == name for name in fields)


def test_a_scheduler_is_kept_under_its_own_name():
    assert Settings.model_validate({**FOX, "scheduler": "DPM++ 2M Karras"}).scheduler == (
        "dpmpp_2m_karras"
    )


def test_every_field_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_a_prompt_with_syntax_that_is_not_done_is_refused_and_as_plain_words_taken(name: str):
    said = {"prompt": "a fox", "seed": 1, name: "a fox AND an owl, [x:y:0.5]"}
    with pytest.raises(ValidationError, match="joins prompts with AND"):
        Settings(**said)
    assert getattr(Settings(**said, prompt_syntax="plain"), name) == said[name]
