"""What a lock says of models and libraries, and what no longer agrees with it."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sdgen.errors import InputError, ModelError
from sdgen.models import LocalModel, find_model
from sdgen.models.hashes import cache_file, hash_files, identity_of
from sdgen.models.installed import LIBRARIES, installed_versions
from sdgen.models.lock import (
    Lock,
    changes_in,
    lock_of,
    models_of,
    refuse_changes,
)
from tests.models.conftest import safetensors


@pytest.fixture(autouse=True)
def _own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory of hashes for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def lock(folder: Path) -> Lock:
    return lock_of([find_model(str(folder))])


def spoil(folder: Path) -> None:
    """Change one byte of the weights."""
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")


def with_large_weights(folder: Path) -> tuple[LocalModel, Path]:
    """The model with weights whose hash is remembered, and where they are."""
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(safetensors(b"\0" * 2**20))
    return find_model(str(folder)), weights


def of_versions(lock: Lock, **versions: str) -> Lock:
    return lock.model_copy(update={"versions": {**lock.versions, **versions}})


def test_a_lock_names_every_file_and_every_version(lock: Lock, folder: Path):
    model = find_model(str(folder))
    assert lock.models["mini"].files == model.hashes()
    assert set(model.weights) == set(lock.models["mini"].files)
    assert lock.versions == installed_versions()
    assert {"python", "sdgen", "torch", *LIBRARIES} == lock.versions.keys()


def test_a_lock_says_nothing_of_places(lock: Lock, folder: Path):
    assert str(folder.parent) not in json.dumps(lock.model_dump(by_alias=True))


def test_the_order_of_models_does_not_matter(folder: Path):
    one = find_model(str(folder))
    other = replace(one, name="alpha")
    assert list(lock_of([one, other]).models) == list(lock_of([other, one]).models)


def test_two_models_of_one_name_are_refused(folder: Path, tmp_path: Path):
    other = shutil.copytree(folder, tmp_path / "elsewhere/mini")
    same = lock_of([find_model(str(folder)), find_model(str(other))])
    assert list(same.models) == ["mini"], "two copies of one model are one"
    spoil(other)
    with pytest.raises(ModelError, match="two different models are called mini"):
        lock_of([find_model(str(folder)), find_model(str(other))])


def test_nothing_changed(lock: Lock, folder: Path):
    changes = changes_in(lock, [find_model(str(folder))])
    assert changes == []
    refuse_changes(changes, "sdgen.lock")


def test_another_byte_is_a_change(lock: Lock, folder: Path):
    spoil(folder)
    [change] = changes_in(lock, [find_model(str(folder))])
    assert str(change) == "mini: unet/diffusion_pytorch_model.safetensors has other bytes"
    with pytest.raises(ModelError, match=r"my\.lock does not hold: mini: unet/diffusion"):
        refuse_changes([change], "my.lock")


def test_a_change_that_hides_behind_the_old_time_is_found(folder: Path):
    model, weights = with_large_weights(folder)
    lock = lock_of([model])
    before = weights.stat()
    while weights.stat().st_ctime_ns == before.st_ctime_ns:  # the system's clock has its ticks
        spoil(folder)
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    [change] = changes_in(lock, [model])
    assert change.name == "unet/diffusion_pytorch_model.safetensors"


def test_a_change_that_the_memory_hides_is_found_by_reading_all(folder: Path):
    model, weights = with_large_weights(folder)
    lock, old = lock_of([model]), model.hashes()
    spoil(folder)
    key = identity_of(weights, "unet")
    cache_file().write_text(json.dumps({key: old["unet/diffusion_pytorch_model.safetensors"]}))
    assert changes_in(lock, [model]) == [], "remembered"
    [change] = changes_in(lock, [model], read_all=True)
    assert change.name == "unet/diffusion_pytorch_model.safetensors"
    again = hash_files(folder, model.weights)
    assert again[change.name] == change.here, "and now the memory knows it"


def test_a_file_more_or_less_is_a_change(lock: Lock, folder: Path):
    model = find_model(str(folder))
    fewer = replace(model, weights=tuple(n for n in model.weights if n != "unet/config.json"))
    assert [str(one) for one in changes_in(lock, [fewer])] == ["mini: unet/config.json is missing"]
    (folder / "tokenizer/tokenizer_config.json").write_text("{}")
    find_model.cache_clear()
    [change] = changes_in(lock, [find_model(str(folder))])
    assert str(change) == "mini: tokenizer/tokenizer_config.json is not in the lock"


def test_another_pipeline_or_commit_is_a_change(folder: Path):
    model = replace(find_model(str(folder)), revision="a" * 40)
    lock = lock_of([model])
    other = replace(model, pipeline="StableDiffusionXLPipeline", revision="b" * 40)
    assert [str(one) for one in changes_in(lock, [other])] == [
        "mini: pipeline StableDiffusionPipeline → StableDiffusionXLPipeline",
        f"mini: revision {'a' * 40} → {'b' * 40}",
    ]


def test_another_version_is_a_change_and_bad_input(lock: Lock, folder: Path):
    here = lock.versions["torch"]
    changes = changes_in(of_versions(lock, torch="1.13", ancient="3"), [find_model(str(folder))])
    assert [str(one) for one in changes] == ["ancient 3 → not installed", f"torch 1.13 → {here}"]
    with pytest.raises(InputError, match=r"sdgen\.lock does not hold: ancient 3"):
        refuse_changes(changes, "sdgen.lock")


def test_a_library_that_was_not_there_is_a_change(lock: Lock):
    fewer = {name: found for name, found in lock.versions.items() if name != "scipy"}
    [change] = changes_in(lock.model_copy(update={"versions": fewer}), [])
    assert str(change) == f"scipy not locked → {lock.versions['scipy']}"


def test_a_model_that_changed_goes_before_versions_and_only_three_are_named(
    lock: Lock, folder: Path
):
    spoil(folder)
    changes = changes_in(of_versions(lock, a="1", b="2", c="3"), [find_model(str(folder))])
    with pytest.raises(ModelError) as caught:
        refuse_changes(changes, "sdgen.lock")
    assert str(caught.value).count("→") == 2
    assert str(caught.value).endswith(" and 1 more")


def test_a_model_that_is_not_in_the_lock_is_refused(lock: Lock, folder: Path):
    other = replace(find_model(str(folder)), name="other")
    with pytest.raises(ModelError, match="the model other is not in the lock") as caught:
        changes_in(lock, [other])
    assert caught.value.hint == "it names mini"


def test_a_locked_model_is_found_by_its_name_or_where_the_user_says(
    lock: Lock, folder: Path, monkeypatch
):
    assert models_of(lock, [find_model(str(folder))]) == [find_model(str(folder))]
    monkeypatch.chdir(folder.parent)
    assert models_of(lock, [])[0].name == "mini"


def test_a_locked_model_that_is_not_here_is_told_with_what_to_do(lock: Lock, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    find_model.cache_clear()
    with pytest.raises(ModelError, match="the locked model 'mini' is not here") as caught:
        models_of(lock, [])
    assert caught.value.hint == "say where it is: --model FOLDER"


@pytest.mark.parametrize("name", ["/etc", "../mini", "~/mini", "a/b", r"a\b", "c:mini", ".", ""])
def test_a_path_in_a_lock_is_not_followed(lock: Lock, monkeypatch, name: str):
    def find(_: str) -> None:
        raise AssertionError("looked it up")

    monkeypatch.setattr("sdgen.models.lock.find_model", find)
    hostile = lock.model_copy(update={"models": {name: lock.models["mini"]}})
    with pytest.raises(ModelError, match="not a model's name"):
        models_of(hostile, [])
