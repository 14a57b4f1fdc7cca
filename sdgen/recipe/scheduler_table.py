"""The table behind the scheduler names: samplers, and the schedules that they can have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Grade = Literal["exact", "close", "approximate"]
# One more, and `leading` spacing has a timestep past the 1000 that models are trained with.
MOST_STEPS = 998
WORST_LAST: tuple[Grade, ...] = ("exact", "close", "approximate")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the noise levels are spread; `a1111` names the schedule type there."""

    config: Mapping[str, object]
    a1111: str
    grade: Grade
    summary: str


@dataclass(frozen=True, slots=True)
class Sampler:
    """One row of the table: a diffusers class and the schedules that make sense with it.

    Attributes:
        class_name: The diffusers class, without its last word `Scheduler`.
        summary: One line for people.
        a1111: The sampler in A1111.
        automatic: The schedule that A1111 takes for this sampler when none is chosen.
        plain: A1111's name for the spacing that diffusers takes by default.
        schedules: The schedules it can have.
        config: What makes the class this sampler.
        grade: As of `Scheduler`, and so are the others.
    """

    class_name: str
    summary: str
    a1111: str | None = None
    automatic: str = "uniform"
    plain: str = "Automatic"
    schedules: str = ""
    config: Mapping[str, object] = field(default_factory=dict)
    grade: Grade = "exact"
    noisy: bool = False
    takes_eta: bool = False
    steps: tuple[int, int] = (1, MOST_STEPS)
    flow: bool = False


def sigma_switches(flag: str = "") -> dict[str, object]:
    """The three exclusive switches of diffusers, at most one of them on."""
    flags = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
    return {each: each == flag for each in flags}


def _spaced(spacing: str) -> dict[str, object]:
    return {"timestep_spacing": spacing}


# The three that place noise levels do so over the model's full range, which in several classes
# is the range of the spaced timesteps: hence linspace, from the first timestep to the last.
SCHEDULES = {
    "karras": Schedule(
        _spaced("linspace") | sigma_switches("use_karras_sigmas"), "Karras", "exact",
        "small steps where noise is low",
    ),
    "exponential": Schedule(
        _spaced("linspace") | sigma_switches("use_exponential_sigmas"), "Exponential", "exact",
        "noise falls by a constant factor",
    ),
    "beta": Schedule(
        _spaced("linspace") | sigma_switches("use_beta_sigmas"), "Beta", "exact",
        "small steps at both ends",
    ),
    "trailing": Schedule(
        _spaced("trailing"), "SGM Uniform", "close", "even timesteps from full noise",
    ),
    "uniform": Schedule(
        _spaced("linspace"), "Uniform", "exact", "even timesteps, both ends included",
    ),
}  # fmt: skip

_SOLVER = "karras exponential beta trailing"
_K_DIFFUSION = _SOLVER + " uniform"
_SDE = {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}
_ODE = {"algorithm_type": "dpmsolver++", "solver_type": "midpoint"}
# Noise levels of flow matching: a picture is (1 - σ)·clean + σ·noise.
_FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"} | sigma_switches()
# These choose their timesteps themselves in A1111, whatever its schedule type says.
IGNORE_SCHEDULE = ("ddim", "pndm", "unipc", "lcm")
# Latents go beyond ±1, so the clipping that DDIM and DDPM have for pixels would ruin them.
_LATENT = {"clip_sample": False}

SAMPLERS = {
    "euler": Sampler(
        "EulerDiscrete", "the simplest, and sound", "Euler", schedules=_K_DIFFUSION,
    ),
    "euler_ancestral": Sampler(
        "EulerAncestralDiscrete", "Euler with fresh noise in each step; never settles", "Euler a",
        schedules="trailing uniform", noisy=True,
    ),
    "heun": Sampler(
        "HeunDiscrete", "Euler with a correction; two model calls a step", "Heun",
        schedules=_K_DIFFUSION,
    ),
    "lms": Sampler(
        "LMSDiscrete", "linear multistep: four earlier steps in one", "LMS",
        schedules=_K_DIFFUSION,
    ),
    "dpm2": Sampler(
        "KDPM2Discrete", "midpoint method; two model calls a step", "DPM2", "karras",
        plain="Uniform", schedules=_K_DIFFUSION, grade="close",
    ),
    "dpm2_ancestral": Sampler(
        "KDPM2AncestralDiscrete", "DPM2 with fresh noise in each step", "DPM2 a", "karras",
        plain="Uniform", schedules=_K_DIFFUSION, grade="close", noisy=True,
    ),
    "dpmpp_2m": Sampler(
        "DPMSolverMultistep", "good pictures in 20 steps; the usual choice", "DPM++ 2M", "karras",
        plain="SGM Uniform", schedules=_SOLVER, config=_ODE | {"solver_order": 2}, grade="close",
    ),
    "dpmpp_3m": Sampler(
        "DPMSolverMultistep", "DPM++ of third order, without noise",
        schedules=_SOLVER, config=_ODE | {"solver_order": 3},
    ),
    "dpmpp_2s": Sampler(
        "DPMSolverSinglestep", "DPM++ in pairs of steps, without noise",
        schedules="karras exponential beta", config=_ODE | {"solver_order": 2},
    ),
    "dpmpp_2m_sde": Sampler(
        "DPMSolverMultistep", "DPM++ 2M with fresh noise in each step", "DPM++ 2M SDE",
        "exponential", plain="SGM Uniform", schedules=_SOLVER,
        config=_SDE | {"solver_type": "midpoint"}, grade="approximate", noisy=True,
    ),
    "dpmpp_2m_sde_heun": Sampler(
        "DPMSolverMultistep", "DPM++ 2M SDE with Heun's correction", "DPM++ 2M SDE Heun",
        "exponential", plain="SGM Uniform", schedules=_SOLVER,
        config=_SDE | {"solver_type": "heun"}, grade="approximate", noisy=True,
    ),
    "dpmpp_sde": Sampler(
        "DPMSolverSDE", "DPM++ with Brownian noise; two model calls a step", "DPM++ SDE", "karras",
        plain="Uniform", schedules=_K_DIFFUSION, grade="close", noisy=True,
    ),
    "unipc": Sampler(
        "UniPCMultistep", "predicts and corrects; sound in few steps", "UniPC",
        schedules=_SOLVER, grade="close",
    ),
    "deis": Sampler(
        "DEISMultistep", "exponential integrator; leaves the last trace of noise",
        schedules=_SOLVER,
    ),
    "ddim": Sampler(
        "DDIM", "the classic; eta 0 to 1 adds fresh noise", "DDIM",
        schedules="trailing", config=_LATENT, takes_eta=True,
    ),
    "ddpm": Sampler(
        "DDPM", "training run backwards; wants hundreds of steps", schedules="trailing",
        config=_LATENT, noisy=True,
    ),
    "pndm": Sampler(
        "PNDM", "the one Stable Diffusion 1 came with (PLMS)", "PLMS",
        config={"skip_prk_steps": True}, grade="close",
    ),
    "lcm": Sampler(
        "LCM", "for models distilled to 2 to 8 steps", "LCM", noisy=True, steps=(1, 50),
    ),
    "tcd": Sampler(
        "TCD", "for models distilled by trajectory consistency", takes_eta=True, steps=(1, 50),
    ),
    "sa_solver": Sampler(
        "SASolver", "stochastic Adams; fresh noise in each step",
        config={"algorithm_type": "data_prediction"} | sigma_switches(), noisy=True,
    ),
    "flow_euler": Sampler(
        "FlowMatchEulerDiscrete", "the usual one where models were trained by flow matching",
        flow=True,
    ),
    "flow_heun": Sampler(
        "FlowMatchHeunDiscrete", "Euler with a correction, for flow; two model calls a step",
        flow=True,
    ),
    "flow_dpmpp_2m": Sampler(
        "DPMSolverMultistep", "DPM++ 2M, for flow", config=_ODE | {"solver_order": 2} | _FLOW,
        flow=True,
    ),
    "flow_unipc": Sampler(
        "UniPCMultistep", "UniPC, for flow", config=_FLOW, flow=True,
    ),
}  # fmt: skip
