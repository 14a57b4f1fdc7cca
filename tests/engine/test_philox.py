"""Noise of other places: check values, streams, what schedulers draw from them."""

import itertools

import numpy as np
import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor

from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.noise import exact_step_noise, initial_latents
from sdgen.engine.philox import ImitatedGpu, check_source, generator_of, normal_values, philox
from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import InputError
from sdgen.recipe.settings import Settings
from tests.fakes import FAKE_MODEL

pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")

OF_CUDA = [
    -0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797, -0.6229, -0.3284, -1.0745, -0.3631,
    -1.6711, 2.2655,
]  # fmt: skip
"""torch.randn(12, device="cuda") after torch.manual_seed(0)."""


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000",
         "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
         "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_philox_gives_the_values_of_its_authors(counter, key, words):
    counters = [np.array([int(word, 16)], dtype=np.uint64) for word in counter.split()]
    first, second = (int(word, 16) for word in key.split())
    found = philox(counters, (first, second))
    assert " ".join(f"{int(word[0]):08x}" for word in found) == words


def test_values_are_those_of_a_gpu():
    assert normal_values(0, 0, 12) == pytest.approx(OF_CUDA, abs=6e-5)
    assert normal_values(0, 0, 1)[0] == pytest.approx(-0.92466, abs=5e-6)


def test_each_draw_and_each_seed_has_its_own_values():
    draws = [
        normal_values(seed, draw, 4).tobytes() for seed in (0, 7, 2**32, 2**63) for draw in (0, 1)
    ]
    assert len(set(draws)) == len(draws)


def test_many_values_are_standard_normal():
    values = normal_values(7, 3, 100_000)
    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    assert np.isfinite(values).all()


def test_a_stream_goes_on_and_its_pieces_are_in_order():
    stream = ImitatedGpu(7)
    drawn = [stream.randn((4, 8, 8)) for _ in range(2)]
    for draw, found in enumerate(drawn):
        assert torch.equal(found.flatten(), torch.from_numpy(normal_values(7, draw, 256)))


def test_first_noise_is_the_first_draw_and_the_steps_go_on():
    latents, generator = initial_latents(7, (4, 8, 16), "nv")
    assert torch.equal(latents.flatten(), torch.from_numpy(normal_values(7, 0, 512)))
    with exact_step_noise():
        step = randn_tensor((1, 4, 8, 16), generator=[generator], dtype=torch.bfloat16)
    wanted = torch.from_numpy(normal_values(7, 1, 512)).to(torch.bfloat16)
    assert torch.equal(step.flatten(), wanted)


@pytest.mark.parametrize("source", ["cpu", "nv"])
def test_ensd_gives_the_steps_a_fresh_stream(source):
    latents, steps = initial_latents(7, (4, 8, 8), source, ensd=31337)
    assert torch.equal(latents, initial_latents(7, (4, 8, 8), source)[0])
    with exact_step_noise():
        drawn = torch.randn((1, 4, 8, 8), generator=steps)
    assert torch.equal(drawn, initial_latents(7 + 31337, (4, 8, 8), source)[0])


def stepped(name: str, generators: list[torch.Generator]) -> torch.Tensor:
    """What four steps make of a grey picture that the model finds perfect."""
    scheduler = build_scheduler(name, {"beta_start": 0.00085, "beta_end": 0.012,
                                       "beta_schedule": "scaled_linear"})  # fmt: skip
    scheduler.set_timesteps(4)
    sample = torch.zeros((len(generators), 4, 8, 8))
    for time in scheduler.timesteps:
        sample = scheduler.step(
            torch.zeros_like(sample), time, sample, generator=generators
        ).prev_sample
    return sample


@pytest.mark.parametrize("name", ["euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "lcm"])
def test_steps_draw_from_the_stream_whatever_stands_beside(name):
    alone = stepped(name, [generator_of("nv", 7)])
    beside = stepped(name, [generator_of("nv", 9), generator_of("nv", 7)])
    assert torch.equal(alone[0], beside[1])
    assert not torch.equal(alone, stepped(name, [generator_of("cpu", 7)]))


def test_brownian_paths_take_each_piece_from_its_own_seed(monkeypatch):
    made, count = [], itertools.count()
    plain = ImitatedGpu.__init__

    def counted(self, seed):
        made.append(seed)
        next(count)
        plain(self, seed)

    monkeypatch.setattr(ImitatedGpu, "__init__", counted)
    stepped("dpmpp_sde", [generator_of("nv", 7)])
    assert made[0] == 7
    assert len(set(made)) > 4


def test_noise_of_a_gpu_needs_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU here") as refused:
        check_source("gpu")
    assert "--rng nv" in refused.value.hint
    for source in ("cpu", "nv"):
        check_source(source)


def test_noise_of_a_gpu_is_refused_before_anything_loads(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sdgen.engine.generator.load_model", lambda *_, **__: pytest.fail("loaded"))
    generator = DiffusersGenerator("cpu")
    settings = Settings.model_validate({"prompt": "a fox", "seed": 1, "rng": "gpu"})
    for draw in (generator.notices, generator.generate):
        with pytest.raises(InputError, match="no GPU here"):
            draw(settings, FAKE_MODEL)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(1, 4, 64, 64), (1, 4, 256, 256)])
def test_the_imitation_agrees_with_the_gpu(shape):
    there, here = generator_of("gpu", 42), generator_of("nv", 42)
    for _ in range(3):
        assert torch.allclose(there.randn(shape), here.randn(shape), atol=5e-5)
