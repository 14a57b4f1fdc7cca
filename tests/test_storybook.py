"""The built-in model through the real program: it is whole, it draws, it is drawn again."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from sdgen.api import generate
from sdgen.engine import open_generator
from sdgen.errors import InputError
from sdgen.files.images import open_pixels, read_record_of
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.hashes import expected_hashes, hash_files
from sdgen.models.local import find_model
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.replay import redraw
from sdgen.verdict import Original

FOLDER = STORYBOOK
GIRL = "a girl in a white dress on a sunset beach"


def test_every_file_is_the_one_that_was_shipped():
    expected = expected_hashes(FOLDER)
    assert hash_files(FOLDER, tuple(expected)) == expected
    assert set(find_model("storybook").weights) <= set(expected)


def test_it_is_small_and_holds_no_code():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".txt", ".md", ""}


@pytest.mark.parametrize("size", ["512x512", "256x320"])
def test_untrained_sizes_are_refused_with_the_nearest(size: str):
    with pytest.raises(InputError, match="trained for 256x256, 192x320, 320x192, 384x192"):
        generate(GIRL, size=size)


def test_plain_diffusers_draws_the_same_picture():
    ours = generate(GIRL, seed=7, steps=4, device="cpu", dtype="float32")
    pipeline = StableDiffusionPipeline.from_pretrained(FOLDER)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        GIRL,
        num_inference_steps=4,
        guidance_scale=5.0,
        generator=torch.Generator("cpu").manual_seed(7),
    )
    assert np.array_equal(np.asarray(ours.image), np.asarray(theirs.images[0]))


def test_words_decide_what_is_seen():
    """Night is darker than day, the ocean is blue, in English and in Chinese."""
    pictures = {
        prompt: np.asarray(generate(prompt, seed=3, steps=12, device="cpu").image, float)
        for prompt in ("a castle at night", "a castle at noon", "蓝色海洋", "blue ocean")
    }
    assert pictures["a castle at night"].mean() < pictures["a castle at noon"].mean() - 30
    for prompt in ("蓝色海洋", "blue ocean"):
        red, _, blue = pictures[prompt].mean(axis=(0, 1))
        assert blue > red + 15


def test_a_picture_is_drawn_again_to_the_last_pixel(tmp_path: Path):
    picture = generate("一只猫在花园里", seed=5, steps=4, size="192x320", device="cpu")
    picture.save(tmp_path / "cat.png")
    original = Original(picture.record, picture.image)
    _, verdict = redraw(original, find_model("storybook"), open_generator("cpu"))
    assert verdict.kind == "identical"


def test_words_that_it_was_not_taught_are_told():
    picture = generate("an astrolabe on a sunset beach", seed=1, steps=1, device="cpu")
    [notice] = picture.record.notices
    assert notice == "storybook was not taught these words of the prompt: astrolabe"


def test_the_first_picture_of_the_readme_is_what_its_command_draws():
    """Its record has the settings of the command under it, and it comes out again."""
    root = Path(__file__).parents[1]
    shown = root / "docs/first-picture.png"
    readme = (root / "README.md").read_text(encoding="utf-8")
    [command] = re.findall(r'^    sdgen "(.+)" --seed (\d+)$', readme, re.MULTILINE)
    record = read_record_of(shown)
    flags = Layer("flags", {"prompt": command[0], "seed": int(command[1])})
    assert plan([flags]).settings == record.settings.model_copy(update={"dtype": "auto"})
    original = Original(record, open_pixels(shown))
    _, verdict = redraw(original, find_model("storybook"), open_generator("cpu"))
    assert verdict.reproduced, verdict


def test_weights_choices_and_long_prompts_are_drawn_and_drawn_again():
    asked = {"steps": 2, "size": "192x320", "device": "cpu"}
    picture = generate("a {cat|cat} on a (beach:1.4) BREAK sunset", seed=5, **asked)
    assert picture.record.settings.prompt == "a cat on a (beach:1.4) BREAK sunset"
    assert picture.record.notices == ["storybook was taught texts of one chunk; the prompt has 2"]
    original = Original(picture.record, picture.image)
    _, verdict = redraw(original, find_model("storybook"), open_generator("cpu"))
    assert verdict.kind == "identical"
    plain = generate("a cat on a beach sunset", seed=5, **asked)
    assert plain.image.tobytes() != picture.image.tobytes()
