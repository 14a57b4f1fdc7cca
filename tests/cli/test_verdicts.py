"""What `sdgen reproduce --json` says of why a picture came out as it did."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdgen.files.images import read_record_of
from tests.cli.pictures import tamper
from tests.fakes import FAKE_MODEL


def said(sdgen, *words: object) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads(sdgen("reproduce", *words, "--json").stdout)
    return verdict


def environment(name: str, recorded: Any, here: Any) -> dict[str, Any]:
    return {"part": "environment", "name": name, "recorded": recorded, "here": here}


def test_nothing_differs_where_nothing_does(sdgen, fox):
    assert said(sdgen, fox)["differences"] == []
    assert said(sdgen, fox, "--check")["differences"] == []


@pytest.mark.parametrize("levels", [0, 1, 50])
def test_another_environment_is_told_whatever_came_of_it(sdgen, fox, shift, levels: int):
    shift(levels, threads=8, torch="2.7")
    verdict = said(sdgen, fox)
    kinds = {0: "identical", 1: "equivalent", 50: "different"}
    assert verdict["verdict"] == kinds[levels]
    assert verdict["differences"] == [
        environment("threads", 2, 8), environment("torch", "2.13", "2.7"),
    ]  # fmt: skip


def test_a_fact_that_one_side_does_not_have_is_data_and_no_reason(sdgen, fox, shift):
    shift(50, cuda="13.0")
    verdict = said(sdgen, fox)
    assert verdict["differences"] == [environment("cuda", None, "13.0")]
    assert "nothing recorded differs" in verdict["reason"]


def test_a_changed_picture_is_told_by_its_hashes(sdgen, fox):
    recorded = read_record_of(fox).image.sha256
    tamper(fox)
    [one] = said(sdgen, fox)["differences"]
    assert (one["part"], one["name"], one["recorded"]) == ("image", "sha256", recorded)
    assert len(one["here"]) == 64


def test_a_changed_model_is_told_by_its_files(sdgen, fox, tmp_path: Path, monkeypatch):
    (tmp_path / "weights.safetensors").write_bytes(b"other")
    model = replace(FAKE_MODEL, folder=tmp_path, weights=("weights.safetensors",))
    monkeypatch.setattr("sdgen.replay.find_model", lambda name: model)
    [one] = said(sdgen, fox)["differences"]
    assert (one["part"], one["name"], one["recorded"]) == ("model", "weights.safetensors", None)
    assert one["here"] == model.hashes()["weights.safetensors"]


def test_a_whole_tree_says_it_too(sdgen, fox, shift):
    shift(1, threads=8)
    line = sdgen("reproduce", "--all", "outputs", "--json").stdout.splitlines()[0]
    assert json.loads(line)["differences"] == [environment("threads", 2, 8)]


@pytest.mark.parametrize("words", [[], ["--steps", "9"], ["--all"]])
def test_what_happens_in_the_middle_of_the_work_is_told(sdgen, fox, painter, monkeypatch, words):
    whole = painter.generate

    def generate(settings, model, on_step, tell):
        tell("memory is short: \x1b[1m in tiles")
        return whole(settings, model, on_step, tell)

    monkeypatch.setattr(painter, "generate", generate)
    done = sdgen("reproduce", "outputs" if words == ["--all"] else fox, *words)
    assert done.exit_code == 0
    assert r"warning: memory is short: \x1b[1m in tiles" in done.stderr
