"""Beside models: LoRAs of the hub, records and locks that name it, own names, and being asked."""

import json
import sys
from pathlib import Path

import pytest

from sdgen import api
from sdgen.errors import ModelError
from sdgen.models import find_model, layouts
from sdgen.models.from_hub import find_referred
from sdgen.models.hub import pinned_reference
from sdgen.models.lora import find_loras
from tests.cli.processes import REAL
from tests.cli.shell.terminal import Terminal
from tests.loras import DUSK
from tests.single_files import toy_layouts, write_single
from tests.tiny_families import build_z_image

LORA = "some/dusk"


@pytest.fixture
def dusk(hub) -> str:
    """A repository with a LoRA in it; gives the commit."""
    return hub.add(LORA, {"dusk.safetensors": DUSK.read_bytes(), "README.md": b"words"})


def drawn(sdgen, *words: str):
    outcome = sdgen("a red fox", "--seed", "7", "-o", "fox.png", "--overwrite", *words)
    assert outcome.exit_code == 0, outcome.stderr
    return json.loads(Path("fox.json").read_text())


@pytest.mark.parametrize("named", [LORA, f"{LORA}/dusk.safetensors"])
def test_a_lora_of_the_hub_is_fetched_with_leave_and_recorded(sdgen, hub, dusk, named):
    refused = sdgen("a red fox", "--lora", f"{named}:0.5")
    assert (refused.exit_code, hub.seen) == (4, [])
    assert f"{named} is not on this machine" in refused.stderr
    record = drawn(sdgen, "--lora", f"{named}:0.5", "--download")
    assert record["settings"]["lora"] == ["dusk:0.5"]
    [lora] = find_loras([named])
    assert (lora.repository, lora.revision, lora.file) == (LORA, dusk, "dusk.safetensors")
    hub.seen.clear()
    drawn(sdgen, "--lora", f"{named}:0.5", "--offline")
    assert not hub.seen


def test_which_lora_is_meant_must_be_clear(sdgen, hub):
    two = {"a.safetensors": DUSK.read_bytes(), "b.safetensors": DUSK.read_bytes()}
    hub.add("some/two", two)
    hub.add("some/pickle", {"lora.bin": b"pickle"})
    hub.add("some/none", {"README.md": b"words"})
    for name, said in (("some/two", "has 2 files of weights: a.safetensors, b.safetensors"),
                       ("some/pickle", "only as a pickle"), ("some/none", "has no file of weights"),
                       ("some/two/c.safetensors", "has no c.safetensors")):  # fmt: skip
        outcome = sdgen("a red fox", "--lora", name, "--download")
        assert (outcome.exit_code, said in outcome.stderr) == (4, True), outcome.stderr
    assert drawn(sdgen, "--lora", "some/two/b.safetensors", "--download")


def test_a_lock_brings_the_lora_along(sdgen, hub, dusk, monkeypatch, tmp_path):
    drawn(sdgen, "--lora", LORA, "--download")
    assert sdgen("lock", "--lora", LORA).exit_code == 0
    said = json.loads(Path("sdgen.lock").read_text())
    assert said["on_hub"] == {
        "lora dusk": {"repository": LORA, "revision": dusk, "file": "dusk.safetensors"}
    }
    assert sdgen("lock", "--check").exit_code == 0
    monkeypatch.setenv("HF_HOME", str(tmp_path / "elsewhere"))
    missing = sdgen("lock", "--check")
    assert (missing.exit_code, "dusk is not on this machine" in missing.stderr) == (4, True)


HEX = "a" * 40
HOSTILE = [("../../etc", HEX), ("some/mini", "../../x"), ("some/mini", "main"), ("a--b/c", HEX),
           ("https://evil/x", HEX), ("/etc/passwd", HEX), ("some/mini", None)]  # fmt: skip


@pytest.mark.parametrize(("repository", "revision"), HOSTILE)
def test_a_record_names_no_place_of_its_own_on_the_hub(sdgen, hub, fox, repository, revision):
    record = json.loads(fox.with_suffix(".json").read_text())
    record["model"] |= {"repository": repository, "revision": revision}
    Path("evil.json").write_text(json.dumps(record))
    outcome = sdgen("reproduce", "evil.json", "--download")
    assert (outcome.exit_code, hub.seen) == (4, [])
    assert "which is no commit" in outcome.stderr


@pytest.mark.parametrize("command", [("reproduce",), ("reproduce", "--steps", "9")])
def test_a_record_is_no_leave_to_fetch(sdgen, hub, fox, command, monkeypatch):
    monkeypatch.setattr(type(sys.stdin), "isatty", lambda _: True, raising=False)
    record = json.loads(fox.with_suffix(".json").read_text())
    record["model"] |= {"repository": "some/mini", "revision": hub.refs["some/mini"]}
    record["settings"]["model"] = "some/mini"
    place = {"repository": "some/evil", "revision": HEX, "file": "e.safetensors"}
    record["added"] = [{"kind": "lora", "name": "e", "sha256": "a" * 64, "modules": 1} | place]
    Path("evil.json").write_text(json.dumps(record))
    outcome = sdgen(*command, "evil.json")
    assert (outcome.exit_code, hub.seen) == (4, [])
    assert "some/mini is not on this machine" in outcome.stderr


def test_own_names_stand_in_models_yaml(sdgen, hub, tmp_path, mini):
    path = tmp_path / "home/sdgen/models.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "mine:\n  repository: some/mini\n  summary: My own.\n  defaults: {steps: 9, cfg_scale: 3}\n"
        f"near:\n  folder: {mini}\n  defaults: {{steps: 8}}\n"
    )
    listed = sdgen("models", "list").stdout
    assert "My own." in listed
    assert sdgen("models", "pull", "mine").exit_code == 0
    record = drawn(sdgen, "--model", "mine")
    assert record["settings"]["model"] == "mine"
    assert (record["settings"]["steps"], record["settings"]["guidance_scale"]) == (9, 3.0)
    assert drawn(sdgen, "--model", "near")["settings"]["steps"] == 8


WRONG = [("mine: {repo: some/mini}", "'repo' is nothing that is said of a model"),
         ("mine: {repository: ../x}", "repository must be OWNER/NAME"),
         ("mine: {repository: a/b, folder: c}", "needs a repository or a folder"),
         ("mine: {}", "needs a repository or a folder"), ("mine: 3", "must be a table"),
         ("storybook: {folder: x}", "is no name for a model"), ("a/b: {folder: x}", "is no name"),
         ("- mine", "is not a table of models"), ("mine: {repository: 3}", "must be text"),
         ("mine: {repository: a/b, variant: bf16}", "variant must be fp16 or full"),
         ("mine: {repository: a/b, revision: ../c}", "revision must be"),
         ("mine: {repository: a/b, defaults: {stepz: 3}}", "stepz")]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_wrong_models_yaml_is_one_line(sdgen, hub, tmp_path, text, said):
    path = tmp_path / "home/sdgen/models.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    find_model.cache_clear()
    outcome = sdgen("a fox", "--model", "mine")
    assert outcome.exit_code == 2, outcome.stderr
    assert said in outcome.stderr
    assert outcome.stderr.startswith("error: ")


def test_python_fetches_only_where_it_is_told_to(painter, hub):
    with pytest.raises(ModelError, match="some/mini is not on this machine"):
        api.generate("a red fox", model="some/mini")
    assert hub.seen == []
    picture = api.generate("a red fox", model="some/mini", download=True)
    assert picture.record.settings.revision == hub.refs["some/mini"]


def test_a_model_of_another_family_has_its_name_and_defaults(sdgen, hub, tmp_path):
    hub.add("some/Z-Image-Turbo", build_z_image(tmp_path / "toy"))
    assert sdgen("models", "pull", "some/Z-Image-Turbo").exit_code == 0
    model = find_model("some/Z-Image-Turbo")
    assert model.name == "some/Z-Image-Turbo"
    assert (model.family.name, model.defaults["guidance_scale"]) == ("z-image", 0.0)


def test_a_model_in_one_file_of_a_repository(sdgen, hub, tiny_sd, tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "LAYOUTS", toy_layouts(tmp_path / "layouts", sd1=tiny_sd))
    layouts._vocabulary.cache_clear()
    toy = write_single(tiny_sd, tmp_path / "toy.safetensors")
    commit = hub.add("some/toys", {"toy.safetensors": toy.read_bytes(), "other.ckpt": b"pickle"})
    toy.unlink()
    name = "some/toys/toy.safetensors"
    assert sdgen("a fox", "--model", name).exit_code == 4
    assert sdgen("models", "pull", name).exit_code == 0
    model = find_model(name)
    assert (model.name, model.repository, model.revision) == ("toy", "some/toys", commit)
    assert drawn(sdgen, "--model", name)["settings"]["revision"] == commit
    assert sdgen("models", "verify", name).stdout.startswith("whole: ")
    pinned = pinned_reference("record", "toy", "some/toys", commit, model.hashes())
    assert find_referred(pinned).hashes() == model.hashes()
    layouts._vocabulary.cache_clear()


@pytest.mark.parametrize("answer", ["n", "y"])
def test_a_person_is_asked(hub, tmp_path, answer):
    """At a terminal of its own; nothing is fetched before the answer."""
    terminal = Terminal("tokens", "a fox", "--model", "some/mini", program=REAL)
    terminal.wait_for(r"some/mini is not on this machine: some/mini on 127.0.0.1")
    terminal.wait_for(r"fetch it\? \[y/N\] ")
    assert hub.seen == []
    terminal.type(f"{answer}\n")
    code = terminal.end()
    here = list((tmp_path / "hf").rglob("merges.txt"))
    assert bool(here) == (answer == "y")
    if answer == "n":
        assert code == 4
        assert "sdgen models pull some/mini" in terminal.told
