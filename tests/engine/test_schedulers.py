"""Every scheduler at many step counts, against a known picture and against k-diffusion."""

import inspect
import itertools
import logging
import math

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import InputError
from sdgen.recipe.scheduler_table import SAMPLERS
from sdgen.recipe.schedulers import SCHEDULERS

# diffusers hands tensors to numpy in DEIS and DPM2.
pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# As in the scheduler_config.json of Stable Diffusion 1.5 and of SDXL.
SD15 = {
    "_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", **BETAS, "clip_sample": False,
    "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "trained_betas": None,
}  # fmt: skip
SDXL = {
    "_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.19.0.dev0", **BETAS,
    "clip_sample": False, "interpolation_type": "linear", "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "sample_max_value": 1.0, "set_alpha_to_one": False,
    "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "leading",
    "trained_betas": None, "use_karras_sigmas": False,
}  # fmt: skip
OF_BETAS = [name for name, entry in SCHEDULERS.items() if not entry.flow]
"""Those for models that were trained with betas."""

STEPS = (1, 2, 3, 4, 5, 7, 10, 20, 25, 50)

_BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
_ALPHAS = torch.cumprod(1 - _BETAS, 0)
LOG_SIGMAS = ((1 - _ALPHAS) / _ALPHAS).sqrt().log().numpy()


def sigma_of(timestep: float) -> float:
    return math.exp(np.interp(float(timestep), np.arange(1000), LOG_SIGMAS))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


def run(scheduler, steps: int, model, shape=(1, 4, 2, 2), dtype=torch.float32) -> torch.Tensor:
    """What a pipeline does with a scheduler, `model(x, timestep)` in place of the UNet."""
    scheduler.set_timesteps(steps)
    draws = generator()
    x = torch.randn(shape, generator=draws).to(dtype) * scheduler.init_noise_sigma
    takes = inspect.signature(scheduler.step).parameters
    more = {"generator": [draws]} if "generator" in takes else {}
    for timestep in scheduler.timesteps:
        noise = model(scheduler.scale_model_input(x, timestep), timestep)
        x = scheduler.step(noise, timestep, x, **more, return_dict=False)[0]
    return x


def sees_a_picture_of(value: float):
    """A model that knows the picture: all of it has this value. Any right scheduler ends there."""

    def model(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        sigma = sigma_of(timestep)
        return (x * math.sqrt(sigma**2 + 1) - value) / sigma

    return model


@pytest.mark.parametrize("name", OF_BETAS)
def test_draws_the_picture_in_any_number_of_steps(name: str):
    scheduler = build_scheduler(name, SD15)
    for steps in STEPS:
        if steps >= SCHEDULERS[name].steps[0]:
            x = run(scheduler, steps, sees_a_picture_of(0.7))
            assert torch.isfinite(x).all()
            assert (x - 0.7).abs().max() < 0.2, steps


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name in OF_BETAS])
def test_draws_it_with_the_spacing_of_sdxl_too(name: str):
    scheduler = build_scheduler(name, SDXL)
    for steps in (1, 2, 3, 10):
        x = run(scheduler, steps, sees_a_picture_of(0.7))
        assert (x - 0.7).abs().max() < 0.2, steps


@pytest.mark.parametrize(
    "name", ["dpmpp_2m_beta", "dpmpp_2s_beta", "unipc_beta", "deis_beta", "euler_beta"]
)
def test_beta_sigmas_do_not_run_off_the_end(name: str):
    scheduler = build_scheduler(name, SD15)
    x = run(scheduler, 64, sees_a_picture_of(0.7))
    assert (x - 0.7).abs().max() < 0.2


@pytest.mark.parametrize("name", ["euler_ancestral", "heun", "lms", "dpmpp_2m"])
def test_a_scheduler_used_before_is_as_good_as_new(name: str):
    used = build_scheduler(name, SDXL)
    for steps in (4, 1, 3):
        run(used, steps, bends)
    assert torch.equal(run(used, 4, bends), run(build_scheduler(name, SDXL), 4, bends))


@pytest.mark.parametrize("name", ["dpmpp_2m", "euler", "ddim", "pndm", "lcm", "unipc"])
def test_the_most_steps_are_drawn(name: str):
    most = SCHEDULERS[name].steps[1]
    assert torch.isfinite(run(build_scheduler(name, SDXL), most, sees_a_picture_of(0.7))).all()
    with pytest.raises(InputError, match=f"{name} cannot draw in {most + 1} steps"):
        build_scheduler(name, SDXL).set_timesteps(most + 1)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name in OF_BETAS])
def test_claims_about_noise_are_true(name: str):
    entry = SCHEDULERS[name]
    scheduler = build_scheduler(name, SD15)
    assert entry.takes_eta == ("eta" in inspect.signature(scheduler.step).parameters)
    drawn = []
    for seed in (1, 2):
        x, draws = torch.full((1, 4, 2, 2), 0.5), generator(seed)
        scheduler.set_timesteps(5)
        more = {"generator": draws} if entry.noisy else {}
        more |= {"eta": 0.0} if entry.takes_eta else {}
        for timestep in scheduler.timesteps[:3]:
            scheduler.scale_model_input(x, timestep)
            x = scheduler.step(torch.zeros_like(x), timestep, x, **more, return_dict=False)[0]
        drawn.append(x)
    assert torch.equal(*drawn) != entry.noisy


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name in OF_BETAS])
def test_the_trained_facts_are_kept_and_nothing_else_leaks(name: str, caplog):
    facts = {"prediction_type": "v_prediction", "beta_start": 0.001, "beta_end": 0.013,
             "beta_schedule": "linear", "steps_offset": 1, "num_train_timesteps": 1000,
             "rescale_betas_zero_snr": True}  # fmt: skip
    strange = {"use_karras_sigmas": True, "algorithm_type": "dpmsolver", "nonsense": 3}
    diffusers.utils.logging.enable_propagation()
    with caplog.at_level(logging.WARNING, logger="diffusers"):
        config = build_scheduler(name, SDXL | facts | strange).config
    diffusers.utils.logging.disable_propagation()
    assert not caplog.records
    assert {k: v for k, v in facts.items() if k in config and config[k] != v} == {}
    assert config["prediction_type"] == "v_prediction"
    assert {k: config[k] for k in SCHEDULERS[name].config} == dict(SCHEDULERS[name].config)
    assert "nonsense" not in config


def test_a_fact_of_the_training_is_kept_though_it_was_a_default():
    trained = dict(diffusers.EulerDiscreteScheduler().config)
    assert build_scheduler("heun", trained).config.beta_start == 0.0001
    assert build_scheduler("ddim", trained).config.timestep_spacing == "leading"  # DDIM's own


PAIRS = [
    ("euler", "dpmpp_2m_karras"), ("euler_ancestral", "lcm"), ("ddim", "deis_beta"),
    ("pndm", "dpmpp_sde_karras"), ("dpmpp_2m", "dpmpp_2m_sde"), ("unipc_karras", "heun"),
    ("dpmpp_sde", "tcd"), ("lms", "dpmpp_2s_exponential"), ("lcm", "euler_trailing"),
]  # fmt: skip


@pytest.fixture(scope="module")
def pipeline(tiny_sd):
    loaded = DiffusionPipeline.from_pretrained(tiny_sd)
    loaded.set_progress_bar_config(disable=True)
    return loaded


@pytest.fixture(scope="module")
def trained(pipeline) -> dict:
    return dict(pipeline.scheduler.config)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_a_picture_owes_nothing_to_the_scheduler_before(pipeline, trained, a: str, b: str):
    def draw(name: str, steps: int) -> np.ndarray:
        pipeline.scheduler = build_scheduler(name, trained)
        call = {"num_inference_steps": steps, "generator": generator(5), "output_type": "np"}
        return pipeline("a red fox", width=64, height=64, **call).images[0]

    first = draw(a, 3)
    assert not np.array_equal(first, draw(b, 4))
    assert np.array_equal(first, draw(a, 3))


def bends(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """A model with curvature, so that samplers differ."""
    sigma = sigma_of(timestep)
    return sigma / (sigma**2 + 0.64) * x * math.sqrt(sigma**2 + 1) + 0.1 * torch.sin(x * 3)


def denoised(x: torch.Tensor, sigma: float) -> torch.Tensor:
    timestep = np.interp(math.log(sigma), LOG_SIGMAS, np.arange(1000))
    return x - sigma * bends(x / math.sqrt(sigma**2 + 1), timestep)


def ancestral(sigma: float, sigma_next: float) -> tuple[float, float]:
    up = sigma_next * math.sqrt(sigma**2 - sigma_next**2) / sigma
    return math.sqrt(sigma_next**2 - up**2), up


def reference_euler(x, pairs, draws):
    for sigma, after in pairs:
        x = x + (x - denoised(x, sigma)) / sigma * (after - sigma)
    return x


def reference_euler_ancestral(x, pairs, draws):
    for sigma, after in pairs:
        down, up = ancestral(sigma, after)
        x = x + (x - denoised(x, sigma)) / sigma * (down - sigma)
        x = x + torch.randn(x.shape, generator=draws) * up if after else x
    return x


def reference_heun(x, pairs, draws):
    for sigma, after in pairs:
        slope = (x - denoised(x, sigma)) / sigma
        ahead = x + slope * (after - sigma)
        if after:
            slope = (slope + (ahead - denoised(ahead, after)) / after) / 2
        x = x + slope * (after - sigma)
    return x


def reference_dpm2(x, pairs, draws):
    for sigma, after in pairs:
        slope = (x - denoised(x, sigma)) / sigma
        if after:
            middle = math.sqrt(sigma * after)
            ahead = x + slope * (middle - sigma)
            slope = (ahead - denoised(ahead, middle)) / middle
        x = x + slope * (after - sigma)
    return x


def reference_dpmpp_2m(x, pairs, draws):
    before, h_before = None, None
    for sigma, after in pairs:
        now = target = denoised(x, sigma)
        h = math.log(sigma / after) if after else math.inf
        if before is not None and after:
            target = now + (now - before) * h / h_before / 2
        x = after / sigma * x - math.expm1(-h) * target
        before, h_before = now, h
    return x


def uniform(steps: int) -> list[float]:
    return [sigma_of(t) for t in np.linspace(999, 0, steps)]


def sgm_uniform(steps: int) -> list[float]:
    return [sigma_of(t) for t in np.linspace(999, 0, steps + 1)[:-1]]


def karras(steps: int) -> list[float]:
    ramp = np.linspace(sigma_of(999) ** (1 / 7), sigma_of(0) ** (1 / 7), steps)
    return list(ramp**7)


def exponential(steps: int) -> list[float]:
    return list(np.exp(np.linspace(LOG_SIGMAS[999], LOG_SIGMAS[0], steps)))


SAMES = [
    ("euler_uniform", reference_euler, uniform), ("euler_karras", reference_euler, karras),
    ("euler_exponential", reference_euler, exponential), ("heun_karras", reference_heun, karras),
    ("euler_trailing", reference_euler, sgm_uniform), ("heun_uniform", reference_heun, uniform),
    ("euler_ancestral_uniform", reference_euler_ancestral, uniform),
    ("dpm2_karras", reference_dpm2, karras), ("dpmpp_2m_karras", reference_dpmpp_2m, karras),
    ("dpmpp_2m_exponential", reference_dpmpp_2m, exponential),
    ("dpmpp_2m_trailing", reference_dpmpp_2m, sgm_uniform),
]  # fmt: skip
TOLERANCE = {"exact": 2e-5, "close": 3e-2}


@pytest.mark.parametrize(("name", "sampler", "levels"), SAMES)
@pytest.mark.parametrize("trained", [SD15, SDXL], ids=["sd15", "sdxl"])
def test_the_grade_holds_against_k_diffusion(name: str, sampler, levels, trained: dict):
    for steps in (5, 20):
        draws, sigmas = generator(), [*levels(steps), 0.0]
        start = torch.randn((1, 4, 8, 8), generator=draws).double() * sigmas[0]
        theirs = sampler(start, list(itertools.pairwise(sigmas)), draws)
        ours = run(build_scheduler(name, trained), steps, bends, shape=(1, 4, 8, 8))
        assert (ours - theirs).abs().max() < TOLERANCE[SCHEDULERS[name].grade]
