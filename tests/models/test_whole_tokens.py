"""T5's and Qwen's readings without torch are the pipeline's, and what they lose is told."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from sdgen.models import LocalModel, find_model
from sdgen.models.prompts import read_prompts
from sdgen.models.tokens import PromptReader
from sdgen.models.whole_tokens import as_message
from sdgen.recipe.settings import Settings
from tests.prompts import random_prompts
from tests.tiny_families import build_flux, build_sd3, build_z_image


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("readers")
    return {
        "flux": build_flux(home / "flux"),
        "sd3": build_sd3(home / "sd3"),
        "z-image": build_z_image(home / "z-image"),
    }


def notices(model: LocalModel, prompt: str, **said) -> list[str]:
    settings = Settings(prompt=prompt, seed=1, **said)
    return [line for read in read_prompts(PromptReader(model), settings)
            for line in read.notices(model)]  # fmt: skip


@pytest.mark.parametrize(("name", "part"), [("flux", "tokenizer_2"), ("z-image", "tokenizer")])
def test_the_tokens_are_those_of_transformers(folders, name: str, part: str):
    model = find_model(str(folders[name]))
    theirs, ours = AutoTokenizer.from_pretrained(model.folder / part), PromptReader(model)
    for prompt in random_prompts(150):
        whole = as_message(prompt) if name == "z-image" else prompt
        ids = theirs(whole, add_special_tokens=False).input_ids
        own = [number for piece in ours.read(prompt)[part].pieces for number in piece.ids]
        frame = [
            theirs(text, add_special_tokens=False).input_ids for text in as_message("§").split("§")
        ]
        before, after = frame if name == "z-image" else ([], [])
        assert own == ids[len(before) : len(ids) - len(after)] or "\n" in prompt[:1], prompt


def test_what_t5_reads_is_not_lost_though_clip_has_no_room(folders):
    for name, length in (("flux", 512), ("sd3", 256)):
        model = find_model(str(folders[name]))
        readings = PromptReader(model).read("fox")
        assert [reading.room for reading in readings.values()][-1] == length - 1
        assert notices(model, "a red fox " * 20) == []
        told = notices(model, "~" * 600)
        assert told == [f"the model does not read the end of the prompt: '{'~' * (602 - length)}'"]


def test_an_end_that_qwen_does_not_read_is_told(folders):
    model = find_model(str(folders["z-image"]))
    [told] = notices(model, "~ " * 400 + "end")
    assert told.endswith("end'")


def test_words_without_a_token_are_told_and_chinese_has_some_in_qwen(folders):
    for name in ("flux", "sd3"):
        model = find_model(str(folders[name]))
        [told] = notices(model, "a fox and 犀牛")
        assert told.startswith(f"{name} has no words for '犀牛' in the prompt")
    assert notices(find_model(str(folders["z-image"])), "犀牛") == []


def test_weights_of_one_are_only_words(folders):
    """Marks of the syntax that say nothing are left out, as in the text that is drawn."""
    reader = PromptReader(find_model(str(folders["flux"])))
    [read] = read_prompts(reader, Settings(prompt=r"a fox \(red\)", seed=1))
    assert read.words == "a fox (red)"
    assert len(read.readings["tokenizer_2"].chunks) == 1
