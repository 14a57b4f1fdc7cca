"""`sdgen doctor --model`: what a model takes, what fits, and what to switch on."""

import json
from pathlib import Path

import pytest
import torch

from sdgen.engine import plans
from sdgen.engine.generator import DiffusersGenerator


def told(sdgen, *words: str) -> dict:
    outcome = sdgen("doctor", "--device", "cpu", "--json", *words)
    assert outcome.exit_code == 0, outcome.stderr
    [line] = outcome.stdout.splitlines()
    return json.loads(line)


def test_a_model_that_is_here(sdgen, tiny_sdxl: Path):
    found = told(sdgen, "--model", str(tiny_sdxl), "--size", "512x512")
    assert found["parts"].keys() == {"text_encoder", "text_encoder_2", "unet", "vae"}
    assert (found["width"], found["auto"]) == (512, "as usual")
    ways = [one["way"] for one in found["ways"]]
    assert ways == ["as usual", "decoded in tiles of 256 pixels"]
    assert all(one["fits"] and one["needed_bytes"] > 0 for one in found["ways"])
    assert found["step_seconds"] is None


def test_in_words(sdgen, tiny_sd: Path):
    outcome = sdgen("doctor", "--device", "cpu", "--model", str(tiny_sd))
    assert "weights of unet" in outcome.stdout
    assert outcome.stdout.splitlines()[-1] == "all fits: nothing has to be switched on"


def test_where_little_is_free(sdgen, tiny_sd: Path, monkeypatch):
    monkeypatch.setattr(plans, "free_on", lambda _: 1000)
    outcome = sdgen("doctor", "--device", "cpu", "--model", str(tiny_sd))
    assert "does not fit" in outcome.stdout
    assert outcome.stdout.splitlines()[-1].startswith("nothing fits: draw smaller, or close")


def test_a_gpu_has_more_ways(tiny_sdxl: Path, monkeypatch):
    from sdgen.engine.placing import usual_settings
    from sdgen.models import find_model

    monkeypatch.setattr(plans, "free_on", lambda _: 700 * 2**20)
    model = find_model(str(tiny_sdxl))
    settings = usual_settings(model).model_copy(update={"dtype": "float16"})
    plan = plans.memory_plan(model, settings, torch.device("cuda"))
    assert [choice.switch for choice in plan.choices] == [
        "", "--offload model", "--offload sequential", "--device cpu",
    ]  # fmt: skip


def test_a_model_that_is_not_here(sdgen):
    found = told(sdgen, "--model", "sdxl")
    assert not found["is_here"]
    assert found["weights_bytes"] > 6e9
    outcome = sdgen("doctor", "--device", "cpu", "--model", "sdxl")
    assert "sdxl is not here; its files are 6.9 GB" in outcome.stdout


def test_a_step_is_timed_with_the_model_loaded(sdgen, tiny_sd: Path, monkeypatch):
    monkeypatch.setattr("sdgen.engine.open_generator", lambda *_: DiffusersGenerator("cpu"))
    assert told(sdgen, "--model", str(tiny_sd), "--time-step")["step_seconds"] > 0


@pytest.mark.parametrize(
    ("words", "reason", "code"),
    [
        (["--model", "nothing"], "no model 'nothing' here", 4),
        (["--model", "storybook", "--quick"], "--quick leaves the device out", 2),
        (["--size", "512x512"], "--size and --time-step are for a model", 2),
        (["--model", "storybook", "--size", "512"], "size must be WIDTHxHEIGHT", 2),
        (["--model", "storybook", "--size", "512x512"], "storybook does not draw 512x512", 2),
        (["--model", "storybook", "--device", "gpu"], "unknown device 'gpu'", 2),
        (["--model", "sdxl", "--time-step"], "sdxl is not here, so no step can be timed", 2),
    ],
)
def test_what_cannot_be_told(sdgen, words: list[str], reason: str, code: int):
    outcome = sdgen("doctor", *words)
    assert (outcome.exit_code, reason in outcome.stderr) == (code, True), outcome.stderr
