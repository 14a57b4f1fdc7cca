"""What only a CUDA device can show: `pytest -m gpu`."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from sdgen.engine import Drawing, graphs
from sdgen.engine.arrival import fetching, mapped
from sdgen.engine.environment import switches_as
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.libraries import diffusers
from sdgen.engine.loader import load_model
from sdgen.errors import GenerationError
from sdgen.models import find_model
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.test_generator import draw
from tests.engine.test_together import alone, foxes, images
from tests.loras import DUSK

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture(scope="module")
def cuda() -> DiffusersGenerator:
    return DiffusersGenerator("auto")


def test_auto_takes_the_gpu_and_half_precision(cuda, tiny_sd: Path):
    drawing = draw(cuda, tiny_sd)
    assert drawing.record.environment["device"] == "cuda"
    assert drawing.record.settings.dtype == "float16"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "euler_ancestral", "lcm"])
def test_the_same_call_twice_gives_the_same_pixels(cuda, tiny_sd, tiny_sdxl, dtype, scheduler):
    for folder in (tiny_sd, tiny_sdxl):
        first = draw(cuda, folder, dtype=dtype, scheduler=scheduler)
        draw(cuda, folder, dtype=dtype, scheduler="euler", seed=9)
        again = draw(cuda, folder, dtype=dtype, scheduler=scheduler)
        assert again.record.image == first.record.image


def test_the_noise_is_the_cpus(cuda, tiny_sd: Path):
    """Float32 on the GPU shows the picture of the CPU, a few levels apart at most."""
    for scheduler in ("dpmpp_2m", "euler_ancestral"):
        with switches_as({"tf32_convolution": False}, torch.device("cuda:0")):
            here = draw(cuda, tiny_sd, dtype="float32", scheduler=scheduler)
        there = draw(DiffusersGenerator("cpu"), tiny_sd, dtype="float32", scheduler=scheduler)
        apart = np.asarray(here.image, int) - np.asarray(there.image, int)
        assert np.abs(apart).max() <= 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_picture_out_of_a_call_is_the_same_alone_in_its_slot(
    cuda, tiny_sd, tiny_sdxl, dtype: str, size: int
):
    for folder in map(find_model, (str(tiny_sd), str(tiny_sdxl))):
        slots = foxes(size, dtype=dtype, scheduler="euler_ancestral")
        drawn = images(cuda.generate_batch(slots, folder))
        for slot in {0, size // 2, size - 1}:
            assert images(cuda.generate_batch(alone(slots, slot), folder)) == [drawn[slot]]


OTHER_SWITCHES = {
    "tf32_matmul": True,
    "tf32_convolution": False,
    "cudnn_deterministic": True,
    "attention_allowed": "math",
}


def test_a_replay_restores_the_switches_of_the_gpu(cuda, tiny_sd: Path):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, dtype="float32", width=256)
    with switches_as(OTHER_SWITCHES, torch.device("cuda:0")):
        original = cuda.generate(fox, folder)
    again, verdict = redraw(Original(original.record, original.image), folder, cuda)
    assert verdict.kind == "identical"
    assert OTHER_SWITCHES.items() <= again.record.environment.items()
    usual = cuda.generate(fox, folder).record.environment
    assert not OTHER_SWITCHES.items() & usual.items()


def test_a_model_whose_parts_wait_in_main_memory_draws_the_same(cuda, tiny_sd, tiny_sdxl):
    for folder in map(find_model, (str(tiny_sd), str(tiny_sdxl))):
        slots = foxes(2, dtype="float16")
        usual = images(cuda.generate_batch(slots, folder))
        for how in ("model", "sequential"):
            offloaded = DiffusersGenerator("cuda", offload=how)
            outcomes = offloaded.generate_batch(slots, folder)
            assert images(outcomes) == usual
            assert [one.record.environment["offload"] for one in outcomes] == [how, how]


def test_weights_staged_to_a_gpu_are_those_of_the_files(tiny_sd: Path):
    file = tiny_sd / "unet/diffusion_pytorch_model.safetensors"
    with fetching(torch.device("cuda:0")) as bring:
        found = bring(file, torch.float16).arrived()
    for name, tensor in mapped(file).items():
        assert torch.equal(found[name].cpu(), tensor.half())


def test_memory_that_is_really_short_ends_in_pictures(tiny_sd: Path):
    """Half of what eight pictures of 1024 pixels took together."""
    generator, told = DiffusersGenerator("cuda"), []
    model, slots = find_model(str(tiny_sd)), foxes(8, width=1024, height=1024, steps=1)
    generator.load(model, "auto")
    torch.cuda.empty_cache()
    weights = torch.cuda.memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    assert len(images(generator.generate_batch(slots, model, tell=told.append))) == 8
    assert not told
    enough = weights + (torch.cuda.max_memory_reserved() - weights) / 2
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(
        enough / torch.cuda.get_device_properties(0).total_memory
    )
    try:
        outcomes = generator.generate_batch(slots, model, tell=told.append)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(images(outcomes)) == 8
    assert told
    assert all("out of memory" in line for line in told)


def test_graphs_give_the_pixels_of_eager_calls(cuda, tiny_sd, tiny_sdxl, monkeypatch):
    """The first picture of a shape records; both it and the next, only replayed, are the same."""
    for folder in (tiny_sd, tiny_sdxl):
        with monkeypatch.context() as patch:
            patch.setattr("sdgen.engine.graphs._can_be_recorded", lambda _: False)
            eager = [draw(cuda, folder, seed=seed, steps=6).record.image for seed in (1, 2, 3)]
        graphs.forget_graphs()
        assert [draw(cuda, folder, seed=seed, steps=6).record.image for seed in (1, 2, 3)] == eager
        unet = load_model(find_model(str(folder)), "float16", torch.device("cuda:0")).pipeline.unet
        assert any(graphs._kept[unet].graphs.values())


def test_what_is_hung_on_a_network_or_taken_off_is_not_replayed_from_before(cuda, tiny_sd: Path):
    plain = draw(cuda, tiny_sd, steps=6).record.image
    tiled = draw(cuda, tiny_sd, steps=6, tiling="xy").record.image
    weighed = draw(cuda, tiny_sd, steps=6, freeu="1.5,1.6,0.9,0.2").record.image
    assert draw(cuda, tiny_sd, steps=6).record.image == plain
    assert draw(cuda, tiny_sd, steps=6, tiling="xy").record.image == tiled
    assert draw(cuda, tiny_sd, steps=6, freeu="1.5,1.6,0.9,0.2").record.image == weighed
    assert len({one.sha256 for one in (plain, tiled, weighed)}) == 3


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_no_step_of_a_scheduler_waits_for_the_gpu(cuda, tiny_sd: Path, monkeypatch):
    """`Pace` waits, and is meant to; what else would, torch reports here as an error."""
    monkeypatch.setattr("sdgen.engine.graphs.Pace.keep", lambda _: None)
    pipeline, waiting = diffusers.StableDiffusionPipeline, []
    plain = pipeline.progress_bar

    @contextmanager
    def watched(self, *args, **options):
        try:
            torch.cuda.set_sync_debug_mode("error")
            with plain(self, *args, **options) as bar:
                yield bar
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(pipeline, "progress_bar", watched)
    for name in (each.name for each in SCHEDULERS.values() if not each.flow):
        draw(cuda, tiny_sd, scheduler="euler", steps=6)  # graphs are there
        try:
            draw(cuda, tiny_sd, scheduler=name, steps=6)
        except GenerationError as error:
            waiting.append(f"{name}: {error}")
    assert waiting == []


@pytest.fixture(scope="module")
def fused() -> DiffusersGenerator:
    return DiffusersGenerator("auto", "fused")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_fused_kernels_draw_the_picture_a_few_levels_apart(cuda, fused, tiny_sd, tiny_sdxl, dtype):
    for folder in (tiny_sd, tiny_sdxl):
        eager = draw(cuda, folder, dtype=dtype, steps=6)
        other = draw(fused, folder, dtype=dtype, steps=6)
        assert eager.record.environment["kernels"] == "eager"
        assert other.record.environment["kernels"] == "fused"
        assert distance(eager, other) <= 2


def test_a_picture_of_fused_kernels_is_drawn_again_by_them(cuda, fused, tiny_sd: Path):
    drawing = draw(fused, tiny_sd, steps=6)
    original = Original(drawing.record, drawing.image)
    _, verdict = redraw(original, find_model(str(tiny_sd)), cuda)
    assert verdict.kind == "identical"


@pytest.mark.parametrize("size", [2, 4])
def test_fused_calls_are_the_same_alone_in_their_slots(fused, tiny_sd, tiny_sdxl, size: int):
    for folder in map(find_model, (str(tiny_sd), str(tiny_sdxl))):
        slots = foxes(size, dtype="float16", scheduler="euler_ancestral")
        drawn = images(fused.generate_batch(slots, folder))
        for slot in range(size):
            assert images(fused.generate_batch(alone(slots, slot), folder)) == [drawn[slot]]


def test_a_lora_acts_on_fused_kernels_too(cuda, fused):
    eager, other, without = (
        draw(generator, "storybook", width=256, height=256, steps=8, **more)
        for generator, more in (
            (cuda, {"lora": str(DUSK)}),
            (fused, {"lora": str(DUSK)}),
            (cuda, {}),
        )
    )
    assert distance(other, eager) <= 3 < distance(without, eager)


def distance(one: Drawing, other: Drawing) -> float:
    return np.abs(np.asarray(one.image, int) - np.asarray(other.image, int)).mean()


@pytest.mark.parametrize(
    ("rows", "channels", "groups"), [((8, 8), 320, 32), ((33, 20), 64, 32), ((96, 64), 1280, 32)]
)
def test_our_group_norm_is_torchs(rows, channels: int, groups: int):
    x = (5 + 2 * torch.randn(2, channels, *rows, device="cuda")).to(
        memory_format=torch.channels_last
    )
    shift, weight, bias = (
        torch.randn(size, device="cuda") for size in ((2, channels), channels, channels)
    )
    own = kernels_of().group_norm(x, groups, weight, bias, 1e-5, silu=True, shift=shift)
    wanted = functional.silu(
        functional.group_norm(x + shift[:, :, None, None], groups, weight, bias, 1e-5)
    )
    assert torch.allclose(own, wanted, atol=1e-4)


def test_our_other_kernels_are_torchs():
    kernels, norm = kernels_of(), torch.nn.LayerNorm(320, device="cuda")
    x, other = torch.randn(2, 3, 77, 320, device="cuda")
    both, rows = kernels.layer_norm(x, norm, other)
    assert torch.equal(both, x + other)
    assert torch.allclose(rows, norm(x + other), atol=1e-5)
    value, gate = x.chunk(2, dim=-1)
    assert torch.allclose(kernels.geglu(x), value * functional.gelu(gate), atol=1e-5)
    picture, bias = torch.randn(2, 2, 64, 9, 9, device="cuda"), torch.randn(64, device="cuda")
    one, two = (each.to(memory_format=torch.channels_last) for each in picture)
    assert torch.equal(kernels.add(one, bias, two), one + bias[:, None, None] + two)


def kernels_of():
    """Our kernels; triton loads with them."""
    from sdgen.engine import kernels

    return kernels
