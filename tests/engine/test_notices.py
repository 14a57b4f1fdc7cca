"""What is told before drawing is what `sdgen tokens` shows: both come from the same reading."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sdgen import engine
from sdgen.engine.loader import load_model
from sdgen.engine.notices import notices_on
from sdgen.engine.weighted import readers
from sdgen.models import find_model
from sdgen.models.prompts import read_prompts
from sdgen.models.tokens import PromptReader
from sdgen.recipe.settings import Settings
from tests.prompts import random_prompts

CPU = torch.device("cpu")


@pytest.mark.parametrize("syntax", ["a1111", "plain"])
@pytest.mark.parametrize("name", ["storybook", "tiny-sdxl"])
def test_the_notices_are_those_of_reading_without_the_pipeline(
    name: str, syntax: str, tiny_sdxl: Path
):
    model = find_model(name if name == "storybook" else str(tiny_sdxl))
    reader = PromptReader(model)
    generator = engine.open_generator("cpu")
    told = 0
    for text in filter(str.strip, random_prompts(200)):
        settings = Settings(
            prompt="a fox", negative_prompt=text, prompt_syntax=syntax, seed=1, guidance_scale=5
        )
        notices = [line for read in read_prompts(reader, settings) for line in read.notices(model)]
        assert generator.notices(settings, model) == notices
        told += len(notices)
    assert told > 20, "some were too long, or had words that are not known"


@pytest.mark.parametrize("name", ["storybook", "tiny-sdxl"])
def test_chunks_and_weights_are_those_of_reading_without_the_pipeline(name: str, tiny_sdxl: Path):
    model = find_model(name if name == "storybook" else str(tiny_sdxl))
    reader, pipeline = PromptReader(model), load_model(model, "float32", CPU).pipeline
    several = 0
    for text in filter(str.strip, random_prompts(200)):
        weighted = f"({text} fox:1.5), {text} [snow] BREAK owl" + ", fog" * len(text)
        settings = Settings(prompt=weighted, seed=1)
        [read] = read_prompts(reader, settings)
        for own, found in zip(readers(pipeline), read.readings.values(), strict=True):
            chunks = own.chunks(weighted)
            assert [chunk.count for chunk in found.chunks] == [len(chunk) for chunk in chunks]
            tokens = [each for chunk in chunks for each in chunk]
            assert tokens == [
                (number, weight)
                for chunk in found.chunks
                for piece, weight in chunk.pieces
                for number in piece.ids
            ]
        several += len(found.chunks) > 2
    assert several > 50


def test_a_unet_that_takes_the_guidance_as_an_input_makes_no_use_of_negative_prompts(
    tiny_sd: Path,
):
    model = find_model(str(tiny_sd))
    pipeline = load_model(model, "float32", CPU).pipeline
    settings = Settings(
        prompt="a fox", negative_prompt="fog", seed=1, scheduler="lcm", steps=4, guidance_scale=7
    )
    too_much = "guidance_scale 7 does not suit the scheduler lcm, which is for distilled models"
    assert notices_on(pipeline, model, settings) == [f"{too_much}: use 1 to 2"]
    assert notices_on(pipeline, replace(model, guidance="input"), settings) == [
        "negative_prompt has no effect: the model was distilled with its guidance"
    ]
