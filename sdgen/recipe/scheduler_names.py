"""How other programs spell the schedulers, and which of theirs we refuse.

Spellings are compared folded: case, spaces, `-`, `_` and a single `+` do not count, `++` is `pp`.
Sources: A1111 `modules/sd_samplers_kdiffusion.py`, ComfyUI `comfy/samplers.py`, InvokeAI
`SCHEDULER_MAP`, stable-diffusion.cpp `--sampling-method`, k-diffusion's `sample_` functions.
"""

from collections.abc import Mapping

SAMPLER_WORDS: Mapping[str, tuple[str, ...]] = {
    "euler": ("euler", "euler_discrete"),
    "euler_ancestral": ("euler_ancestral", "euler_a", "euler_ancestral_discrete"),
    "heun": ("heun", "heun_discrete"),
    "lms": ("lms", "lms_discrete"),
    "dpm2": ("dpm2", "kdpm2", "kdpm2_discrete"),
    "dpm2_ancestral": ("dpm2_ancestral", "dpm2_a", "kdpm2_a", "kdpm2_ancestral_discrete"),
    "dpmpp_2m": ("dpmpp_2m", "dpm_solver_multistep", "dpm_solver++", "dpmpp"),
    "dpmpp_3m": ("dpmpp_3m",),
    "dpmpp_2s": ("dpmpp_2s", "dpm_solver_singlestep"),
    "dpmpp_2m_sde": ("dpmpp_2m_sde", "dpmpp_2m_sde_gpu"),
    "dpmpp_2m_sde_heun": ("dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"),
    "dpmpp_sde": ("dpmpp_sde", "dpmpp_sde_gpu", "dpm_solver_sde"),
    "unipc": ("unipc", "unipc_multistep", "uni_pc_bh2"),
    "deis": ("deis", "deis_multistep"),
    "ddim": ("ddim",),
    "ddpm": ("ddpm",),
    "pndm": ("pndm", "plms"),
    "lcm": ("lcm",),
    "tcd": ("tcd",),
    "sa_solver": ("sa_solver",),
    "flow_euler": (
        "flow_euler",
        "flow_match_euler",
        "flow_match_euler_discrete",
        "flowmatch_euler",
    ),
    "flow_heun": ("flow_heun", "flow_match_heun", "flow_match_heun_discrete"),
    "flow_dpmpp_2m": ("flow_dpmpp_2m", "flow_match_dpmpp_2m"),
    "flow_unipc": ("flow_unipc", "flow_match_unipc"),
}

SCHEDULE_WORDS: Mapping[str, tuple[str, ...]] = {
    "": ("",),
    "karras": ("karras", "k"),  # `_k` is InvokeAI's
    "exponential": ("exponential",),
    "beta": ("beta",),
    "trailing": ("trailing", "sgm_uniform", "simple"),
    "uniform": ("uniform", "normal", "linspace"),
}

_OTHER_NOISE = "diffusers has no ancestral form of it"
_NOT_THERE = "diffusers does not have it"
_MISSING_SCHEDULES = ("kl_optimal", "align_your_steps", "polyexponential")

_REFUSED_SAMPLERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dpm_fast": (_NOT_THERE, ("dpmpp_2m", "unipc")),
    "dpm_adaptive": ("it chooses its own number of steps, which diffusers cannot", ("dpmpp_2m",)),
    "restart": (_NOT_THERE, ("heun", "euler_ancestral")),
    "ddim_cfgpp": (_NOT_THERE, ("ddim",)),
    "euler_cfgpp": (_NOT_THERE, ("euler",)),
    "euler_ancestral_cfgpp": (_NOT_THERE, ("euler_ancestral",)),
    "dpmpp_2s_a": (_OTHER_NOISE, ("dpmpp_2s", "dpm2_ancestral")),
    "dpmpp_2s_ancestral": (_OTHER_NOISE, ("dpmpp_2s", "dpm2_ancestral")),
    "dpmpp_3m_sde": (
        "what diffusers has for it gains noise with more steps", ("dpmpp_2m_sde", "dpmpp_3m"),
    ),
    "dpmpp_3m_sde_gpu": (
        "what diffusers has for it gains noise with more steps", ("dpmpp_2m_sde", "dpmpp_3m"),
    ),
    "dpmpp_2m_v2": (_NOT_THERE, ("dpmpp_2m",)),
    "dpmpp_2m_cfg_pp": (_NOT_THERE, ("dpmpp_2m",)),
    "gradient_estimation": (_NOT_THERE, ("euler", "dpmpp_2m")),
    "heunpp2": (_NOT_THERE, ("heun",)),
    "uni_pc_bh1": ("only its bh2 form is offered", ("unipc",)),
    "er_sde": (_NOT_THERE, ("dpmpp_sde", "sa_solver")),
    "res_multistep": (_NOT_THERE, ("dpmpp_2m", "deis")),
    "ipndm": ("diffusers' form ignores what the model was trained with", ("pndm", "deis")),
    "edm_euler": ("it is for models trained the EDM way", ("euler_karras",)),
    "edm_dpm_solver_multistep": (
        "it is for models trained the EDM way", ("dpmpp_2m_karras", "dpmpp_3m"),
    ),
}  # fmt: skip

_REFUSED_SCHEDULES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    f"{word}{schedule}": (f"diffusers does not have the schedule {schedule}", (sampler,))
    for schedule in _MISSING_SCHEDULES
    for sampler, words in (("dpmpp_2m", ("",)), *SAMPLER_WORDS.items())
    for word in words
}

REFUSED = {**_REFUSED_SAMPLERS, **_REFUSED_SCHEDULES}
"""Spelling → why not, and what of ours is nearest."""


def fold(text: str) -> str:
    """The letters and digits of a name that count: `DPM++ 2M` → `dpmpp2m`."""
    lowered = text.casefold().replace("++", "pp")
    return "".join(character for character in lowered if character.isalnum())


def unwrapped(text: str) -> tuple[str, ...]:
    """Folded `text`, and without what programs put around it: `sample_`, `k_`, `Scheduler`."""
    whole = fold(text)
    bare = whole.removeprefix("sample").removesuffix("discretescheduler").removesuffix("scheduler")
    return whole, bare, bare.removeprefix("k")
