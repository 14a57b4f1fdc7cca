"""Weights wait in main memory and come for their turn; no pixel changes, nothing stays behind."""

from pathlib import Path

import pytest
import torch
from torch import nn

from sdgen import engine
from sdgen.engine import offloading, placing
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.ladder import Way, Ways, way_recorded
from sdgen.engine.loader import load_model
from sdgen.engine.offloading import Turns, fetch, offload_parts, put_back
from sdgen.errors import InputError
from sdgen.models import find_model
from tests.engine.test_together import CPU, foxes, images

META = torch.device("meta")


@pytest.fixture
def pipeline(tiny_sdxl: Path, monkeypatch):
    monkeypatch.setattr("sdgen.engine.loader._kept", {})
    return load_model(find_model(str(tiny_sdxl)), "float32", CPU).pipeline


def places(part: nn.Module) -> list[int]:
    return [tensor.data_ptr() for tensor in part.parameters()]


def devices(part: nn.Module) -> set[str]:
    return {tensor.device.type for tensor in part.state_dict().values()}


def test_one_part_is_on_the_device_at_a_time(pipeline):
    """The device is one without numbers: the same moves, no such hardware."""
    turns, before = Turns(META), places(pipeline.unet)
    turns.bring(pipeline.unet)
    assert (devices(pipeline.unet), devices(pipeline.vae)) == ({"meta"}, {"cpu"})
    turns.bring(pipeline.vae)
    assert (devices(pipeline.unet), devices(pipeline.vae)) == ({"cpu"}, {"meta"})
    assert places(pipeline.unet) == before  # it waited, and was not copied back


def test_a_part_that_did_not_come_whole_goes_back(pipeline, monkeypatch):
    turns, plain, left = Turns(META), offloading._moved, [True] * 5

    def moved(tensor, device):
        if not left:
            raise torch.OutOfMemoryError("CUDA out of memory")
        left.pop()
        return plain(tensor, device)

    monkeypatch.setattr(offloading, "_moved", moved)
    with pytest.raises(torch.OutOfMemoryError):
        turns.bring(pipeline.unet)
    left[:] = [True] * 10_000
    turns.bring(pipeline.vae)
    assert (devices(pipeline.unet), devices(pipeline.vae)) == ({"cpu"}, {"meta"})


def test_what_was_given_another_format_comes_back_with_it():
    layer, waiting = nn.Linear(2, 2), {}
    fetch([layer], CPU, waiting)
    layer.to(torch.float16)
    put_back(waiting)
    assert layer.weight.dtype == torch.float16


@pytest.mark.parametrize("how", ["model", "sequential"])
@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
def test_pixels_stay(request, monkeypatch, model: str, how):
    """Weights are copied to and fro on the CPU, as for a GPU; the UNet is called in each step."""
    folder, [fox] = find_model(str(request.getfixturevalue(model))), foxes(1, dtype="float32")
    monkeypatch.setattr("sdgen.engine.loader._kept", {})
    generator = DiffusersGenerator("cpu")
    pipeline = load_model(folder, "float32", CPU).pipeline
    usual = generator.generate(fox, folder)
    before, moved = places(pipeline.unet), []

    def copied(tensor, device):
        moved.append(tensor)
        with torch.inference_mode(mode=False):
            return tensor.clone()

    monkeypatch.setattr(offloading, "_moved", copied)
    offload_parts(pipeline, how, CPU)
    again = generator.generate(fox, folder)
    assert images([again]) == images([usual])
    tensors = sum(len(list(part.parameters())) for part in (pipeline.unet, pipeline.vae))
    assert len(moved) > (tensors if how == "sequential" else tensors // 2)
    assert places(pipeline.unet) == before


def test_the_record_says_how_and_a_replay_does_so_again():
    assert way_recorded({"offload": "sequential"}).offload == "sequential"
    assert way_recorded({"offload": "model"}).offload == "model"
    assert way_recorded({"offload": True}).offload == "model"  # before there was another
    assert way_recorded({"offload": False}).offload == "none"
    assert way_recorded({"offload": "disk"}).offload == "none"


@pytest.mark.parametrize(
    ("offload", "kernels", "reason"),
    [("model", "eager", "the CPU computes in main memory"), ("half", "eager", "unknown offload")],
)
def test_offload_that_cannot_be_had(offload: str, kernels: str, reason: str):
    with pytest.raises(InputError, match=reason):
        engine.open_generator("cpu", kernels, offload)


def test_fused_kernels_do_not_offload():
    from sdgen.engine.devices import choose_offload

    with pytest.raises(InputError, match="fused kernels need the whole model"):
        choose_offload("model", torch.device("cuda"), "fused")
    assert choose_offload("auto", CPU, "eager") is None
    assert choose_offload("none", CPU, "eager") == "none"


def test_the_first_way_that_fits_is_taken_told_and_recorded(tiny_sd: Path, monkeypatch):
    model, [wide], told = find_model(str(tiny_sd)), foxes(1, width=512), []
    monkeypatch.setattr(placing, "TEXT", 0)
    need = placing.needed(placing.print_of(model), placing.call_of(wide, 1, CPU), Way())
    monkeypatch.setattr(placing, "free_on", lambda _: need - 1)
    generator = DiffusersGenerator("cpu")
    drawing = generator.generate(wide, model, tell=told.append)
    assert drawing.record.environment["vae_tile"] == 256
    [line] = [line for line in told if "takes about" in line]
    assert line.startswith("tiny-sd at 512x64 takes about 0.0 GB, and 0.0 GB are free: drawing ")
    assert line.endswith("decoded in tiles of 256 pixels")
    told.clear()
    generator.generate(wide, model, tell=told.append)
    assert not told


def test_who_says_none_gets_none(tiny_sd: Path, monkeypatch):
    monkeypatch.setattr(placing, "free_on", lambda _: 1_000)
    [wide] = foxes(1, width=512)
    drawing = DiffusersGenerator("cpu", offload="none").generate(wide, find_model(str(tiny_sd)))
    assert drawing.record.environment["vae_tile"] == 0


def test_ways_know_what_was_found_while_loading():
    from sdgen.engine.ladder import Shape

    ways = Ways(is_cuda=False)
    ways.learn(Shape("a", "float32"), Way(most=1))
    assert ways.knows(Shape("a", "float32", 64, 64))
    assert not ways.knows(Shape("b", "float32", 64, 64))
