"""Noise: the same numbers for a seed, whatever the dtype; and those of a plain diffusers script."""

import inspect
import threading

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from torch.overrides import TorchFunctionMode

from sdgen.engine.noise import exact_step_noise, initial_latents, slerp, starting_noise
from sdgen.engine.schedulers import build_scheduler
from sdgen.recipe.scheduler_table import SAMPLERS
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings

# diffusers hands tensors to numpy in DEIS and DPM2.
pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
NOISY = [name for name, sampler in SAMPLERS.items() if sampler.noisy]


def generator(seed: int = 7) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


class Watch(TorchFunctionMode):
    """Notes the dtype of each draw that reaches torch, since torch 2.13 casts by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: list[torch.dtype] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.randn:
            self.dtypes.append(kwargs["dtype"])
        return func(*args, **(kwargs or {}))


def test_initial_latents_are_the_generators_first_draw_and_it_goes_on():
    latents, draws = initial_latents(7, (4, 8, 16))
    plain = generator()
    assert torch.equal(latents, torch.randn((1, 4, 8, 16), generator=plain))
    assert (latents.dtype, latents.device.type) == (torch.float32, "cpu")
    assert torch.equal(torch.randn(5, generator=draws), torch.randn(5, generator=plain))


@pytest.mark.parametrize("seed", [0, 2**32, 2**63 - 1])
def test_the_whole_range_of_seeds_draws(seed: int):
    latents, draws = initial_latents(seed, (4, 8, 8))
    assert draws.initial_seed() == seed
    assert abs(latents.mean().item()) < 0.3


SHAPE = (4, 8, 16)


def varied(**changes: object) -> torch.Tensor:
    said = {"prompt": "fox", "seed": 7, "variation_seed": 8, "variation_strength": 0.3}
    return starting_noise(Settings.model_validate(said | changes), SHAPE)[0]


def test_a_mixture_lies_on_the_arc_column_by_column():
    """Against the formula in double precision: in each column the angle is cut as asked for."""
    low, high = (initial_latents(seed, SHAPE)[0].double().numpy()[0] for seed in (7, 8))
    mixed = varied().double().numpy()[0]
    for channel, column in [(0, 0), (1, 7), (3, 15)]:
        a, b, m = (each[channel, :, column] for each in (low, high, mixed))
        angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        wanted = (np.sin(0.7 * angle) * a + np.sin(0.3 * angle) * b) / np.sin(angle)
        assert np.allclose(m, wanted, atol=1e-5)


def test_the_ends_of_the_arc_are_the_two_noises():
    low, high = (initial_latents(seed, SHAPE)[0] for seed in (7, 8))
    assert torch.equal(varied(variation_strength=0.0), low)
    assert torch.allclose(varied(variation_strength=1.0), high, atol=1e-5)
    assert torch.equal(slerp(0.4, low, low), low)


def test_a_variation_is_as_strong_as_any_noise_and_changes_little_by_little():
    low, tall = initial_latents(7, SHAPE)[0], (4, 64, 64)
    shares = (0.1, 0.3, 0.6, 1.0)
    away = [(varied(variation_strength=share) - low).norm().item() for share in shares]
    assert away == sorted(away)
    one, other = (initial_latents(seed, tall)[0] for seed in (7, 8))
    assert slerp(0.5, one, other).std().item() == pytest.approx(1, abs=0.02)


def test_the_noise_of_the_steps_stays_that_of_the_seed():
    said = {"prompt": "fox", "seed": 7, "variation_seed": 8, "variation_strength": 0.3}
    _, draws = starting_noise(Settings.model_validate(said), SHAPE)
    _, plain = initial_latents(7, SHAPE)
    assert torch.equal(torch.randn(5, generator=draws), torch.randn(5, generator=plain))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_draw_in_another_dtype_is_the_float32_draw_cast(dtype: torch.dtype):
    with Watch() as watch, exact_step_noise():
        drawn = torch.randn((2, 3), generator=generator(), dtype=dtype)
    assert watch.dtypes == [torch.float32]
    assert torch.equal(drawn, torch.randn((2, 3), generator=generator()).to(dtype))
    assert drawn.dtype == dtype


def test_other_draws_are_left_alone():
    torch.manual_seed(3)
    plain = torch.randn(4, dtype=torch.float64)
    torch.manual_seed(3)
    with exact_step_noise():
        assert torch.equal(torch.randn(4, dtype=torch.float64), plain)
        assert torch.equal(
            torch.rand(3, generator=generator()), torch.rand(3, generator=generator())
        )


def test_the_rule_ends_with_the_block_though_it_fails():
    with pytest.raises(ZeroDivisionError), exact_step_noise():
        raise ZeroDivisionError
    with Watch() as watch:
        torch.randn(2, generator=generator(), dtype=torch.bfloat16)
    assert watch.dtypes == [torch.bfloat16]


def test_the_rule_holds_in_its_own_thread_only():
    seen = []

    def draw() -> None:
        with Watch() as watch:
            torch.randn(2, generator=generator(), dtype=torch.bfloat16)
        seen.extend(watch.dtypes)

    with exact_step_noise():
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
    assert seen == [torch.bfloat16]


def steps_from(name: str, dtype: torch.dtype, generators: list[torch.Generator]) -> torch.Tensor:
    """Three of five steps without a model: only the noise differs between runs."""
    scheduler = build_scheduler(name, {"steps_offset": 1})
    scheduler.set_timesteps(5)
    x = torch.zeros((len(generators), 4, 2, 2), dtype=dtype)
    for timestep in scheduler.timesteps[:3]:
        scheduler.scale_model_input(x, timestep)
        x = scheduler.step(torch.zeros_like(x), timestep, x, generator=generators)[0]
    return x


@pytest.mark.parametrize("name", NOISY)
def test_step_noise_is_drawn_in_float32_whatever_the_dtype(name: str):
    with Watch() as watch:
        half = steps_from(name, torch.bfloat16, [generator()])
    full = steps_from(name, torch.float32, [generator()])
    assert set(watch.dtypes) <= {torch.float32}
    assert full.std() > 0
    assert torch.allclose(half.float(), full, rtol=0.05, atol=0.05 * full.abs().max().item())


@pytest.mark.parametrize("name", NOISY)
def test_each_image_of_a_batch_has_its_own_noise(name: str):
    both = steps_from(name, torch.float32, [generator(1), generator(2)])
    alone = [steps_from(name, torch.float32, [generator(seed)]) for seed in (1, 2)]
    assert torch.allclose(both, torch.cat(alone), atol=1e-6)


def test_bfloat16_step_is_the_float32_draw_cast():
    scheduler = build_scheduler("euler_ancestral", {"steps_offset": 1})
    scheduler.set_timesteps(4)
    zero = torch.zeros((1, 4, 8, 8), dtype=torch.bfloat16)
    scheduler.scale_model_input(zero, scheduler.timesteps[0])
    got = scheduler.step(zero, scheduler.timesteps[0], zero, generator=[generator()])[0]
    before, after = scheduler.sigmas[:2]
    up = (after**2 * (before**2 - after**2) / before**2) ** 0.5
    noise = torch.randn(zero.shape, generator=generator()).to(torch.bfloat16)
    assert torch.equal(got, (noise * up).to(torch.bfloat16))


def test_eta_draws_by_the_rule_too():
    drawn = []
    for dtype in (torch.bfloat16, torch.float32):
        scheduler = build_scheduler("ddim", {"steps_offset": 1})
        scheduler.set_timesteps(5)
        zero = torch.zeros((1, 4, 8, 8), dtype=dtype)
        with Watch() as watch:
            step = scheduler.step(zero, 601, zero, eta=1.0, generator=generator())
        assert watch.dtypes == [torch.float32]
        drawn.append(step[0].float())
    assert torch.allclose(*drawn, rtol=0.02)


@pytest.fixture(scope="module")
def pipeline(tiny_sd):
    loaded = DiffusionPipeline.from_pretrained(tiny_sd)
    loaded.set_progress_bar_config(disable=True)
    return loaded


SAME_AS_PLAIN = [
    "euler", "euler_karras", "euler_ancestral", "heun", "dpm2_ancestral_karras", "dpmpp_2m_karras",
    "dpmpp_2m_sde", "dpmpp_sde_karras", "ddim", "ddpm", "pndm", "unipc", "lcm", "tcd", "sa_solver",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Should have t.:UserWarning")  # torchsde, in the plain script
@pytest.mark.parametrize("name", SAME_AS_PLAIN)
def test_a_plain_diffusers_script_draws_the_same_pixels(pipeline, tiny_sd, name: str):
    trained = diffusers.DDIMScheduler.load_config(tiny_sd, subfolder="scheduler")
    entry = SCHEDULERS[name]
    seed = {"noise_sampler_seed": 7} if name.startswith("dpmpp_sde") else {}
    eta = {"eta": 0.5} if entry.takes_eta else {}
    call = {"prompt": "a red fox", "width": 64, "height": 64, "num_inference_steps": 4,
            "output_type": "np", **eta}  # fmt: skip
    scheduler_class = getattr(diffusers, entry.class_name)
    pipeline.scheduler = scheduler_class.from_config(trained, **entry.config, **seed)
    plain = pipeline(**call, generator=generator(7)).images[0]
    pipeline.scheduler = build_scheduler(name, trained)
    latents, draws = initial_latents(7, (4, 8, 8))
    ours = pipeline(**call, latents=latents, generator=[draws]).images[0]
    assert np.array_equal(plain, ours)


def test_pipelines_still_see_what_a_step_takes():
    for name in ("euler", "ddim", "dpmpp_sde"):
        takes = inspect.signature(build_scheduler(name, {}).step).parameters
        assert "generator" in takes
        assert ("eta" in takes) == (name == "ddim")
