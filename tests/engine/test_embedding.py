"""Embeddings on real pipelines at toy size: as diffusers reads them, and nothing is left behind."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

from sdgen.engine.generator import DiffusersGenerator
from sdgen.errors import InputError, ModelError, SdgenError
from sdgen.models.embedding import check_embedding
from sdgen.models.finding import Search
from sdgen.models.prompts import read_prompts
from sdgen.models.tokens import PromptReader
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.loras import write_lora
from tests.tiny_models import TEXT_WIDTH

VECTORS = 3


def vectors(count: int = VECTORS, width: int = TEXT_WIDTH, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def ink(tmp_path) -> Path:
    """In A1111's form."""
    save_file({"emb_params": vectors()}, tmp_path / "ink.safetensors")
    return tmp_path / "ink.safetensors"


@pytest.fixture
def ink_xl(tmp_path) -> Path:
    names = {"clip_l": vectors(), "clip_g": vectors(seed=1)}
    save_file(names, tmp_path / "inkxl.safetensors")
    return tmp_path / "inkxl.safetensors"


def test_the_picture_is_that_of_diffusers(tiny_sd, ink):
    ours = draw(tiny_sd, prompt="a fox in <ink> and fur", embedding=[str(ink)], scheduler="ddim")
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_sd)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_textual_inversion({"<ink>": vectors()}, token="<ink>")
    theirs = pipeline("a fox in <ink> and fur", num_inference_steps=2, guidance_scale=7.0,
                      generator=torch.Generator("cpu").manual_seed(7))  # fmt: skip
    assert np.array_equal(np.asarray(ours.image), np.asarray(theirs.images[0]))


@pytest.mark.parametrize(("model", "file"), [("tiny_sd", "ink"), ("tiny_sdxl", "ink_xl")])
def test_a_picture_after_it_is_the_one_before_it(request, model, file):
    folder, path = request.getfixturevalue(model), request.getfixturevalue(file)
    said = f"a fox, <{path.stem}>"
    before = pixels(folder, prompt=said)
    state = kept_state()
    taught = draw(folder, prompt=said, embedding=[str(path)])
    assert taught.record.image.sha256 != before
    assert pixels(folder, prompt=said) == before
    assert kept_state() == state
    [added] = taught.record.added
    assert (added.kind, added.name, added.modules) == ("embedding", path.stem, VECTORS)
    assert added.sha256 == check_embedding(path).sha256
    assert taught.record.settings.embedding == (path.stem,)


def test_no_graph_is_recorded_of_an_encoder_that_reads_them(tiny_sd, ink, monkeypatch):
    """A graph would hold the places of one text's vectors for good."""
    from sdgen.engine import graphs, weighted

    encoders, replayed = [], graphs.replayed

    def watched(*networks):
        encoders.extend("forward" in vars(network) for network in networks)
        return replayed(*networks)

    monkeypatch.setattr(weighted, "replayed", watched)
    draw(tiny_sd, prompt="a <ink> fox of one word", embedding=[str(ink)])
    assert encoders == [True, True]
    encoders.clear()
    draw(tiny_sd, prompt="a fox of another word")
    assert encoders
    assert not any(encoders)


def test_all_forms_of_a_file_draw_the_same(tiny_sd, tmp_path, ink):
    one = vectors(1)
    forms = {
        "a1111": {"emb_params": one}, "diffusers": {"<cat>": one[0].clone()},
        "sdxl's, made for the first encoder too": {"clip_l": one, "clip_g": vectors(1, 48)},
    }  # fmt: skip
    found = set()
    for number, tensors in enumerate(forms.values()):
        save_file(tensors, tmp_path / f"form{number}.safetensors")
        found.add(pixels(tiny_sd, embedding=[f"{tmp_path}/form{number}.safetensors:red"]))
    assert len(found) == 1
    assert found != {pixels(tiny_sd)}


def test_words_are_weighted_and_stand_in_negative_prompts(tiny_sd, ink):
    said = {"embedding": [f"{ink}:ugly"], "negative_prompt": "(ugly:1.2), bad"}
    drawn = {pixels(tiny_sd, **{**said, "negative_prompt": text})
             for text in ("ugly, bad", "(ugly:1.2), bad", "bad")}  # fmt: skip
    assert len(drawn) == 3
    assert pixels(tiny_sd, **said) in drawn
    assert pixels(tiny_sd, **{**said, "negative_prompt": "bad"}) == pixels(
        tiny_sd, negative_prompt="bad"
    )  # what no prompt names changes nothing


def test_with_a_lora_and_another_after_it(tiny_sd, ink, tmp_path):
    lora = str(write_lora(tiny_sd, tmp_path / "mane.safetensors", seed=7))
    said = {"prompt": "a <ink> fox", "embedding": [str(ink)]}
    alone, both = pixels(tiny_sd, **said), pixels(tiny_sd, **said, lora=[lora])
    assert alone != both
    assert [pixels(tiny_sd, **said), pixels(tiny_sd, **said, lora=[lora])] == [alone, both]


def test_a_prompt_that_names_it_finds_it(tiny_sd, ink):
    search = Search([ink.parent])
    settings, model = planned(tiny_sd, prompt="a <ink> fox, <3, <nothing here>", search=search)
    assert settings.embedding == ("ink",)
    [word] = model.embeddings
    assert (word.word, word.vectors) == ("<ink>", VECTORS)
    assert planned(tiny_sd, prompt="an ink fox", search=search)[0].embedding == ()
    assert planned(tiny_sd, prompt="<ink>", search=search, prompt_syntax="plain")[0].embedding == ()


def test_long_prompts_count_its_vectors(tiny_sd, ink):
    """74 letters fill a chunk but for one place; three vectors need a second one."""
    said = {"prompt": "a " * 74 + "<ink>", "embedding": [str(ink)]}
    settings, model = planned(tiny_sd, **said)
    generator = DiffusersGenerator("cpu")
    assert generator.chunks(settings, model) == 2
    [read] = read_prompts(PromptReader(model), settings)
    reading = read.readings["tokenizer"]
    assert (reading.count, len(reading.chunks)) == (74 + VECTORS, 2)
    assert generator.notices(settings, model) == read.notices(model)


def save(tmp_path: Path, **tensors: torch.Tensor) -> str:
    save_file(tensors, tmp_path / "odd.safetensors")
    return str(tmp_path / "odd.safetensors")


@pytest.mark.parametrize(
    ("tensors", "model", "told"),
    [
        ({"emb_params": vectors(2, 768)}, "tiny_sd", "vectors have 768 numbers.*takes 32"),
        ({"emb_params": vectors()}, "tiny_sdxl", "for a model with one text encoder, not two"),
        ({"a": vectors(), "b": vectors()}, "tiny_sd", "odd.safetensors is no embedding"),
        ({"emb_params": vectors(65)}, "tiny_sd", "odd.safetensors is no embedding"),
        ({"clip_l": vectors(2), "clip_g": vectors(3)}, "tiny_sdxl", "is no embedding"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_loaded(
    request, tmp_path, tensors, model, told
):
    with pytest.raises(ModelError, match=told):
        planned(request.getfixturevalue(model), embedding=[save(tmp_path, **tensors)])


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ({"embedding": ["nowhere"]}, ModelError, "no embedding 'nowhere' here"),
        ({"embedding": ["ink:x", "ink:X"]}, InputError, "two embeddings have the same word"),
        ({"embedding": ["ink"], "prompt_syntax": "plain"}, InputError, "need prompt_syntax a1111"),
    ],
)
def test_slips(tiny_sd, ink, said, kind: type[SdgenError], told):
    with pytest.raises(kind, match=told):
        planned(tiny_sd, search=Search([ink.parent]), **said)


def test_a_file_that_was_changed_in_between_is_refused(tiny_sd, ink):
    save_file({"emb_params": vectors(seed=8)}, ink)
    settings, model = planned(tiny_sd, prompt="<ink>", embedding=[str(ink)])
    save_file({"emb_params": vectors(seed=9)}, ink)
    with pytest.raises(ModelError, match="ink was changed while it was in use"):
        DiffusersGenerator("cpu").generate(settings, model)
