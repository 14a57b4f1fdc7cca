"""Names of schedulers: ours, and everybody else's."""

import pytest

from sdgen.errors import InputError
from sdgen.recipe.scheduler_names import REFUSED
from sdgen.recipe.scheduler_table import SAMPLERS
from sdgen.recipe.schedulers import (
    SCHEDULERS,
    check_steps,
    find_scheduler,
    from_a1111,
    from_diffusers,
)

A1111_OLD = {
    "Euler a": "euler_ancestral", "Euler": "euler", "LMS": "lms", "Heun": "heun", "DPM2": "dpm2",
    "DPM2 a": "dpm2_ancestral", "DPM++ 2M": "dpmpp_2m", "DPM++ SDE": "dpmpp_sde",
    "DPM++ 2M SDE": "dpmpp_2m_sde", "LMS Karras": "lms_karras", "DPM2 Karras": "dpm2_karras",
    "DPM2 a Karras": "dpm2_ancestral_karras", "DPM++ 2M Karras": "dpmpp_2m_karras",
    "DPM++ SDE Karras": "dpmpp_sde_karras", "DPM++ 2M SDE Karras": "dpmpp_2m_sde_karras",
    "DPM++ 2M SDE Exponential": "dpmpp_2m_sde_exponential",
    "DPM++ 2M SDE Heun Karras": "dpmpp_2m_sde_heun_karras",
    "DDIM": "ddim", "PLMS": "pndm", "UniPC": "unipc", "LCM": "lcm",
}  # fmt: skip
A1111_SPLIT = {
    ("Euler", "Automatic"): "euler_uniform", ("Euler", "Uniform"): "euler_uniform",
    ("Euler", "Normal"): "euler_uniform", ("Euler", "Karras"): "euler_karras",
    ("Euler", "Exponential"): "euler_exponential", ("Euler", "SGM Uniform"): "euler_trailing",
    ("Euler", "Simple"): "euler_trailing", ("Euler", "Beta"): "euler_beta",
    ("Euler a", "Automatic"): "euler_ancestral_uniform", ("Euler", None): "euler_uniform",
    ("DPM++ 2M", "Automatic"): "dpmpp_2m_karras", ("DPM++ 2M", "Karras"): "dpmpp_2m_karras",
    ("DPM++ 2M", "SGM Uniform"): "dpmpp_2m_trailing", ("DPM++ 2M", None): "dpmpp_2m",
    ("DPM++ 2M Karras", None): "dpmpp_2m_karras", ("DPM2 a", "Automatic"): "dpm2_ancestral_karras",
    ("DPM++ 2M SDE", "Automatic"): "dpmpp_2m_sde_exponential",
    ("DPM++ SDE", "Automatic"): "dpmpp_sde_karras", ("DDIM", "Automatic"): "ddim",
    ("UniPC", "Karras"): "unipc", ("LCM", "Automatic"): "lcm", ("PLMS", "Automatic"): "pndm",
}  # fmt: skip
K_DIFFUSION = {
    "k_euler": "euler", "k_euler_a": "euler_ancestral", "k_euler_ancestral": "euler_ancestral",
    "k_heun": "heun", "k_lms": "lms", "k_dpm_2": "dpm2", "k_dpm_2_a": "dpm2_ancestral",
    "k_dpmpp_2m": "dpmpp_2m", "k_dpmpp_sde": "dpmpp_sde", "sample_euler": "euler",
    "sample_euler_ancestral": "euler_ancestral", "sample_dpm_2_ancestral": "dpm2_ancestral",
    "sample_dpmpp_2m": "dpmpp_2m", "sample_dpmpp_2m_sde": "dpmpp_2m_sde",
    "sample_dpmpp_sde": "dpmpp_sde", "sample_lms": "lms", "sample_heun": "heun",
}  # fmt: skip
COMFYUI = {
    "euler": "euler", "euler_ancestral": "euler_ancestral", "heun": "heun", "dpm_2": "dpm2",
    "dpm_2_ancestral": "dpm2_ancestral", "lms": "lms", "dpmpp_sde": "dpmpp_sde",
    "dpmpp_sde_gpu": "dpmpp_sde", "dpmpp_2m": "dpmpp_2m", "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde", "dpmpp_2m_sde_heun": "dpmpp_2m_sde_heun", "ddpm": "ddpm",
    "lcm": "lcm", "deis": "deis", "sa_solver": "sa_solver", "ddim": "ddim",
    "uni_pc_bh2": "unipc", "uni_pc": "unipc", "dpmpp_2m karras": "dpmpp_2m_karras",
    "euler sgm_uniform": "euler_trailing", "euler simple": "euler_trailing",
}  # fmt: skip
INVOKEAI = {
    "ddim": "ddim", "ddpm": "ddpm", "deis": "deis", "deis_k": "deis_karras", "lms": "lms",
    "lms_k": "lms_karras", "pndm": "pndm", "heun": "heun", "heun_k": "heun_karras",
    "euler": "euler", "euler_k": "euler_karras", "euler_a": "euler_ancestral", "kdpm_2": "dpm2",
    "kdpm_2_k": "dpm2_karras", "kdpm_2_a": "dpm2_ancestral", "kdpm_2_a_k": "dpm2_ancestral_karras",
    "dpmpp_2s": "dpmpp_2s", "dpmpp_2s_k": "dpmpp_2s_karras", "dpmpp_2m": "dpmpp_2m",
    "dpmpp_2m_k": "dpmpp_2m_karras", "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_2m_sde_k": "dpmpp_2m_sde_karras", "dpmpp_3m": "dpmpp_3m",
    "dpmpp_3m_k": "dpmpp_3m_karras", "dpmpp_sde": "dpmpp_sde", "dpmpp_sde_k": "dpmpp_sde_karras",
    "unipc": "unipc", "unipc_k": "unipc_karras", "lcm": "lcm", "tcd": "tcd",
}  # fmt: skip
SD_CPP = {
    "euler_a": "euler_ancestral", "dpm2": "dpm2", "dpm++2m": "dpmpp_2m", "lcm": "lcm",
    "ddim_trailing": "ddim_trailing", "tcd": "tcd",
}  # fmt: skip
DIFFUSERS = {
    "EulerDiscreteScheduler": "euler", "EulerDiscrete": "euler",
    "EulerAncestralDiscreteScheduler": "euler_ancestral", "HeunDiscreteScheduler": "heun",
    "LMSDiscreteScheduler": "lms", "KDPM2DiscreteScheduler": "dpm2",
    "KDPM2AncestralDiscrete": "dpm2_ancestral", "DPMSolverMultistepScheduler": "dpmpp_2m",
    "DPMSolverSinglestep": "dpmpp_2s", "DPMSolverSDEScheduler": "dpmpp_sde",
    "UniPCMultistepScheduler": "unipc", "DEISMultistep": "deis", "DDIMScheduler": "ddim",
    "DDPMScheduler": "ddpm", "PNDMScheduler": "pndm", "LCMScheduler": "lcm",
    "TCDScheduler": "tcd", "SASolverScheduler": "sa_solver",
}  # fmt: skip
BY_HAND = {
    "Euler A": "euler_ancestral", "euler-a": "euler_ancestral", "  EULER  ": "euler",
    "dpm++ 2m k": "dpmpp_2m_karras", "DPM 2M Karras": "dpmpp_2m_karras",
    "dpmpp-2m-sde-karras": "dpmpp_2m_sde_karras", "dpmsolver++": "dpmpp_2m",
}  # fmt: skip
SPELLINGS = {
    "a1111": A1111_OLD, "k-diffusion": K_DIFFUSION, "comfyui": COMFYUI, "invokeai": INVOKEAI,
    "sd.cpp": SD_CPP, "diffusers": DIFFUSERS, "by hand": BY_HAND,
}  # fmt: skip


@pytest.mark.parametrize("program", SPELLINGS)
def test_every_spelling_is_understood(program: str):
    meant = SPELLINGS[program]
    assert {text: find_scheduler(text).name for text in meant} == meant


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_name_means_itself(name: str):
    assert find_scheduler(name).name == name
    assert find_scheduler(name.replace("_", " ").upper()).name == name


def test_a1111_pairs_mean_what_a1111_does():
    assert {pair: from_a1111(*pair).name for pair in A1111_SPLIT} == A1111_SPLIT


def test_what_is_written_for_a1111_is_read_back():
    with_schedule = [each for each in SCHEDULERS.values() if each.name not in SAMPLERS]
    pairs = {each.name: each.a1111 for each in with_schedule if each.a1111}
    assert {name: from_a1111(*pair).name for name, pair in pairs.items()} == {n: n for n in pairs}


def test_a_mapping_that_spaces_steps_otherwise_says_so():
    old = from_a1111("DPM++ 2M", None)
    assert (old.grade, old.a1111) == ("approximate", ("DPM++ 2M", "Uniform"))
    assert SCHEDULERS["dpmpp_2m"].grade == "close"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("eulr", "euler"), ("dpmpp_2n", "dpmpp_2m"), ("DPM++ 2M Karas", "dpmpp_2m_karras"),
     ("Euler b", "euler"), ("unipcs", "unipc"), ("dimm", "ddim")],
)  # fmt: skip
def test_an_unknown_name_fails_with_the_nearest(typed: str, meant: str):
    with pytest.raises(InputError, match="no scheduler") as caught:
        find_scheduler(typed)
    assert meant in caught.value.hint


@pytest.mark.parametrize("typed", ["", "   ", "qqqqqqqq", "\0", "++", "调度器", "k", "x" * 10_000])
def test_what_is_near_nothing_points_to_the_list(typed: str):
    with pytest.raises(InputError) as caught:
        find_scheduler(typed)
    assert caught.value.hint == "sdgen schedulers lists them"


@pytest.mark.parametrize(
    "typed", [*REFUSED, "DPM fast", "DPM adaptive", "Restart", "DDIM CFG++", "DPM++ 2S a Karras",
              "DPM++ 3M SDE Exponential", "k_dpmpp_2s_a", "sample_dpm_fast", "euler_cfg_pp"],
)  # fmt: skip
def test_a_refused_name_says_why_and_what_is_nearest(typed: str):
    with pytest.raises(InputError, match=r"no scheduler .*: .+") as caught:
        find_scheduler(typed)
    instead = caught.value.hint.removeprefix("nearest: ").split(" or ")
    assert set(instead) <= set(SCHEDULERS)


def test_a_schedule_that_a_sampler_cannot_have_is_refused():
    with pytest.raises(InputError, match="euler_ancestral has no karras schedule") as caught:
        find_scheduler("Euler a Karras")
    assert "euler_ancestral_trailing" in caught.value.hint
    with pytest.raises(InputError, match="Align Your Steps"):
        from_a1111("Euler", "Align Your Steps")
    with pytest.raises(InputError, match="euler_ancestral has no karras schedule"):
        from_a1111("Euler a", "Karras")


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_is_known_by_its_configuration(name: str):
    entry = SCHEDULERS[name]
    spaced = name.endswith(("_trailing", "_uniform"))  # the checkpoint's own spacing is no name
    expected = name.rpartition("_")[0] if spaced else name
    found = from_diffusers(entry.class_name, entry.config)
    assert found is not None
    assert found.name == expected


def test_a_checkpoint_names_its_own_scheduler():
    assert from_diffusers("DPMSolverMultistepScheduler", {}) is SCHEDULERS["dpmpp_2m"]
    assert from_diffusers("DDIMScheduler", {"clip_sample": True}) is SCHEDULERS["ddim"]
    assert from_diffusers("PNDMScheduler", {"skip_prk_steps": False}) is None
    assert from_diffusers("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver"}) is None
    assert from_diffusers("EDMEulerScheduler", {}) is None


def test_steps_out_of_range_are_refused_with_the_range():
    check_steps("lcm", 50)
    for name, steps in [("lcm", 51), ("tcd", 100), ("euler", 0), ("euler", 1000),
                        ("deis_karras", 1)]:  # fmt: skip
        with pytest.raises(InputError, match=rf"{name} cannot draw in {steps} steps") as caught:
            check_steps(name, steps)
        assert caught.value.hint.startswith("between ")


def test_the_table_is_whole():
    for name, entry in SCHEDULERS.items():
        assert entry.name == name
        assert entry.summary
        assert (entry.a1111 is not None) or entry.grade == "exact"
    assert set(SAMPLERS) <= set(SCHEDULERS)
