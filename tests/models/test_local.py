import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdgen.errors import InputError, ModelError
from sdgen.models import hashes
from sdgen.models.catalogue import Entry
from sdgen.models.families import FAMILIES
from sdgen.models.local import find_model
from sdgen.models.resolve import _check_prediction, plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import SizeRule
from tests.fakes import FAKE_MODEL


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    find_model.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def built_in(folder: Path, monkeypatch) -> Path:
    """The folder as a model of the catalogue, with its sums."""
    sums = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder)}\n"
        for p in folder.rglob("*") if p.is_file()
    ]  # fmt: skip
    (folder / "SHA256SUMS").write_text("".join(sums))
    entry = Entry(
        name="mini", folder=folder, summary="", licence="", defaults={"steps": 9},
        sizes=SizeRule(only=((256, 256),)),
    )  # fmt: skip
    monkeypatch.setattr("sdgen.models.catalogue.CATALOGUE", {"mini": entry})
    monkeypatch.setattr("sdgen.models.local.STORYBOOK", folder)
    return folder


def test_a_folder_gives_its_size_and_scheduler_and_no_path(folder: Path):
    model = find_model(str(folder))
    assert model.name == "mini"
    assert model.defaults == {"width": 512, "height": 512, "scheduler": "euler"}
    assert model.sizes.multiple == 8


def test_a_link_keeps_its_own_name(folder: Path, tmp_path: Path):
    (tmp_path / "sd15").symlink_to(folder)
    assert find_model(str(tmp_path / "sd15")).name == "sd15"
    assert find_model(f"{folder}/../mini").name == "mini"


def test_a_training_scheduler_is_no_default(folder: Path):
    config = folder / "scheduler/scheduler_config.json"
    config.write_text(json.dumps({"_class_name": "PNDMScheduler", "skip_prk_steps": True}))
    assert "scheduler" not in find_model(str(folder)).defaults


def test_an_unknown_name_hints_at_the_nearest(built_in):
    with pytest.raises(ModelError) as caught:
        find_model("mnii")
    assert caught.value.exit_code == 4
    assert "mini" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a" * 5000, "file name too long"), ("~nobody-of-that-name/x", "home directory"),
     ("https://example.org/model", "no model"), ("../elsewhere", "no model"), ("a\n", "no model")],
)  # fmt: skip
def test_a_name_that_can_be_no_folder_is_one_line(name: str, reason: str):
    with pytest.raises(ModelError, match=reason):
        find_model(name)


def test_an_empty_file_is_not_a_model(tmp_path: Path):
    (tmp_path / "x.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="is cut off"):
        find_model(str(tmp_path / "x.safetensors"))


def test_the_built_in_model_is_the_shipped_one(built_in: Path):
    assert find_model("mini").defaults["steps"] == 9


def test_one_changed_byte_in_the_built_in_model_is_noticed(built_in: Path):
    weights = built_in / "unet/diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ModelError, match="damaged: unet/") as caught:
        find_model("mini")
    assert caught.value.hint.startswith("install sdgen again")


def test_a_missing_built_in_model_is_one_line(built_in: Path):
    (built_in / "model_index.json").unlink()
    with pytest.raises(ModelError, match="mini is missing"):
        find_model("mini")


def test_hashes_of_big_files_are_remembered_until_they_change(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hashes, "REMEMBERED_FROM_BYTES", 1)
    file = tmp_path / "w"
    file.write_bytes(b"one")
    first = hashes.hash_files(tmp_path, ("w",))
    asked = []
    monkeypatch.setattr(hashes, "_digest", lambda path, _: asked.append(path) or "0" * 64)
    assert hashes.hash_files(tmp_path, ("w",)) == first
    assert not asked
    file.write_bytes(b"other")
    assert hashes.hash_files(tmp_path, ("w",)) == {"w": "0" * 64}


def test_weights_changed_with_their_old_time_are_hashed_anew(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hashes, "REMEMBERED_FROM_BYTES", 1)
    file = tmp_path / "w"
    file.write_bytes(b"one")
    before = file.stat()
    first = hashes.hash_files(tmp_path, ("w",))
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # the system's clock has its ticks
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hashes.hash_files(tmp_path, ("w",)) != first


def test_what_predicts_the_flow_is_told_no_prediction_type():
    flux = replace(FAKE_MODEL, family=FAMILIES["flux"])
    settings = Settings(prompt="a fox", seed=1, prediction_type="epsilon", scheduler="euler")
    with pytest.raises(InputError, match=r"prediction_type is for .*FLUX\.1 model"):
        _check_prediction(settings, flux)
    _check_prediction(settings, FAKE_MODEL)


def test_runs_at_once_lose_no_hash_of_each_other(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hashes, "REMEMBERED_FROM_BYTES", 1)
    for name in "abcd":
        (tmp_path / name).write_text(name)
    code = (
        "import sys; from pathlib import Path; from sdgen.models import hashes; "
        "hashes.REMEMBERED_FROM_BYTES = 1; hashes.hash_files(Path(sys.argv[1]), (sys.argv[2],))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), n]) for n in "abcd"]
    assert [run.wait() for run in runs] == [0] * 4
    asked = []
    monkeypatch.setattr(hashes, "_digest", lambda path, _: asked.append(path) or "0" * 64)
    hashes.hash_files(tmp_path, tuple("abcd"))
    assert asked == []
    assert hashes.remembered_hash(tmp_path / "a") == hashlib.sha256(b"a").hexdigest()
    assert sorted(path.name for path in hashes.cache_file().parent.iterdir()) == [
        "hashes.json", "hashes.lock"
    ]  # fmt: skip


def test_the_oldest_hashes_are_forgotten(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hashes, "REMEMBERED_FROM_BYTES", 1)
    monkeypatch.setattr(hashes, "MOST_REMEMBERED", 2)
    for name in "abc":
        (tmp_path / name).write_text(name)
        hashes.hash_files(tmp_path, (name,))
    known = [hashes.remembered_hash(tmp_path / name) is not None for name in "abc"]
    assert known == [False, True, True]


def test_a_broken_hash_memory_is_ignored(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(hashes, "REMEMBERED_FROM_BYTES", 1)
    memory = hashes.cache_file()
    memory.parent.mkdir(parents=True)
    (tmp_path / "w").write_bytes(b"one")
    no_hash = json.dumps({hashes.identity_of(tmp_path / "w", "w"): "x" * 64})
    for text in ("", "[]", '{"a": 1}', "\x00", "[" * 100_000, no_hash):
        memory.write_text(text)
        assert hashes.hash_files(tmp_path, ("w",))["w"] == hashlib.sha256(b"one").hexdigest()


def test_plan_puts_the_model_below_and_names_it_without_its_path(folder: Path):
    flags = Layer("flags", {"prompt": "a red fox", "seed": 7, "model": str(folder), "width": 256})
    planned = plan([flags])
    assert planned.settings.model == "mini"
    assert (planned.settings.width, planned.settings.height) == (256, 512)
    assert planned.sources["height"] == "model mini"
    assert planned.sources["model"] == "flags"


def test_plan_refuses_a_size_that_the_model_cannot_draw(built_in: Path):
    flags = Layer("flags", {"prompt": "a red fox", "seed": 7, "model": "mini", "width": 512})
    with pytest.raises(InputError, match="does not draw 512x512") as caught:
        plan([flags])
    assert "256x256" in caught.value.hint


def test_plan_refuses_steps_that_the_scheduler_cannot_take(folder: Path):
    said = {"prompt": "a", "seed": 7, "model": str(folder), "scheduler": "lcm", "steps": 60}
    with pytest.raises(InputError, match="lcm cannot draw in 60 steps") as caught:
        plan([Layer("flags", said)])
    assert caught.value.hint == "between 1 and 50 steps"


def test_plan_refuses_a_layer_that_the_text_encoder_does_not_have(folder: Path):
    (folder / "text_encoder/config.json").write_text('{"num_hidden_layers": 3}')
    said = {"prompt": "a", "seed": 7, "model": str(folder)}
    assert plan([Layer("flags", {**said, "clip_skip": 3})]).settings.clip_skip == 3
    with pytest.raises(InputError, match="clip_skip cannot be 4: mini has only 3"):
        plan([Layer("flags", {**said, "clip_skip": 4})])


def test_plan_refuses_eta_where_there_is_none(folder: Path):
    said = {"prompt": "a", "seed": 7, "model": str(folder), "eta": 0.5, "scheduler": "euler"}
    with pytest.raises(InputError, match="euler has no eta") as caught:
        plan([Layer("flags", said)])
    assert "ddim" in caught.value.hint


@pytest.mark.parametrize("model", ["", "  ", 3, None])
def test_a_model_that_is_no_name_is_bad_input(model):
    with pytest.raises(InputError, match="model"):
        plan([Layer("flags", {"prompt": "a red fox", "seed": 7, "model": model})])
