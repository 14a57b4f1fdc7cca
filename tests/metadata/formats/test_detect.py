import json

import pytest

from sdgen.metadata.formats.detect import READERS, read_foreign
from sdgen.metadata.formats.foreign import Carried

INFOTEXT = "a fox\nSteps: 20, Sampler: Euler, Seed: 7, Version: v1.10.1"
GRAPH = json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 1}}})
SWARM = json.dumps({"sui_image_params": {"prompt": "a fox"}})
FOOOCUS = json.dumps({"base_model": "x", "prompt": "a fox"})
SPACE = json.dumps({"Model": "x", "resolution": "8 x 8"})
DRAW_THINGS = "<xmp:CreatorTool>Draw Things</xmp:CreatorTool>"
SDCPP = INFOTEXT.replace("v1.10.1", "stable-diffusion.cpp")
OLD = {"Dream": '"a fox" -s 20'}
KOHYA = {"prompt": "a fox", "sampler": "ddim", "scale": "7"}

IN_ORDER = [
    ("NovelAI", {"Software": "NovelAI"}),
    ("Draw Things", {"XML:com.adobe.xmp": DRAW_THINGS}),
    ("InvokeAI", {"invokeai_metadata": '{"steps": 1}'}),
    ("Stability Matrix", {"smproj": "{}", "parameters-json": '{"Steps": 1}'}),
    ("Civitai", {"extraMetadata": '{"steps": 1}'}),
    ("Fooocus", {"fooocus_scheme": "fooocus", "parameters": FOOOCUS}),
    ("Easy Diffusion", {"use_stable_diffusion_model": "x"}),
    ("SwarmUI", {"parameters": SWARM}),
    ("ComfyUI", {"prompt": GRAPH}),
    ("Fooocus", {"parameters": FOOOCUS}),
    ("a Space on Hugging Face", {"parameters": SPACE}),
    ("stable-diffusion.cpp", {"parameters": SDCPP}),
    ("AUTOMATIC1111", {"parameters": INFOTEXT}),
    ("InvokeAI", OLD),
    ("kohya sd-scripts", KOHYA),
]
"""Each picture's texts; what stands further up is asked first."""


def xmp_of(texts: dict[str, str]) -> str:
    return texts.get("XML:com.adobe.xmp", "")


@pytest.mark.parametrize(("tool", "texts"), IN_ORDER)
def test_each_is_known_by_its_own_sign(tool, texts):
    found = read_foreign(Carried(texts=texts, xmp=xmp_of(texts)))
    assert found is not None
    assert found.tool == tool


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_of_two_in_one_picture_the_one_further_up_counts(first):
    tool, texts = IN_ORDER[first]
    for _, others in IN_ORDER[first + 1 :]:
        both = {**others, **texts}
        if any(both[key] != value for key, value in others.items()):
            continue  # two programs in one place: only one of them can be there
        found = read_foreign(Carried(texts=both, xmp=xmp_of(both)))
        assert found is not None
        assert found.tool == tool


@pytest.mark.parametrize("texts", [texts for _, texts in IN_ORDER])
def test_a_picture_of_ours_is_never_anothers(texts):
    assert read_foreign(Carried(texts={**texts, "sdgen": "broken"})) is None
    xmp = "<sdgen:record>{}</sdgen:record>" + DRAW_THINGS
    assert read_foreign(Carried(texts=texts, xmp=xmp)) is None


def test_what_nobody_wrote_is_nobodys():
    assert read_foreign(Carried()) is None
    assert read_foreign(Carried(texts={"Title": "a fox"}, plain="a fox", xmp="<x>")) is None


def test_readers_stand_in_the_documented_order():
    assert list(READERS) == [
        "NovelAI", "Draw Things", "InvokeAI", "Stability Matrix", "Civitai", "Fooocus",
        "Easy Diffusion", "SwarmUI", "ComfyUI", "Fooocus, JSON", "Spaces", "mflux",
        "stable-diffusion.cpp", "A1111's text", "InvokeAI before 3", "kohya",
    ]  # fmt: skip
