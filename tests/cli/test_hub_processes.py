"""Real processes draw with a model of the hub, and draw again on another machine's cache."""

import json
from pathlib import Path

import pytest

from tests.cli.processes import REAL, run, variables
from tests.fake_hub import FakeHub, serving
from tests.loras import DUSK

DRAWN = ("--seed", "7", "--steps", "2", "--dtype", "float32", "--size", "64x64", "--quiet")


@pytest.fixture(scope="module")
def machines(tiny_sd: Path, tmp_path_factory):
    """Two folders with caches of their own, and the hub that both ask; the second has nothing."""
    with serving(FakeHub()) as hub:
        hub.add("toys/fox", tiny_sd)
        first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
        yield hub, first, second


def sdgen(folder: Path, hub: FakeHub, *words: object):
    environment = {k: v for k, v in variables().items() if not k.startswith("HF_")}
    homes = {
        "HOME": str(folder),
        "HF_HOME": str(folder / "hf"),
        "XDG_CACHE_HOME": str(folder / "c"),
    }
    environment |= {**homes, "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_secretsecret"}
    return run(*REAL, *words, cwd=folder, env=environment)


def test_a_picture_of_the_hub_comes_out_again_on_another_cache(machines):
    hub, first, second = machines
    commit = hub.refs["toys/fox"]
    drawn = sdgen(first, hub, "a fox", "--model", "toys/fox", *DRAWN, "--download", "-o", "fox.png")
    assert drawn.returncode == 0, drawn.stderr
    assert "it/s" not in drawn.stderr
    assert "%" not in drawn.stderr, "no library's bar shines through"
    record = json.loads((first / "fox.json").read_text())
    assert record["model"]["repository"] == "toys/fox"
    assert record["model"]["revision"] == record["settings"]["revision"] == commit
    (second / "fox.png").write_bytes((first / "fox.png").read_bytes())

    newer = {**hub.repositories["toys/fox"][commit], "README.md": b"newer"}
    assert hub.add("toys/fox", newer) != commit
    hub.seen.clear()
    refused = sdgen(second, hub, "reproduce", "fox.png")
    assert (refused.returncode, hub.seen) == (4, [])
    assert f"sdgen models pull toys/fox@{commit}" in refused.stderr
    again = sdgen(second, hub, "reproduce", "fox.png", "--download")
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "identical"), again.stderr
    assert not list((second / "hf").rglob("refs/main"))
    secret = b"hf_secretsecret"
    assert not [
        p for f in (first, second) for p in f.rglob("*") if p.is_file() and secret in p.read_bytes()
    ]


def test_a_lora_of_the_hub_comes_along_with_the_record(machines):
    hub, first, second = machines
    hub.add("toys/dusk", {"dusk.safetensors": DUSK.read_bytes()})
    said = ("--seed", "7", "--steps", "2", "--size", "256x256", "--dtype", "float32", "--quiet")
    drawn = sdgen(first, hub, "a fox", *said, "--lora", "toys/dusk", "--download", "-o", "dusk.png")
    assert drawn.returncode == 0, drawn.stderr
    (second / "dusk.png").write_bytes((first / "dusk.png").read_bytes())
    hub.seen.clear()
    refused = sdgen(second, hub, "reproduce", "dusk.png")
    assert (refused.returncode, hub.seen) == (4, [])
    assert "--download fetches it" in refused.stderr
    again = sdgen(second, hub, "reproduce", "dusk.png", "--download")
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "identical"), again.stderr


def test_a_lock_holds_a_model_of_the_hub(machines):
    hub, first, _ = machines
    assert sdgen(first, hub, "models", "pull", "toys/fox").returncode == 0
    locked = sdgen(first, hub, "lock", "--model", "toys/fox")
    assert locked.returncode == 0, locked.stderr
    said = json.loads((first / "sdgen.lock").read_text())["models"]["toys/fox"]
    assert said["repository"] == "toys/fox"
    assert len(said["revision"]) == 40
    assert sdgen(first, hub, "lock", "--check").returncode == 0
    elsewhere = first / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sdgen.lock").write_bytes((first / "sdgen.lock").read_bytes())
    hub.seen.clear()
    refused = sdgen(elsewhere, hub, "lock", "--check")
    assert (refused.returncode, hub.seen) == (4, [])
    assert f"sdgen models pull toys/fox@{said['revision']}" in refused.stderr
