"""What is odd about the hub, its cache or the environment: one line each, and nothing is lost."""

import shutil
from pathlib import Path

import huggingface_hub
import pytest
from filelock import FileLock

from sdgen.errors import ModelError
from sdgen.models import find_model
from sdgen.models.consent import leave
from sdgen.models.from_hub import find_referred
from sdgen.models.hub import pinned_reference
from sdgen.models.hub_fetch import fetch, order_of
from tests.cli.test_hub import everything


def said(outcome, code: int) -> str:
    """The line of a failure with this exit code."""
    assert outcome.exit_code == code, outcome.stderr
    assert "a bug in sdgen" not in outcome.stderr
    [line] = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    return line


@pytest.fixture
def two_files(hub, tmp_path):
    """A repository with two models in one file each, both in the cache; gives the snapshot."""
    commit = hub.add("some/two", {"a.safetensors": b"a" * 20_000, "b.safetensors": b"b" * 20_000})
    folder = tmp_path / "hf/hub/models--some--two"
    return folder / "snapshots" / commit


def test_rm_of_a_file_leaves_the_others(sdgen, hub, two_files):
    for name in "ab":
        sdgen("models", "pull", f"some/two/{name}.safetensors")
    assert sorted(path.name for path in two_files.iterdir()) == ["a.safetensors", "b.safetensors"]
    removed = sdgen("models", "rm", "some/two/a.safetensors", "--yes")
    assert (removed.exit_code, "20 kB" in removed.stderr) == (0, True), removed.stderr
    assert [path.name for path in two_files.iterdir()] == ["b.safetensors"]
    assert [path.read_bytes()[:1] for path in (two_files.parents[1] / "blobs").iterdir()] == [b"b"]
    absent = said(sdgen("models", "rm", "some/two/a.safetensors", "--yes"), 4)
    assert "some/two/a.safetensors is not on this machine" in absent
    assert sdgen("models", "rm", "some/two/b.safetensors", "--yes").exit_code == 0
    assert not two_files.parents[1].exists(), "nothing of it is left"


def test_rm_of_an_own_name_with_a_revision_leaves_other_commits(sdgen, hub, tmp_path):
    old = hub.refs["some/mini"]
    new = hub.add("some/mini", {**hub.repositories["some/mini"][old], "tokenizer/x.txt": b"new"})
    path = tmp_path / "home/sdgen/models.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"mine:\n  repository: some/mini\n  revision: {old}\n")
    for name in ("mine", "some/mini"):
        assert sdgen("models", "pull", name).exit_code == 0
    assert sdgen("models", "rm", "mine", "--yes").exit_code == 0
    snapshots = tmp_path / "hf/hub/models--some--mini/snapshots"
    assert [path.name for path in snapshots.iterdir()] == [new]


@pytest.mark.parametrize("token", ["hf_secretü", "hf_sec\x07ret", "hf_\udcffsecret"])
def test_a_token_that_can_be_none_is_not_shown(sdgen, hub, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    line = said(sdgen("models", "pull", "some/mini"), 4)
    assert line == "error: the token for the hub has letters that no token has"
    assert hub.seen == []


def test_seconds_that_are_none_are_said(sdgen, hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "²")
    line = said(sdgen("models", "pull", "some/mini"), 2)
    assert "HF_HUB_DOWNLOAD_TIMEOUT must be whole seconds" in line
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "9" * 17)
    assert sdgen("models", "pull", "some/mini").exit_code == 0


def test_the_index_too_is_fetched_by_one_alone(sdgen, hub, tmp_path):
    folder = tmp_path / "hf/hub/models--some--mini"
    folder.mkdir(parents=True)
    with FileLock(folder / ".sdgen.lock"):
        assert "another sdgen fetches" in said(sdgen("models", "pull", "some/mini"), 8)
    assert everything(folder) == {".sdgen.lock"}
    assert not [path for path in hub.paths if "/resolve/" in path]


@pytest.mark.parametrize("proxy", ["socks5://me:secretword@127.0.0.1:9", "ftp://secretword:9"])
def test_a_proxy_that_cannot_be_used_is_said(sdgen, hub, monkeypatch, proxy):
    huggingface_hub.close_session()
    monkeypatch.setenv("ALL_PROXY", proxy)
    outcome = sdgen("models", "pull", "some/mini")
    huggingface_hub.close_session()
    assert "the proxy that the environment names cannot be used" in said(outcome, 4)
    assert "secretword" not in outcome.stderr


@pytest.mark.parametrize(
    "address", ["http://ü..b", f"http://{'a' * 80}.example", "http://a b", "http://x\x7f"]
)
def test_an_endpoint_with_a_host_that_can_be_none(sdgen, hub, monkeypatch, address):
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert "HF_ENDPOINT must be an address" in said(sdgen("models", "pull", "some/mini"), 2)


STEMS = ("text_encoder/model", "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model")


@pytest.fixture
def both(hub):
    """A repository with its weights in both variants."""
    files = dict(hub.repositories["some/mini"][hub.refs["some/mini"]])
    for stem in STEMS:
        files[f"{stem}.fp16.safetensors"] = files[f"{stem}.safetensors"]
    hub.add("some/both", files)
    return "some/both"


def own(tmp_path, text: str) -> None:
    path = tmp_path / "home/sdgen/models.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    find_model.cache_clear()


@pytest.mark.parametrize("recorded", ["full", "fp16"])
def test_a_record_means_its_own_variant(sdgen, hub, both, tmp_path, monkeypatch, recorded):
    other = {"full": "fp16", "fp16": "full"}[recorded]
    for name, variant in (("mine", recorded), ("other", other)):
        own(tmp_path, f"{name}: {{repository: {both}, variant: {variant}}}")
        monkeypatch.setenv("HF_HOME", str(tmp_path / name))
        assert sdgen("models", "pull", name).exit_code == 0
        model = find_model(name)
        assert model.variant == (variant if variant == "fp16" else None)
        if variant == recorded:
            hashes = model.hashes()
    pinned = pinned_reference("record", both, both, hub.refs[both], hashes)
    with pytest.raises(ModelError, match=r"text_encoder/model.*safetensors is missing"):
        find_referred(pinned)
    with leave(lambda reference: bool(fetch(order_of(reference)))):
        assert find_referred(pinned).hashes() == hashes


def test_an_own_name_in_full_is_not_drawn_in_halves(sdgen, hub, both, tmp_path):
    assert sdgen("models", "pull", both).exit_code == 0
    own(tmp_path, f"mine: {{repository: {both}, variant: full}}")
    refused = said(sdgen("a fox", "--model", "mine"), 4)
    assert "text_encoder/model.safetensors is missing" in refused
    assert sdgen("a fox", "--model", "mine", "--download").exit_code == 0
    assert find_model("mine").variant is None


def test_what_nothing_was_compared_with_is_not_called_whole(sdgen, hub, tmp_path):
    sdgen("models", "pull", "some/mini")
    folder = Path(sdgen("models", "path", "some/mini").stdout.strip())
    copies = shutil.copytree(folder, tmp_path / "copies")
    shutil.rmtree(folder)
    copies.rename(folder)
    find_model.cache_clear()
    outcome = sdgen("models", "verify", "some/mini")
    assert "nobody promised which bytes some/mini has" in said(outcome, 2)
    assert "whole" not in outcome.stdout


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_usual_damage_is_told_as_damage_and_the_next_is_read(sdgen, hub, damage):
    sdgen("models", "pull", "some/mini")
    folder = Path(sdgen("models", "path", "some/mini").stdout.strip())
    blob = (folder / "unet/diffusion_pytorch_model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:5]) if damage == "cut" else blob.unlink()
    find_model.cache_clear()
    outcome = sdgen("models", "verify", "some/mini", "some/absent", "storybook")
    assert "some/mini is damaged: " in said(outcome, 4)
    assert "hint: sdgen models pull some/mini fetches it again" in outcome.stderr
    first, *_, last = outcome.stdout.splitlines()
    assert first.startswith("damaged: some/mini: ")
    assert "unet/diffusion_pytorch_model.safetensors" in first
    assert last.startswith("whole: storybook")


def test_hints_name_what_the_command_has(sdgen, hub):
    built_in = sdgen("models", "pull", "storybook")
    assert "storybook comes with sdgen" in said(built_in, 2)
    assert "did you mean" not in built_in.stderr
    for command in ("path", "verify"):
        absent = sdgen("models", command, "some/mini")
        assert "hint: sdgen models pull some/mini\n" in absent.stderr
    assert "--download" not in sdgen("models", "info", "sd15").stdout
