import json
from dataclasses import replace

import pytest

from sdgen.errors import ModelError
from sdgen.models.catalogue import CATALOGUE
from sdgen.recipe.sizes import SizeRule
from tests.fakes import FAKE_MODEL


@pytest.fixture
def model(tmp_path, monkeypatch):
    """The only model here: one weight file, two sizes."""
    (tmp_path / "unet.safetensors").write_bytes(b"fox")
    found = replace(
        FAKE_MODEL,
        name="storybook",
        folder=tmp_path,
        weights=("unet.safetensors",),
        sizes=SizeRule(8, ((64, 64), (64, 128))),
    )
    monkeypatch.setattr("sdgen.models.find_model", lambda name: found)
    return found


def test_lists_the_models_with_a_name(sdgen, model):
    outcome = sdgen("models", "list")
    assert outcome.exit_code == 0
    [line] = [line for line in outcome.stdout.splitlines() if line.startswith("storybook")]
    assert "ready" in line
    assert CATALOGUE["storybook"].summary in line


def test_missing_model_is_listed_with_the_reason(sdgen, monkeypatch):
    monkeypatch.setattr("sdgen.models.find_model", _missing)
    [line] = [
        one for one in sdgen("models", "list", "--json").stdout.splitlines() if "storyb" in one
    ]
    assert json.loads(line)["ready"] is False
    assert json.loads(line)["fault"] == "no fox here"


def _missing(name):
    raise ModelError("no fox here")


def test_info_tells_sizes_defaults_and_files(sdgen, model):
    outcome = sdgen("models", "info", "storybook")
    assert outcome.exit_code == 0
    assert "64x64, 64x128" in outcome.stdout
    assert "StableDiffusionPipeline" in outcome.stdout
    assert "unet.safetensors" in outcome.stdout


def test_info_as_json(sdgen, model):
    value = json.loads(sdgen("models", "info", "storybook", "--json").stdout)
    assert value["sizes"] == {"multiple": 8, "only": [[64, 64], [64, 128]], "longest": 0}
    assert value["defaults"]["steps"] == 4
    assert value["files"].keys() == {"unet.safetensors"}


def test_unknown_model_is_exit_4(sdgen):
    outcome = sdgen("models", "info", "storibook")
    assert (outcome.exit_code, outcome.stdout) == (4, "")
    assert "did you mean storybook?" in outcome.stderr
