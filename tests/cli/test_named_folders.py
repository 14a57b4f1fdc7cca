"""What may lie in folders that a person named, and must not stop what does not need it."""

import json
import os
from pathlib import Path

import pytest

from sdgen import models
from tests.cli.test_single_files import _real_search, checkpoint, configure

__all__ = ["_real_search"]  # a fixture of all tests here


@pytest.fixture
def drawn(sdgen, tmp_path):
    """A picture of a model that lies under another name in the folder of the second value."""
    path = checkpoint(Path("mix.safetensors"))
    assert sdgen("a fox", "--seed", "1", "--model", path).exit_code == 0
    place = tmp_path / "elsewhere"
    place.mkdir()
    path.rename(place / "renamed.safetensors")
    configure(f"model_dirs: {place}\n")
    return Path("outputs/a-fox-1.png"), place


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere.safetensors")


def circle(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("make", [pipe, dangling, circle])
@pytest.mark.parametrize("name", ["a", "mix"])
def test_what_is_no_file_of_weights_does_not_stop_reproduce(sdgen, drawn, make, name):
    picture, place = drawn
    make(place / f"{name}.safetensors")
    done = sdgen("reproduce", picture)
    assert done.exit_code == 0, done.stderr
    listed = sdgen("models", "list", "--json")
    assert listed.exit_code == 0, listed.stderr
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    told = {line["name"]: line for line in lines if "path" in line}
    assert told["renamed"]["ready"]
    assert f"{name}.safetensors is not usable" in told[name]["fault"]
    assert sdgen("a fox", "--model", name).exit_code == 4


def test_a_named_folder_that_is_away_does_not_blank_the_list(sdgen, tmp_path):
    checkpoint(tmp_path / "models/mine.safetensors")
    configure(f"model_dirs: [/unplugged, {tmp_path / 'models'}]\n")
    for words in ((), ("--json",)):
        done = sdgen("models", "list", *words)
        assert done.exit_code == 4
        assert "names /unplugged, and there is no such folder" in " ".join(done.stderr.split())
        assert "storybook" in done.stdout
        assert "mine" in done.stdout


def test_endings_in_capitals_are_endings(sdgen, painter, tmp_path):
    path = checkpoint(Path("X.SAFETENSORS"))
    assert sdgen("a fox", "--seed", "1", "--model", path).exit_code == 0
    assert sdgen("a fox", "--seed", "2", "--model", "X").exit_code == 0
    assert [one.model for one in painter.drawn] == ["X", "X"]
    place = tmp_path / "elsewhere"
    place.mkdir()
    path.rename(place / "Y.SafeTensors")
    configure(f"model_dirs: {place}\n")
    models.find_model.cache_clear()
    done = sdgen("reproduce", "outputs/a-fox-1.png")
    assert done.exit_code == 0, done.stderr


def test_a_name_of_the_catalogue_is_told_as_taken(sdgen, painter, tmp_path):
    path = checkpoint(tmp_path / "models/storybook.safetensors")
    configure(f"model_dirs: {path.parent}\n")
    lines = map(json.loads, sdgen("models", "list", "--json").stdout.splitlines())
    [told] = [line for line in lines if line.get("path") == str(path)]
    said = "the catalogue has this name: say storybook.safetensors, or its path"
    assert (told["ready"], told["fault"]) == (False, said)
    assert sdgen("a fox", "--model", "storybook.safetensors", "--steps", "1").exit_code == 0
    assert painter.drawn[0].width == 512
