"""Reading a prompt without torch: the same tokens as the pipeline's, for every kind of folder."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdgen.errors import ModelError
from sdgen.models import find_model
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.tokens import PromptReader, tail, text_notices
from tests.models.conftest import write_mini
from tests.prompts import random_prompts

TOKENIZER = STORYBOOK / "tokenizer"


def mark(content: str, **more: Any) -> dict[str, Any]:
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    return {"content": content, **plain, **more}


MARKS = {"bos_token": mark("<|startoftext|>"), "eos_token": mark("<|endoftext|>"),
         "unk_token": mark("<|endoftext|>"), "pad_token": "<|endoftext|>"}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "as in Stable Diffusion 1.5": {
        "tokenizer_config.json": {
            **{name: {"__type": "AddedToken", **said} if isinstance(said, dict) else said
               for name, said in MARKS.items()},
            "model_max_length": 77, "errors": "replace", "add_prefix_space": False,
        },
        "special_tokens_map.json": MARKS,
    },
    "as in SDXL, where ! fills up": {
        "tokenizer_config.json": {
            "model_max_length": 77, "pad_token": "!", "unk_token": "<|endoftext|>",
            "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
            "added_tokens_decoder": {
                "0": mark("!", special=True, normalized=False),
                "3089": mark("<|startoftext|>", special=True),
                "3090": mark("<|endoftext|>", special=True),
            },
        },
    },
    "as in older SDXL folders": {
        "tokenizer_config.json": {"model_max_length": 77},
        "special_tokens_map.json": {**MARKS, "pad_token": "!"},
    },
    "shorter": {"tokenizer_config.json": {"model_max_length": 9}},
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Writes a model with storybook's vocabulary and the given files beside it."""

    def write(files: dict[str, Any]) -> Path:
        root = write_mini(tmp_path / "mini")
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(TOKENIZER / name, root / "tokenizer" / name)
        for name, value in files.items():
            text = value if isinstance(value, str) else json.dumps(value)
            (root / "tokenizer" / name).write_text(text)
        return root

    return write


def assert_read_as_by_the_pipeline(root: Path) -> None:
    from transformers import CLIPTokenizer

    reader = PromptReader(find_model(str(root)))
    for name, _ in reader.read("").items():
        tokenizer = CLIPTokenizer.from_pretrained(root / name)
        for text in random_prompts(250):
            reading = reader.read(text)[name]
            options = {"add_special_tokens": False, "truncation": False, "verbose": False}
            there = tokenizer(text, return_offsets_mapping=True, **options)
            assert [i for piece in reading.pieces for i in piece.ids] == there.input_ids, text
            room = tokenizer.model_max_length - 2
            assert (reading.room, reading.count) == (room, len(there.input_ids))
            assert reading.cut_off == tail(text, there.offset_mapping, room)


@pytest.mark.parametrize("kind", CONFIGS)
def test_folders_of_every_age_are_read_as_the_pipeline_reads_them(written, kind: str):
    assert_read_as_by_the_pipeline(written(CONFIGS[kind]))


def test_a_folder_with_one_file_for_all_is_read_as_the_pipeline_reads_it(tiny_sdxl: Path):
    assert_read_as_by_the_pipeline(tiny_sdxl)


def test_the_built_in_model_is_read_as_the_pipeline_reads_it():
    assert_read_as_by_the_pipeline(STORYBOOK)


def pieces(text: str) -> list[tuple[str, int]]:
    [reading] = PromptReader(find_model("storybook")).read(text).values()
    return [(piece.text, len(piece.ids)) for piece in reading.pieces]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A girl", [("A", 1), ("girl", 1)]),
        ("海滩", [("海", 1), ("滩", 1)]),
        ("犀牛", [("犀", 3), ("牛", 1)]),
        ("🦊", [("🦊", 4)]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_pieces_are_characters_however_many_tokens_they_take(text, shown):
    assert pieces(text) == shown


def test_pieces_are_the_whole_text_but_its_spaces():
    for text in random_prompts(100):
        assert "".join(shown for shown, _ in pieces(text)) == "".join(text.split())


def test_pieces_of_one_word_have_its_number():
    [reading] = PromptReader(find_model("storybook")).read("an astrolabe").values()
    assert {piece.word for piece in reading.pieces[1:]} == {1}


@pytest.mark.parametrize(
    ("spans", "room", "end"),
    [([], 2, ""), ([(0, 1), (2, 3)], 2, ""), ([(0, 1), (2, 3)], 1, "b"), ([(0, 3)], -2, "a b")],
)
def test_the_end_without_room(spans, room, end):
    assert tail("a b", spans, room) == end


def test_the_longest_end_of_two_tokenizers_is_told():
    [notice] = text_notices("prompt", "abc", ["c", "bc"], find_model("storybook"))[:1]
    assert notice == "the model does not read the end of the prompt: 'bc'"


BROKEN: dict[str, Any] = {
    "vocab.json": "{}",
    "merges.txt": "#version: 0.2\nq qq\n",
    "tokenizer.json": {"model": {"vocab": {"a": -1}, "merges": []}},
    "tokenizer_config.json": {"model_max_length": "many"},
    "special_tokens_map.json": "[]",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_tokenizer_is_an_error_of_the_model(written, name: str):
    root = written({name: BROKEN[name]})
    with pytest.raises(ModelError, match="tokenizer"):
        PromptReader(find_model(str(root))).read("a red fox")


def test_a_model_without_a_tokenizer_is_refused(written):
    root = written({})
    index = json.loads((root / "model_index.json").read_text())
    index["tokenizer"] = [None, None]
    (root / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="needs a tokenizer"):
        PromptReader(find_model(str(root)))
