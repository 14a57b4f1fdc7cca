"""Schedulers for flow matching: each ends at the picture that the model knows."""

import math

import numpy as np
import pytest
import torch

from sdgen.engine.schedulers import build_scheduler
from sdgen.recipe.schedulers import SCHEDULERS

FLOW = [name for name, entry in SCHEDULERS.items() if entry.flow]
STILL = {"num_train_timesteps": 1000, "shift": 3.0}
DYNAMIC = {"num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": True,
           "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
           "max_image_seq_len": 4096}  # fmt: skip
MU = 0.8


def asked(name: str, trained: dict, steps: int):
    """As FLUX's pipeline and Z-Image's ask, of a model that shifts by size or does not."""
    scheduler = build_scheduler(name, trained)
    sigmas = np.linspace(1.0, 1 / steps, steps)
    scheduler.set_timesteps(sigmas=sigmas, device="cpu", mu=MU)
    return scheduler


@pytest.mark.parametrize("trained", [STILL, DYNAMIC])
@pytest.mark.parametrize("name", FLOW)
def test_draws_the_picture_in_any_number_of_steps(name: str, trained: dict):
    for steps in (1, 2, 3, 4, 10, 28):
        scheduler = asked(name, trained, steps)
        x = torch.randn((1, 4, 2, 2), generator=torch.Generator().manual_seed(0))
        for index, timestep in enumerate(scheduler.timesteps):
            says = (x - 0.7) / scheduler.sigmas[index]  # noise less picture, of a model that knows
            x = scheduler.step(says, timestep, x, return_dict=False)[0]
        assert (x - 0.7).abs().max() < 1e-2, steps


@pytest.mark.parametrize("name", FLOW)
def test_all_shift_alike(name: str):
    """σ' = sσ / (1 + (s - 1)σ), with s of the configuration or exp(mu) by the size."""
    for trained, shift in ((STILL, 3.0), (DYNAMIC, math.exp(MU))):
        levels = asked(name, trained, 8).sigmas
        middle = float(levels[len(levels) // 2])
        assert middle / (shift - (shift - 1) * middle) == pytest.approx(0.5, abs=0.08)
        assert float(levels[0]) > 0.99
        assert float(levels[-1]) == 0


def test_euler_takes_the_levels_that_a_pipeline_gives():
    scheduler = build_scheduler("flow_euler", {**STILL, "shift": 1.0})
    scheduler.set_timesteps(sigmas=[1.0, 0.6, 0.1], device="cpu")
    assert torch.allclose(scheduler.sigmas, torch.tensor([1.0, 0.6, 0.1, 0.0]))


@pytest.mark.parametrize("name", FLOW)
def test_a_name_is_found_from_the_configuration_it_gives(name: str):
    from sdgen.recipe.schedulers import from_diffusers

    scheduler = build_scheduler(name, STILL)
    found = from_diffusers(type(scheduler).__name__, dict(scheduler.config))
    assert found is not None
    assert found.name == name
