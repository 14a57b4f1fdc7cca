"""What is told before drawing is what `sdgen tokens` shows: both come from the same reading."""

from pathlib import Path

import pytest

from sdgen import engine
from sdgen.models import find_model
from sdgen.models.tokens import PromptReader, text_notices
from sdgen.recipe.settings import Settings
from tests.prompts import random_prompts


@pytest.mark.parametrize("name", ["storybook", "tiny-sdxl"])
def test_the_notices_are_those_of_reading_without_the_pipeline(name: str, tiny_sdxl: Path):
    model = find_model(name if name == "storybook" else str(tiny_sdxl))
    reader = PromptReader(model)
    generator = engine.open_generator("cpu")
    told = 0
    for text in filter(str.strip, random_prompts(200)):
        settings = Settings(prompt="a fox", negative_prompt=text, seed=1, guidance_scale=5)
        tails = [reading.cut_off for reading in reader.read(text).values()]
        notices = text_notices("negative_prompt", text, tails, model)
        assert [n for n in generator.notices(settings, model) if "negative" in n] == notices
        told += len(notices)
    assert told > 20, "some were too long, or had words that are not known"
