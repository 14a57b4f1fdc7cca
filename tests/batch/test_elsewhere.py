"""Units on a machine where files lie elsewhere, or not at all."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sdgen.batch import elsewhere
from sdgen.batch.elsewhere import Here, carried
from sdgen.batch.jobs import make_jobs
from sdgen.batch.messages import Ask
from sdgen.batch.units import Target, Unit, Work, units_of
from sdgen.errors import ModelError, OutputError
from sdgen.models import find_model
from sdgen.models.finding import AddedFile
from tests.batch.conftest import drafts_of
from tests.fakes import PaintedGenerator
from tests.models.conftest import write_mini


@pytest.fixture
def model(tmp_path):
    return find_model(str(write_mini(tmp_path / "there" / "mini")))


@pytest.fixture
def here(tmp_path) -> Here:
    (tmp_path / "own").mkdir()
    return Here("node7", tmp_path / "own")


def unit_of(model, folder: Path) -> Unit:
    drafts = drafts_of("a fox --d 1", find=lambda _: model)
    jobs = make_jobs(drafts.items, 7)
    return next(units_of(Work(jobs, Target(folder)), PaintedGenerator()))


def move(model, tmp_path, monkeypatch) -> Path:
    """The model lies at another path, where its name finds it."""
    there = tmp_path / "elsewhere" / "mini"
    shutil.move(model.folder, there)
    monkeypatch.setattr(elsewhere, "find_model", lambda name: find_model(str(there)))
    return there


def test_what_is_in_a_shared_folder_stays_as_it_is(model, here, tmp_path):
    unit = unit_of(model, tmp_path)
    assert here.translated(carried(unit)) == unit


def test_a_model_is_found_by_its_name_and_known_by_its_hashes(model, here, tmp_path, monkeypatch):
    order, ask = carried(unit_of(model, tmp_path)), carried(Ask("chunks", (model,)))
    there = move(model, tmp_path, monkeypatch)
    found = here.translated(order)
    assert isinstance(found, Unit)
    assert found.jobs[0].model.folder == there
    asked = here.translated(ask)
    assert isinstance(asked, Ask)
    assert asked.words[0].folder == there


def test_another_model_of_that_name_is_refused(model, here, tmp_path):
    order = carried(unit_of(model, tmp_path))
    other = replace(order, hashes={name: "0" * 64 for name in order.hashes})
    with pytest.raises(ModelError, match="node7 has another mini"):
        here.translated(other)


def test_a_model_that_is_not_there_is_missed_by_machine_and_name(model, here, tmp_path):
    order = carried(unit_of(model, tmp_path))
    shutil.rmtree(model.folder)
    with pytest.raises(ModelError, match="node7 has no model mini"):
        here.translated(order)


@pytest.mark.parametrize(("content", "said"), [(None, "no lora dusk"), (b"x", "another lora dusk")])
def test_what_is_added_must_be_there_and_the_same(model, here, tmp_path, content, said):
    lora = tmp_path / "dusk.safetensors"
    if content:
        lora.write_bytes(content)
    order = carried(Ask("chunks", (replace(model, loras=(AddedFile("dusk", lora, "0" * 64),)),)))
    with pytest.raises(ModelError, match=f"node7 has {said}"):
        here.translated(order)


def test_a_folder_that_is_not_shared_is_told_before_anything_is_drawn(model, here, tmp_path):
    (tmp_path / "probe").touch()
    unit = unit_of(model, tmp_path)
    assert here.translated(carried(unit, "probe")) == unit
    with pytest.raises(OutputError, match="node7 does not share the folder"):
        here.translated(carried(unit, "gone"))
