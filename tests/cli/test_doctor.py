import json
import os
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from sdgen.cli import doctor as command
from sdgen.cli.doctor import Finding
from sdgen.errors import ModelError
from tests.fakes import FAKE_MODEL


@pytest.fixture(autouse=True)
def _model(monkeypatch):
    monkeypatch.setattr("sdgen.models.find_model", lambda name: FAKE_MODEL)


def findings(outcome):
    assert outcome.exit_code == 0, outcome.stderr
    return {line["name"]: line for line in map(json.loads, outcome.stdout.splitlines())}


def test_tells_versions_folders_and_limits(sdgen):
    found = findings(sdgen("doctor", "--quick", "--json"))
    assert {"sdgen", "torch", "default model", "configs", "pictures", "CPU cores"} <= found.keys()
    assert found["default model"]["value"] == "fake"
    assert "device" not in found


def test_looks_at_the_device(sdgen):
    found = findings(sdgen("doctor", "--device", "cpu", "--json"))
    assert found["device"]["value"].startswith("cpu (")
    assert "float32" in found["number formats"]["value"]


def test_device_that_is_not_here_is_a_finding(sdgen):
    found = findings(sdgen("doctor", "--device", "cuda:99", "--json"))
    assert "cuda:99" in found["device"]["problem"]
    assert found["device"]["advice"]


def test_torch_that_does_not_load_is_a_finding(sdgen, monkeypatch):
    monkeypatch.setitem(sys.modules, "sdgen.engine.devices", None)
    found = findings(sdgen("doctor", "--json"))
    assert found["device"]["problem"].startswith("torch does not load")


def test_gpu_that_torch_does_not_see_is_a_finding(sdgen, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(command, "_has_nvidia_driver", lambda: True)
    assert "sees no GPU" in findings(sdgen("doctor", "--json"))["device"]["problem"]


def test_every_problem_is_told_with_advice(sdgen, monkeypatch):
    monkeypatch.setattr("sdgen.models.find_model", _missing)
    outcome = sdgen("doctor", "--quick")
    assert outcome.exit_code == 0
    *_, advice, count = outcome.stdout.splitlines()
    assert advice == "default model: no fox here; catch one"
    assert count == "1 problem"


def _missing(name):
    raise ModelError("no fox here", hint="catch one")


def test_nothing_wrong_is_told_too(sdgen, monkeypatch):
    monkeypatch.setattr(command, "examine", lambda device: iter([Finding("fox", "red")]))
    lines = sdgen("doctor").stdout.splitlines()
    assert lines == ["fox  red", "", "nothing stands in the way of drawing"]


def test_missing_and_unfit_packages(monkeypatch):
    monkeypatch.setattr(command, "_wanted_versions", lambda: {"pillow": ">=99"})
    assert command.package("pillow").problem == "sdgen needs >=99"
    assert command.package("numpy").problem == ""
    assert command.package("no-such-fox").problem == "is not installed"


def test_versions_are_not_judged_in_a_bare_checkout(monkeypatch):
    def requires(name):
        raise PackageNotFoundError(name)

    command._wanted_versions.cache_clear()
    monkeypatch.setattr("importlib.metadata.requires", requires)
    assert command._wanted_versions() == {}
    command._wanted_versions.cache_clear()


def test_folder_that_is_a_file():
    Path("outputs").write_text("")
    found = command.folder("pictures", Path("outputs/today"), "choose another")
    assert found.problem.endswith("is a file")
    assert found.advice == "choose another"


def test_folder_that_is_read_only(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert command.folder("pictures", Path("outputs"), "").problem == "cannot be written to"


def test_folder_that_is_full(monkeypatch):
    usage = type("Usage", (), {"free": 10_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert command.folder("pictures", Path("outputs"), "").problem == "is almost full"


def test_broken_configs_are_findings(sdgen):
    folder = Path("home/sdgen/configs")
    folder.mkdir(parents=True)
    (folder / "bad.yaml").write_text("stpes: 3\n")
    (folder.parent / "config.yaml").write_text("steps: [\n")
    found = findings(sdgen("doctor", "--quick", "--json"))
    assert "unknown setting" in found["config bad"]["problem"]
    assert "config.yaml" in found["default model"]["problem"]


def test_secrets_are_not_shown(sdgen, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "fox-secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    outcome = sdgen("doctor", "--quick", "--json")
    assert "fox-secret" not in outcome.stdout
    assert findings(outcome)["HF_TOKEN"]["value"] == "set, not shown"
    assert findings(outcome)["CUDA_VISIBLE_DEVICES"]["value"] == "3"


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"HF_HUB_CACHE": "/a"}, "/a"),
        ({"HF_HOME": "/a"}, "/a/hub"),
        ({"XDG_CACHE_HOME": "/a"}, "/a/huggingface/hub"),
    ],
)
def test_hub_cache_is_where_the_hub_library_puts_it(monkeypatch, variables, path):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert command.cache_folder() == Path(path)
