"""The few-step LoRA of the built-in model: it draws, again too, and its figures are here."""

import json
from pathlib import Path

import numpy as np
import pytest

from sdgen.cli import app
from sdgen.files.configs import load_config
from sdgen.files.images import open_pixels, read_record_of
from sdgen.models.catalogue import STORYBOOK
from sdgen.models.local import OWN_LORAS

FOLDER = STORYBOOK / OWN_LORAS
FIGURES = json.loads((FOLDER / "storybook-turbo.json").read_text(encoding="utf-8"))
PROMPT = ["a red fox in a snowy forest", "--seed", "5", "--size", "192x320", "--device", "cpu"]
PROMISED = ("place", "time", "style", "subject", "clothing_colour", "object")


def run(*words: object) -> int:
    return app.run([str(word) for word in words])


@pytest.fixture(scope="module")
def fox(tmp_path_factory) -> Path:
    """Drawn with the config."""
    path = tmp_path_factory.mktemp("turbo") / "fox.png"
    assert run(*PROMPT, "--config", "turbo", "-o", path) == 0
    return path


def test_the_config_draws_with_four_calls_of_the_unet_and_tells_the_lora(fox):
    record = read_record_of(fox)
    assert (record.settings.steps, record.settings.guidance_scale) == (4, 1.0)
    assert record.settings.lora == ("storybook-turbo:1",)
    [added] = record.added
    assert (added.name, added.left_out) == ("storybook-turbo", 0)
    assert record.notices == []


def test_it_is_drawn_again_to_the_last_pixel(fox, capsys):
    assert run("reproduce", fox) == 0
    assert capsys.readouterr().out.startswith("identical: ")


def test_it_is_nearer_to_the_model_s_own_picture_than_four_steps_without_it(fox, tmp_path):
    few = ["--steps", 4, "--guidance-scale", 1, "--scheduler", "ddim_trailing"]
    assert run(*PROMPT, "-o", tmp_path / "whole.png") == 0
    assert run(*PROMPT, *few, "-o", tmp_path / "pale.png") == 0
    whole, pale, drawn = (
        np.asarray(open_pixels(path), float)
        for path in (tmp_path / "whole.png", tmp_path / "pale.png", fox)
    )
    assert abs(drawn - whole).mean() < 0.8 * abs(pale - whole).mean()


def test_guidance_is_warned_of(tmp_path, capsys):
    words = [*PROMPT, "--config", "turbo", "--steps", 1, "--guidance-scale", 5]
    assert run(*words, "-o", tmp_path / "fox.png") == 0
    warning = "guidance_scale 5 does not suit storybook-turbo, made for a guidance of 1 in 4 steps"
    assert f"warning: {warning}\n" in capsys.readouterr().err
    assert read_record_of(tmp_path / "fox.png").notices == [warning]
    assert run(*words[:-1], 2, "-o", tmp_path / "near.png") == 0
    assert read_record_of(tmp_path / "near.png").notices == []


def test_who_takes_it_for_a_model_is_told_what_it_is(capsys):
    assert run(*PROMPT, "--model", "storybook-turbo") == 4
    assert capsys.readouterr().err == (
        "error: no model 'storybook-turbo' here\n"
        "hint: storybook-turbo is a LoRA of storybook: --lora storybook-turbo; "
        "see sdgen configs list\n"
    )


def test_its_file_says_what_the_config_asks_for():
    said = load_config("turbo").values
    about = FIGURES["storybook-turbo"]["settings"]
    assert (said["steps"], said["guidance_scale"]) == (about["steps"], about["guidance"])
    assert said["scheduler"] == about["sampler"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("attribute", PROMISED)
def test_nine_tenths_of_what_the_words_say_is_there(language, attribute):
    """The figures of the card, which stand beside the file."""
    rates = {name: one["rates"][language][attribute] for name, one in FIGURES.items()}
    assert rates["storybook-turbo"] >= 0.9 * rates["storybook"]


def test_the_card_has_these_figures():
    card = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    for attribute in PROMISED:
        cells = [
            f"{FIGURES[name]['rates'][language][attribute]:.1%}"
            for language in ("en", "zh")
            for name in ("storybook", "storybook-turbo", "without")
        ]
        assert f"| {attribute.replace('_', ' ')} | {' | '.join(cells)} |" in card
