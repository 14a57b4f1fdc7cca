"""Enlarging by a network: as the paper has it, without seams or traces, and with less memory."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.functional import conv2d, interpolate, leaky_relu, pixel_unshuffle

from sdgen.engine import upscaling
from sdgen.engine.esrgan import build
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.ladder import Way, next_way, way_recorded
from sdgen.engine.upscaling import MARGIN, tiled, upscaled, upscaled_alone
from sdgen.errors import GenerationError, InputError, MemoryExhaustedError, ModelError
from sdgen.models.upscaler import check_upscaler, network_in
from sdgen.models.upscaler_keys import network_of
from sdgen.models.weights import Tensor
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.upscalers import renamed, tensors, write_upscaler

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Path:
    return write_upscaler(tmp_path_factory.mktemp("upscalers") / "twice.safetensors")


@pytest.fixture(autouse=True)
def _none_kept():
    yield
    upscaling._network.cache_clear()


def picture(width: int, height: int) -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(levels)


def as_the_paper_has_it(found, given: torch.Tensor) -> torch.Tensor:
    """ESRGAN's generator written out, for one block under its newest names."""

    def layer(name, values):
        return conv2d(values, found[f"{name}.weight"], found[f"{name}.bias"], padding=1)

    first = features = layer("conv_first", given)
    block = features
    for dense in (1, 2, 3):
        seen = [block]
        for number in (1, 2, 3, 4):
            seen.append(
                leaky_relu(layer(f"body.0.rdb{dense}.conv{number}", torch.cat(seen, 1)), 0.2)
            )
        block = block + 0.2 * layer(f"body.0.rdb{dense}.conv5", torch.cat(seen, 1))
    features = first + layer("conv_body", features + 0.2 * block)
    for number in range(1, 1 + sum(name.startswith("conv_up") for name in found) // 2):
        features = leaky_relu(layer(f"conv_up{number}", interpolate(features, scale_factor=2)), 0.2)
    return layer("conv_last", leaky_relu(layer("conv_hr", features), 0.2))


@pytest.mark.parametrize("age", ["older", "oldest", "ema"])
@pytest.mark.parametrize(("scale", "unshuffle"), [(1, 1), (4, 1), (2, 2)])
def test_it_computes_what_the_paper_says(age, scale, unshuffle):
    found = tensors("rrdb", scale, unshuffle)
    named = renamed(found, age)
    network = network_of(
        {name: Tensor("F32", tuple(one.shape), 0, 0) for name, one in named.items()}
    )
    given = torch.rand(1, 3, 12, 16)
    wanted = as_the_paper_has_it(found, pixel_unshuffle(given, unshuffle))
    made = build(network, named)(given)
    assert made.shape == (1, 3, 12 * scale, 16 * scale)
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "said", [{}, {"scale": 2, "unshuffle": 2}, {"kind": "compact", "scale": 3}]
)
def test_tiles_have_no_seams(said, tmp_path):
    """The network sees 19 pixels far, and the margin is 32."""
    file = check_upscaler(write_upscaler(tmp_path / "a.safetensors", **said))
    network, scale = upscaling._network(file, CPU)
    levels = np.asarray(picture(151, 90))
    with torch.inference_mode():
        whole = tiled(network, levels, scale, 256, CPU)
        parts = tiled(network, levels, scale, 64, CPU)
    assert whole.shape == (90 * scale, 151 * scale, 3)
    assert np.abs(whole.astype(int) - parts).max() <= 1, "but for how a CPU sums"
    assert (whole != parts).mean() < 1e-4
    assert MARGIN > 19


def test_seams_would_be_found(twice, monkeypatch):
    network, scale = upscaling._network(check_upscaler(twice), CPU)
    levels = np.asarray(picture(130, 64))
    monkeypatch.setattr(upscaling, "MARGIN", 0)
    with torch.inference_mode():
        whole, parts = (tiled(network, levels, scale, length, CPU) for length in (256, 64))
    assert np.abs(whole.astype(int) - parts).max() > 1


def test_another_scale_than_the_weights_own_is_lanczos_after_it(twice):
    file, image = check_upscaler(twice), picture(20, 10)
    own = upscaled(image, file, (40, 20), CPU, 256)
    larger = upscaled(image, file, (60, 30), CPU, 256)
    assert larger.tobytes() == own.resize((60, 30), Image.Resampling.LANCZOS).tobytes()


def test_a_picture_is_enlarged_after_drawing_and_comes_out_again(tiny_sd, twice):
    said = {"upscaler": str(twice), "post": ["contrast=1.1", "esrgan=2"]}
    plain, drawing = draw(tiny_sd, post=["contrast=1.1"]), draw(tiny_sd, **said)
    assert drawing.image.size == (128, 128)
    wanted = upscaled(plain.image, check_upscaler(twice), (128, 128), CPU, 256)
    assert drawing.image.tobytes() == wanted.tobytes()
    record = drawing.record
    assert record.settings.upscaler == "twice"
    [added] = record.added
    assert (added.kind, added.name, added.modules) == ("upscaler", "twice", 1)
    assert added.sha256 == check_upscaler(twice).sha256
    assert record.environment["upscale_tile"] == 256
    assert record.image.before_post == draw(tiny_sd).record.image.sha256
    model = planned(tiny_sd, **said)[1]
    _, verdict = redraw(Original(record, drawing.image), model, DiffusersGenerator("cpu"))
    assert verdict.kind == "identical"


def test_no_trace_is_left(tiny_sd, twice):
    before, state = pixels(tiny_sd), kept_state()
    large = pixels(tiny_sd, upscaler=str(twice), post=["esrgan=2"])
    assert pixels(tiny_sd) == before
    assert kept_state() == state
    assert pixels(tiny_sd, upscaler=str(twice), post=["esrgan=2"]) == large


def test_a_second_pass_is_drawn_over_what_it_made(tiny_sd, twice, monkeypatch):
    asked = []
    real = upscaling.upscaled

    def seen(image, file, size, *rest):
        asked.append((image.size, file.name, size))
        return real(image, file, size, *rest)

    monkeypatch.setattr("sdgen.engine.hires.upscaled", seen)
    said = {"upscaler": str(twice), "hires_upscaler": "esrgan", "hires_strength": 0.5}
    drawing = draw(tiny_sd, hires_scale=1.5, **said)
    assert asked == [((64, 64), "twice", (96, 96))]
    assert drawing.image.size == (96, 96)
    assert drawing.record.environment["upscale_tile"] == 256
    assert (
        drawing.image.tobytes()
        != draw(tiny_sd, hires_scale=1.5, hires_strength=0.5).image.tobytes()
    )
    model = planned(tiny_sd, hires_scale=1.5, **said)[1]
    _, verdict = redraw(Original(drawing.record, drawing.image), model, DiffusersGenerator("cpu"))
    assert verdict.kind == "identical"


@pytest.mark.parametrize("upscaler", ["lanczos", "latent", "esrgan"])
def test_a_second_pass_has_a_size_of_its_own(tiny_sd, twice, upscaler):
    more = {"upscaler": str(twice)} if upscaler == "esrgan" else {}
    said = {"hires_size": "96x128", "hires_upscaler": upscaler, "hires_strength": 0.5, **more}
    drawing = draw(tiny_sd, **said)
    assert drawing.image.size == (96, 128)
    assert drawing.record.settings.hires_size == "96x128"
    model = planned(tiny_sd, **said)[1]
    _, verdict = redraw(Original(drawing.record, drawing.image), model, DiffusersGenerator("cpu"))
    assert verdict.kind == "identical"


@pytest.mark.parametrize("upscaler", ["lanczos", "latent"])
def test_a_size_of_the_same_shape_is_the_scale(tiny_sd, upscaler):
    said = {"hires_upscaler": upscaler, "hires_strength": 0.5}
    assert pixels(tiny_sd, hires_size="96x96", **said) == pixels(tiny_sd, hires_scale=1.5, **said)


class Small:
    """Memory for tiles of so many pixels; one that asks for more gets torch's own error."""

    def __init__(self, most: int, monkeypatch) -> None:
        self.asked: list[tuple[int, ...]] = []
        real = upscaling._levels

        def levels(network, pixels, device):
            self.asked.append(pixels.shape[:2])
            if max(pixels.shape[:2]) > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
            return real(network, pixels, device)

        monkeypatch.setattr(upscaling, "_levels", levels)


def test_too_little_memory_makes_smaller_tiles_which_are_recorded(tiny_sd, twice, monkeypatch):
    monkeypatch.setattr("sdgen.engine.ladder.UPSCALE_TILES", (256, 32))
    monkeypatch.setattr(upscaling, "MARGIN", 8)
    Small(60, monkeypatch)
    told: list[str] = []
    said = {"upscaler": str(twice), "post": ["esrgan=2"]}
    settings, model = planned(tiny_sd, **said)
    generator = DiffusersGenerator("cpu")
    drawing = generator.generate(settings, model, tell=told.append)
    assert told == ["out of memory enlarging 64x64: trying again, enlarged in tiles of 32 pixels"]
    assert drawing.record.environment["upscale_tile"] == 32
    assert way_recorded(drawing.record.environment).upscale_tile == 32


def test_the_way_down():
    way = next_way(Way(), "upscale", 4, 512, is_cuda=False)
    assert way == Way(upscale_tile=128)
    way = next_way(way, "upscale", 4, 512, is_cuda=False)
    assert (way.upscale_tile, str(way)) == (64, "enlarged in tiles of 64 pixels")
    assert next_way(way, "upscale", 1, 512, is_cuda=False) is None
    assert next_way(way, "upscale", 1, 512, is_cuda=True).offload


@pytest.mark.parametrize("said", [None, 7, "256", 1 << 40, True])
def test_a_tile_that_no_sdgen_recorded_is_the_usual_one(said):
    assert way_recorded({"upscale_tile": said}).upscale_tile == 256


def test_alone_it_goes_down_by_itself(twice, monkeypatch):
    file, image = check_upscaler(twice), picture(100, 40)
    whole, how = upscaled_alone(image, file, (200, 80), "cpu", {})
    assert how == {"upscale_tile": 256}
    small = Small(99, monkeypatch)
    parts, how = upscaled_alone(image, file, (200, 80), "cpu", {})
    assert how == {"upscale_tile": 64}
    assert len(small.asked) == 1 + 1 + 2
    assert np.abs(np.asarray(whole).astype(int) - np.asarray(parts)).max() <= 1
    Small(8, monkeypatch)
    with pytest.raises(MemoryExhaustedError, match="the upscaler twice does not fit the memory"):
        upscaled_alone(image, file, (200, 80), "cpu", {})
    with pytest.raises(InputError, match="unknown device"):
        upscaled_alone(image, file, (200, 80), "tpu", {})


def test_weights_that_do_not_fit_together_or_are_no_numbers(tmp_path):
    odd = tensors()
    odd["conv_hr.weight"] = torch.zeros(8, 9, 3, 3)
    save_file(odd, tmp_path / "odd.safetensors")
    file = check_upscaler(tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match="odd does not fit itself: size mismatch for conv_hr"):
        upscaled(picture(8, 8), file, (16, 16), CPU, 256)
    bad = {name: one * float("nan") for name, one in tensors().items()}
    save_file(bad, tmp_path / "bad.safetensors")
    with pytest.raises(GenerationError, match="the upscaler gives numbers that are no picture"):
        upscaled(picture(8, 8), check_upscaler(tmp_path / "bad.safetensors"), (16, 16), CPU, 256)
    with pytest.raises(ModelError, match="the upscaler is not at hand"):
        upscaled(picture(8, 8), None, (16, 16), CPU, 256)


def test_one_that_fails_after_drawing_is_that_pictures_failure(tiny_sd, tmp_path):
    bad = {name: one * float("nan") for name, one in tensors().items()}
    save_file(bad, tmp_path / "bad.safetensors")
    said = {"upscaler": str(tmp_path / "bad.safetensors"), "post": ["esrgan=2"]}
    settings, model = planned(tiny_sd, **said)
    [outcome] = DiffusersGenerator("cpu").generate_batch([settings], model)
    assert isinstance(outcome, GenerationError)


def test_changed_files_are_told(twice, tmp_path):
    path = write_upscaler(tmp_path / "a.safetensors")
    file = check_upscaler(path)
    save_file(tensors(seed=5), path)
    with pytest.raises(ModelError, match="a was changed while it was in use"):
        upscaled(picture(8, 8), file, (16, 16), CPU, 256)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="a was changed while it was in use"):
        network_in(file)
