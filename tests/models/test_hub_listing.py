"""Which files of a repository a model needs, whatever else lies there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import ModelError
from sdgen.models.hub_listing import Listing, files_of_pipeline, read_listing
from sdgen.models.hub_names import is_file, is_repository, is_revision, split_revision

COMMIT = "c" * 40
STEM = "diffusion_pytorch_model"
INDEX = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
         "tokenizer": ["transformers", "CLIPTokenizer"], "vae": ["diffusers", "AutoencoderKL"],
         "safety_checker": [None, None], "requires_safety_checker": False}  # fmt: skip


def listing(*paths: str) -> Listing:
    files = [{"rfilename": path, "size": 3, "blobId": "a" * 40} for path in paths]
    return read_listing("a/b", {"sha": COMMIT, "siblings": files})


def wanted(paths: list[str], variant: str | None = "fp16") -> list[str]:
    base = ["model_index.json", "unet/config.json", "vae/config.json", "tokenizer/vocab.json"]
    chosen = files_of_pipeline(listing(*base, *paths), INDEX, variant)
    return sorted({one.path for one in chosen} - set(base))


HALF = [f"unet/{STEM}.fp16.safetensors", f"vae/{STEM}.fp16.safetensors"]
FULL = [f"unet/{STEM}.safetensors", f"vae/{STEM}.safetensors"]
SHARDS = [f"unet/{STEM}-0000{n}-of-00002.safetensors" for n in (1, 2)]
HALF_SHARDS = [f"unet/{STEM}.fp16-0000{n}-of-00002.safetensors" for n in (1, 2)]
INDEX_FULL, INDEX_HALF = (
    f"unet/{STEM}.safetensors.index.json",
    f"unet/{STEM}.safetensors.index.fp16.json",
)
REST = ["README.md", "x.ckpt", "unet/x.py", f"unet/{STEM}.bin", f"unet/{STEM}.non_ema.safetensors",
        "unet/model.onnx", "unet/sub/config.json", "text/config.json", "vae/x.msgpack"]  # fmt: skip


def test_half_precision_goes_before_where_all_have_it():
    assert wanted([*HALF, *FULL, *REST]) == HALF
    assert wanted([*HALF, *FULL, *REST], None) == FULL
    assert wanted([HALF[0], *FULL, *REST]) == FULL, "one variant for all parts"
    assert wanted([*HALF, FULL[0], *REST], None) == HALF


def test_shards_come_with_their_index():
    half = [*HALF_SHARDS, INDEX_HALF, HALF[1]]
    full = [*SHARDS, INDEX_FULL, FULL[1]]
    assert wanted([*half, *full, *REST]) == sorted(half)
    assert wanted([*full, *REST]) == sorted(full)


def test_what_is_not_whole_is_refused():
    with pytest.raises(ModelError, match="no weights that are whole: vae lacks some"):
        wanted([FULL[0], f"vae/{STEM}.fp16-1.safetensors"])
    with pytest.raises(ModelError, match=r"unet only as a pickle"):
        wanted([f"unet/{STEM}.bin", *FULL[1:]])


def answer(siblings, sha=COMMIT):
    return {"sha": sha, "siblings": siblings}


SHAPES = [None, [], {}, {"sha": COMMIT}, answer([], "main"), answer({}), answer([3]),
          answer([{"rfilename": 3}])]  # fmt: skip


@pytest.mark.parametrize("value", SHAPES)
def test_an_answer_of_another_form_is_refused(value):
    with pytest.raises(ModelError):
        read_listing("a/b", value)


@given(st.text(), st.text(alphabet="abAB09./-_@~\\: \0\n", max_size=30))
def test_no_name_leads_anywhere(any_text, likely):
    for text in (any_text, likely):
        name, revision = split_revision(text)
        if is_repository(text):
            assert text.count("/") == 1
            assert not {".", ".."} & set(text.split("/"))
        if revision is not None:
            assert f"{name}@{revision}" == text
        for part in text.split("/") if is_file(text) or is_revision(text) else ():
            assert part not in ("", ".", "..")
            assert "\\" not in part
            assert part.isprintable()
