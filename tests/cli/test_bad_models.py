"""Models that are missing, damaged or hostile: code 4, one line, nothing drawn."""

import json
import pickle
from pathlib import Path

import pytest

from sdgen import models
from tests.models.conftest import INDEX

UNET = "unet/diffusion_pytorch_model.safetensors"


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("marker"),)


@pytest.fixture(autouse=True)
def _real_search(painter, monkeypatch):
    """Only the pixels are painted; models are really looked for."""
    models.find_model.cache_clear()
    monkeypatch.setattr("sdgen.models.resolve.find_model", models.find_model)


def edit_index(mini: Path, **changes: object) -> None:
    (mini / "model_index.json").write_text(json.dumps({**INDEX, **changes}))


def pickled(mini: Path) -> None:
    (mini / UNET).unlink()
    (mini / UNET).with_suffix(".bin").write_bytes(pickle.dumps(Bomb()))


def disguised(mini: Path) -> None:
    (mini / UNET).write_bytes(pickle.dumps(Bomb()))


CASES = {
    "missing weights": (lambda mini: (mini / UNET).unlink(), UNET),
    "missing tokenizer": (lambda mini: (mini / "tokenizer/merges.txt").unlink(), "tokenizer"),
    "missing index": (lambda mini: (mini / "model_index.json").unlink(), "model_index.json"),
    "empty weights": (lambda mini: (mini / UNET).write_bytes(b""), UNET),
    "cut weights": (lambda mini: (mini / UNET).write_bytes((mini / UNET).read_bytes()[:-4]), UNET),
    "a pickle": (pickled, "are a pickle"),
    "a pickle called safetensors": (disguised, UNET),
    "broken JSON": (lambda mini: (mini / "unet/config.json").write_text("{"), "unet/config.json"),
    "another pipeline": (lambda mini: edit_index(mini, _class_name="FluxPipeline"), "Flux"),
    "foreign code": (lambda mini: edit_index(mini, unet=["my_code", "UNet"]), "does not run"),
    "a custom pipeline": (
        lambda mini: edit_index(mini, _class_name=["pipeline", "Mine"]), "sdgen draws with"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "named"), CASES.values(), ids=CASES)
def test_a_model_that_cannot_be_used_is_code_4(sdgen, painter, mini, damage, named):
    damage(mini)
    Path("jobs.txt").write_text("a fox\n")
    for words in (["a fox"], ["batch", "jobs.txt"], ["explain"], ["models", "info"]):
        asked = [mini] if words[0] == "models" else ["--model", mini]
        done = sdgen(*words, *asked)
        assert (done.exit_code, done.stdout, painter.drawn) == (4, "", [])
        assert named in done.stderr
        assert done.stderr.count("error: ") == 1
    assert not Path("marker").exists(), "nothing was run"
    assert not Path("outputs").exists(), "told before anything is made"


def test_a_sound_folder_is_drawn_and_recorded_without_its_place(sdgen, painter, mini):
    done = sdgen("a fox", "--model", mini, "--size", "64x64", "--json")
    assert done.exit_code == 0, done.stderr
    assert painter.drawn[0].model == "mini"
