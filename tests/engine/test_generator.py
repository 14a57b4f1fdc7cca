import shutil
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from sdgen.engine import Drawing
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.errors import (
    GenerationError,
    InputError,
    InterruptedRunError,
    MemoryExhaustedError,
    ModelError,
)
from sdgen.metadata.record import Record, pixels_sha256
from sdgen.models import find_model
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.schedulers import SCHEDULERS
from tests.tiny_models import build_sd

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


def draw(generator: DiffusersGenerator, folder: Path, **said) -> Drawing:
    said = {"prompt": "a red fox", "seed": 7, "steps": 3, "model": str(folder), **said}
    planned = plan([Layer("test", said)])
    return generator.generate(planned.settings, planned.model)


def by_plain_diffusers(folder: Path, scheduler: str, **options) -> np.ndarray:
    """What anybody would write; nothing of sdgen but what the scheduler's name stands for."""
    entry = SCHEDULERS[scheduler]
    pipeline = DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    plain = getattr(diffusers, entry.class_name)
    pipeline.scheduler = plain.from_config(pipeline.scheduler.config, **entry.config)
    generator = torch.Generator("cpu").manual_seed(7)
    call = {"prompt": "a red fox", "num_inference_steps": 3, "guidance_scale": 7.0, **options}
    return np.asarray(pipeline(**call, width=64, height=64, generator=generator).images[0])


@pytest.mark.parametrize(
    "scheduler",
    ["ddim", "dpmpp_2m", "dpmpp_2m_sde_karras", "euler", "euler_ancestral", "lcm", "unipc"],
)
def test_same_pixels_as_a_plain_diffusers_script(generator, tiny_sd: Path, scheduler: str):
    ours = draw(generator, tiny_sd, scheduler=scheduler)
    assert np.array_equal(np.asarray(ours.image), by_plain_diffusers(tiny_sd, scheduler))


def test_same_pixels_with_sdxl(generator, tiny_sdxl: Path):
    ours = draw(generator, tiny_sdxl, scheduler="euler_ancestral")
    assert np.array_equal(np.asarray(ours.image), by_plain_diffusers(tiny_sdxl, "euler_ancestral"))


def test_clip_skip_counts_the_last_layer_as_one(generator, tiny_sd: Path):
    """A1111's numbers: 2 is the layer before the last, here encoded by hand."""
    pipeline = DiffusionPipeline.from_pretrained(tiny_sd, use_safetensors=True)
    encoder, tokenizer = pipeline.text_encoder, pipeline.tokenizer
    pieces = tokenizer("a red fox", padding="max_length", return_tensors="pt").input_ids
    layers = encoder(pieces, output_hidden_states=True).hidden_states
    embedded = encoder.final_layer_norm(layers[-2]).detach()
    alone = {"guidance_scale": 1.0}
    theirs = by_plain_diffusers(tiny_sd, "ddim", prompt=None, prompt_embeds=embedded, **alone)
    ours = draw(generator, tiny_sd, scheduler="ddim", clip_skip=2, **alone)
    assert np.array_equal(np.asarray(ours.image), theirs)
    assert not np.array_equal(theirs, by_plain_diffusers(tiny_sd, "ddim", **alone))


@pytest.mark.parametrize(
    "between",
    [
        {"scheduler": "dpmpp_2m_karras"},
        {"scheduler": "euler_ancestral"},
        {"width": 128, "height": 64},
        {"guidance_scale": 0.0},
        {"steps": 1},
        {"clip_skip": 2},
    ],
)
def test_a_picture_owes_nothing_to_the_one_before(generator, tiny_sd: Path, between: dict):
    first = draw(generator, tiny_sd)
    draw(generator, tiny_sd, **between)
    assert draw(generator, tiny_sd).record.image == first.record.image


def test_a_picture_owes_nothing_to_another_model(generator, tiny_sd: Path, tiny_sdxl: Path):
    first = draw(generator, tiny_sd)
    draw(generator, tiny_sdxl)
    assert draw(generator, tiny_sd).record.image == first.record.image


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"prompt": "a blue fox"}, {"steps": 4}, {"guidance_scale": 3.0},
     {"negative_prompt": "red"}, {"scheduler": "euler"}, {"eta": 1.0, "scheduler": "ddim"},
     {"guidance_rescale": 0.7}, {"clip_skip": 2}],
)  # fmt: skip
def test_every_setting_acts(generator, tiny_sd: Path, change: dict):
    base = {"scheduler": "ddim"} if "eta" in change else {}
    assert draw(generator, tiny_sd, **change).image.tobytes() != (
        draw(generator, tiny_sd, **base).image.tobytes()
    )


def test_the_record_says_all_that_is_needed(generator, tiny_sd: Path):
    drawing = draw(generator, tiny_sd, width=128)
    record = Record.model_validate_json(drawing.record.to_json())
    assert record.settings.dtype == "float32"
    assert (record.image.width, record.image.height) == (128, 64)
    assert record.image.sha256 == pixels_sha256(drawing.image)
    assert record.model.name == "tiny-sd"
    assert "unet/diffusion_pytorch_model.safetensors" in record.model.files
    assert record.scheduler == drawing.record.scheduler
    assert record.scheduler.class_name == "DPMSolverMultistepScheduler"
    assert {"torch", "diffusers", "threads", "device", "cpu_capability"} <= set(record.environment)
    assert str(tiny_sd) not in record.to_json()


def test_steps_are_told_and_may_stop_the_picture(generator, tiny_sd: Path):
    planned = plan([Layer("test", {"prompt": "a", "seed": 1, "steps": 5, "model": str(tiny_sd)})])
    seen = []

    def stop_at_two(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        generator.generate(planned.settings, planned.model, stop_at_two)
    assert seen == [(1, 5), (2, 5)]
    again = draw(generator, tiny_sd)
    assert again.record.image == draw(generator, tiny_sd).record.image


def test_what_the_model_does_not_read_is_told(generator, tiny_sd: Path):
    said = {"prompt": "a fox " * 20 + "zebra", "negative_prompt": "b" * 90}
    assert draw(generator, tiny_sd, **said).record.notices == []
    [prompt, _] = draw(generator, tiny_sd, **said, prompt_syntax="plain").record.notices
    assert prompt.startswith("the model does not read the end of the prompt: ")
    assert prompt.endswith("a fox zebra'")
    assert draw(generator, tiny_sd).record.notices == []


def test_a_negative_prompt_without_guidance_is_told(generator, tiny_sd: Path):
    idle = {"negative_prompt": "red", "guidance_rescale": 0.5}
    drawing = draw(generator, tiny_sd, guidance_scale=1.0, **idle)
    assert [notice.split()[0] for notice in drawing.record.notices] == list(idle)


def test_nan_weights_are_a_failed_picture_not_a_black_one(tiny_sd: Path, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_sd, tmp_path / "nan"))
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["conv_out.weight"].fill_(float("nan"))
    save_file(tensors, weights)
    with pytest.raises(GenerationError, match="NaN") as caught:
        draw(DiffusersGenerator("cpu"), folder)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("device", "reason"),
    [("tpu", "unknown device"), ("cuda:x", "unknown device"), ("cpu:1", "unknown device"),
     ("cuda:99", "no device"), ("", "unknown device")],
)  # fmt: skip
def test_devices_that_are_not_here(device: str, reason: str):
    with pytest.raises(InputError, match=reason):
        DiffusersGenerator(device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_by_name_does_not_fall_back_and_auto_does():
    with pytest.raises(InputError, match="no device cuda: there is none here"):
        DiffusersGenerator("cuda")
    assert DiffusersGenerator("auto").device.startswith("cpu")


def test_float16_never_runs_on_the_cpu(generator, tiny_sd: Path):
    with pytest.raises(InputError, match="float16 does not work on the CPU"):
        draw(generator, tiny_sd, dtype="float16")


def test_bfloat16_only_where_the_cpu_has_it(generator, tiny_sd: Path, monkeypatch):
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: False)
    with pytest.raises(InputError, match="no bfloat16"):
        draw(generator, tiny_sd, dtype="bfloat16")
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: True)
    assert draw(generator, tiny_sd, dtype="bfloat16").record.settings.dtype == "bfloat16"


def test_weights_of_another_shape_are_a_model_error(tiny_sd: Path, tiny_sdxl: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny_sd, tmp_path / "mixed"))
    shutil.copy(tiny_sdxl / UNET, folder / UNET)
    find_model.cache_clear()
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        draw(DiffusersGenerator("cpu"), folder)
    assert "\n" not in str(caught.value)


def test_one_lack_of_memory_in_the_decode_does_not_spoil_the_next(tiny_sdxl: Path, monkeypatch):
    """Diffusers leaves SDXL's VAE in float32 when a float16 decode fails."""
    generator = DiffusersGenerator("cpu")
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: True)
    first = draw(generator, tiny_sdxl, dtype="bfloat16")
    vae = load_model(find_model(str(tiny_sdxl)), "bfloat16", torch.device("cpu")).pipeline.vae

    def fail(*_, **__):
        vae.to(dtype=torch.float32)
        raise torch.OutOfMemoryError

    with monkeypatch.context() as broken:
        broken.setattr(vae, "decode", fail)
        with pytest.raises(MemoryExhaustedError):
            draw(generator, tiny_sdxl, dtype="bfloat16")
    assert draw(generator, tiny_sdxl, dtype="bfloat16").record.image == first.record.image


def test_weights_that_were_replaced_are_loaded_anew(tiny_sd: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny_sd, tmp_path / "changing"))
    generator = DiffusersGenerator("cpu")
    before = draw(generator, folder)
    other = build_sd(tmp_path / "other", seed=5)
    shutil.copy(other / UNET, folder / UNET)
    after = draw(generator, folder)
    assert after.record.image != before.record.image
    assert after.record.model.files[UNET] != before.record.model.files[UNET]


def test_a_large_seed_says_which_small_one_it_is(generator, tiny_sd: Path):
    large, small = draw(generator, tiny_sd, seed=2**32 + 7), draw(generator, tiny_sd, seed=7)
    assert large.record.image == small.record.image
    assert large.record.notices == [
        "seed 4294967303 draws what seed 7 draws: only 32 bits count"
    ]  # fmt: skip


def test_nobody_is_asked_over_the_network(tiny_sd: Path, tmp_path: Path, monkeypatch):
    asked = []
    monkeypatch.setattr("socket.socket.connect", lambda _, address: asked.append(address))
    monkeypatch.setattr("socket.getaddrinfo", lambda *address, **_: asked.append(address))
    folder = Path(shutil.copytree(tiny_sd, tmp_path / "fresh"))
    draw(DiffusersGenerator("cpu"), folder)
    assert asked == []


def test_one_model_stays_loaded(generator, tiny_sd: Path):
    model = find_model(str(tiny_sd))
    device = torch.device("cpu")
    assert load_model(model, "float32", device) is load_model(model, "float32", device)
