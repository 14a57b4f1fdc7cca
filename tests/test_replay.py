"""Drawing again with a tiny real model: other threads, other weights, other number formats."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sdgen import engine
from sdgen.engine import Drawing
from sdgen.errors import GenerationError
from sdgen.metadata.record import BatchRecord
from sdgen.models import find_model
from sdgen.recipe.settings import Settings
from sdgen.replay import draw_call, draw_like, open_like, redraw
from sdgen.verdict import Original, changed_weights, check, check_only, judge

SETTINGS = Settings(
    prompt="a fox", seed=1, width=256, height=256, steps=2, scheduler="euler", dtype="float32"
)


@pytest.fixture(scope="module", autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def original(tiny_sd: Path) -> Original:
    torch.set_num_threads(1)
    drawing = engine.open_generator("cpu").generate(SETTINGS, find_model(str(tiny_sd)))
    return Original(drawing.record, drawing.image)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_recorded_threads_draw_and_afterwards_those_from_before(
    original: Original, tiny_sd: Path, threads: int
):
    torch.set_num_threads(threads)
    drawing, verdict = redraw(original, find_model(str(tiny_sd)), engine.open_generator("cpu"))
    assert verdict.kind == "identical"
    assert drawing.record.environment["threads"] == 1
    assert torch.get_num_threads() == threads


def test_other_threads_move_a_pixel_by_a_level_at_most(original: Original, tiny_sd: Path):
    torch.set_num_threads(2)
    drawing = engine.open_generator("cpu").generate(SETTINGS, find_model(str(tiny_sd)))
    verdict = judge(original, drawing, tolerance=1)
    assert verdict.reproduced
    if verdict.distance is not None:
        assert verdict.distance.largest <= 1
        assert "threads 1 → 2" in verdict.reason


def test_a_number_format_that_is_not_here_is_replaced_and_told(original: Original, tiny_sd: Path):
    settings = original.record.settings.model_copy(update={"dtype": "float16"})
    image = original.record.image.model_copy(update={"sha256": "0" * 64})
    other = original.record.model_copy(update={"settings": settings, "image": image})
    _, verdict = redraw(
        Original(other, original.image), find_model(str(tiny_sd)), engine.open_generator("cpu")
    )
    assert "dtype float16 → float32" in verdict.reason


def test_one_flipped_byte_is_another_model_before_anything_is_drawn(
    original: Original, tiny_sd: Path, tmp_path: Path
):
    folder = Path(shutil.copytree(tiny_sd, tmp_path / "tiny-sd"))
    assert check(original, find_model(str(folder))) is None
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    model = find_model(str(folder))
    assert changed_weights(original.record, model) == ["unet/diffusion_pytorch_model.safetensors"]
    assert check_only(original, model).kind == "different"


def test_a_missing_file_is_another_model_too(original: Original, tiny_sd: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny_sd, tmp_path / "fewer"))
    (folder / "tokenizer/tokenizer_config.json").unlink()
    changed = changed_weights(original.record, find_model(str(folder)))
    assert changed == ["tokenizer/tokenizer_config.json"]


def test_a_picture_out_of_a_call_of_four_is_drawn_in_its_slot(tiny_sd: Path):
    model, generator = find_model(str(tiny_sd)), engine.open_generator("cpu")
    slots = [SETTINGS.model_copy(update={"seed": seed}) for seed in range(4)]
    drawing = generator.generate_batch(slots, model)[2]
    again, verdict = redraw(Original(drawing.record, drawing.image), model, generator)
    assert verdict.kind == "identical"
    assert again.record.batch == drawing.record.batch


def test_on_another_kind_of_device_it_is_drawn_alone(original: Original, tiny_sd: Path):
    place = BatchRecord(size=8, slot=3)
    facts = original.record.environment | {"device": "cuda"}
    image = original.record.image.model_copy(update={"sha256": "0" * 64})
    record = original.record.model_copy(
        update={"batch": place, "environment": facts, "image": image}
    )
    again, verdict = redraw(
        Original(record, original.image), find_model(str(tiny_sd)), engine.open_generator("cpu")
    )
    assert again.record.batch == BatchRecord()
    assert "device cuda → cpu" in verdict.reason


def test_another_slot_is_told_where_it_moves_pixels(original: Original, tiny_sd: Path):
    place = BatchRecord(size=4, slot=3)
    other = original.record.model_copy(update={"batch": place})
    image = original.record.image.model_copy(update={"sha256": "0" * 64})
    drawing = Drawing(original.image, original.record.model_copy(update={"image": image}))
    verdict = judge(Original(other, original.image), drawing, tolerance=1)
    assert "batch size 4 → 1, batch slot 3 → 0" in verdict.reason


def test_a_variation_keeps_the_slot(tiny_sd: Path):
    model, generator = find_model(str(tiny_sd)), engine.open_generator("cpu")
    slots = [SETTINGS.model_copy(update={"seed": seed}) for seed in range(2)]
    parent = generator.generate_batch(slots, model)[1].record
    other = parent.settings.model_copy(update={"steps": 3})
    drawing = draw_like(parent, other, model, generator)
    assert drawing.record.batch == parent.batch
    assert drawing.record.settings.steps == 3


def test_a_picture_that_cannot_be_drawn_again_says_why(original: Original, tiny_sd, monkeypatch):
    def nothing(*_, **__):
        raise GenerationError("black all over")

    monkeypatch.setattr("sdgen.engine.together.decode", nothing)
    with pytest.raises(GenerationError, match="black all over"):
        redraw(original, find_model(str(tiny_sd)), engine.open_generator("cpu"))


@pytest.mark.parametrize(
    ("recorded", "chosen", "opened"),
    [("cpu", "auto", "cpu"), ("cuda", "auto", "auto"), ("cpu", "cuda", "cuda"),
     ("cuda", "cpu", "cpu"), (None, "auto", "auto")],
)  # fmt: skip
def test_what_the_cpu_drew_the_cpu_draws_again(
    original: Original, monkeypatch, recorded, chosen: str, opened: str
):
    monkeypatch.setattr("sdgen.engine.open_generator", lambda device, *_: device)
    record = original.record.model_copy(update={"environment": {"device": recorded}})
    assert open_like(record, chosen) == opened


def test_pictures_of_one_call_are_drawn_again_in_one(tiny_sd: Path):
    model, generator = find_model(str(tiny_sd)), engine.open_generator("cpu")
    slots = [SETTINGS.model_copy(update={"seed": seed}) for seed in range(4)]
    _, second, _, last = (one.record for one in generator.generate_batch(slots, model))
    again = draw_call({1: second.settings, 3: last.settings}, second, model, generator)
    assert [one.record.image for one in again] == [second.image, last.image]
    assert [one.record.batch.slot for one in again] == [1, 3]


def test_on_another_kind_of_device_each_is_drawn_alone(original: Original, tiny_sd: Path):
    model, generator = find_model(str(tiny_sd)), engine.open_generator("cpu")
    facts = original.record.environment | {"device": "cuda"}
    record = original.record.model_copy(
        update={"batch": BatchRecord(size=8, slot=3), "environment": facts}
    )
    again = draw_call({3: SETTINGS, 5: SETTINGS}, record, model, generator)
    assert [one.record.batch for one in again] == [BatchRecord()] * 2
