"""Every family of models draws what a plain diffusers script draws, and alone as in company."""

from collections.abc import Callable
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from sdgen.engine import Drawing
from sdgen.engine.families.z_image import BLOCK
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.engine.schedulers import build_scheduler
from sdgen.engine.watch import Watch
from sdgen.models import LocalModel
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.drawing import planned
from tests.tiny_families import FAMILIES, build_sd3

FLOW = ("sd3", "flux", "schnell", "z-image")
PROMPT, NEGATIVE = "a red fox 犀牛", "snow"
FLOW_SCHEDULERS = [name for name, entry in SCHEDULERS.items() if entry.flow]

Tiny = Callable[[str], Path]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The folder of a family's toy, made when it is first asked for."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = FAMILIES[name](tmp_path_factory.mktemp("families") / f"tiny-{name}")
        return made[name]

    return folder


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


def asked(folder: Path, **said) -> tuple[Settings, LocalModel]:
    """Two steps of 64x64 pixels in float32."""
    usual = {"prompt": PROMPT, "prompt_syntax": "plain", "width": 64, "height": 64}
    return planned(folder, dtype="float32", **{**usual, **said})


def plain_call(pipe: diffusers.DiffusionPipeline, settings: Settings, **more) -> np.ndarray:
    """What a script writes that knows nothing of sdgen."""
    pipe.set_progress_bar_config(disable=True)
    if "Flux" not in type(pipe).__name__:
        more["negative_prompt"] = settings.negative_prompt or None
    elif not pipe.transformer.config.guidance_embeds:
        more["max_sequence_length"] = 256
    [image] = pipe(
        settings.prompt,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(settings.seed),
        output_type="np",
        **more,
    ).images
    return (image * 255).round().astype(np.uint8)


def pixels(outcome: object) -> np.ndarray:
    assert isinstance(outcome, Drawing), outcome
    return np.asarray(outcome.image)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_picture_is_that_of_a_plain_diffusers_script(generator, tiny: Tiny, name: str):
    said = {} if name in ("flux", "schnell") else {"negative_prompt": NEGATIVE}
    settings, model = asked(tiny(name), **said)
    ours = pixels(generator.generate(settings, model))
    pipe = diffusers.DiffusionPipeline.from_pretrained(model.folder, safety_checker=None)
    pipe.scheduler = build_scheduler(settings.scheduler, dict(pipe.scheduler.config))
    assert np.array_equal(ours, plain_call(pipe, settings, width=64, height=64))


def test_flow_euler_is_the_scheduler_that_the_models_come_with(generator, tiny: Tiny):
    """Above, both sides have ours; here the script keeps the checkpoint's own."""
    for name in ("flux", "z-image"):
        settings, model = asked(tiny(name), steps=3)
        assert settings.scheduler == "flow_euler"
        ours = pixels(generator.generate(settings, model))
        pipe = diffusers.DiffusionPipeline.from_pretrained(model.folder)
        assert np.array_equal(ours, plain_call(pipe, settings, width=64, height=64))


@pytest.mark.parametrize("name", FLOW)
def test_each_scheduler_for_flow_draws_another_picture_again(generator, tiny: Tiny, name: str):
    """A, B, A: nothing of one is left in the next."""
    drawn = []
    for scheduler in [*FLOW_SCHEDULERS, FLOW_SCHEDULERS[0]]:
        settings, model = asked(tiny(name), scheduler=scheduler, steps=4)
        drawn.append(pixels(generator.generate(settings, model)))
    assert np.array_equal(drawn[0], drawn[-1])
    assert len({each.tobytes() for each in drawn}) == len(FLOW_SCHEDULERS)


@pytest.mark.parametrize("name", ["sd2", *FLOW])
def test_a_picture_is_the_same_whatever_its_neighbours_are(generator, tiny: Tiny, name: str):
    """Prompts of other lengths, too, which Z-Image's network would fill up to the longest."""
    [(first, model), (second, _), (third, _)] = [
        asked(tiny(name), prompt=prompt, seed=seed)
        for seed, prompt in enumerate(("fox", "a cat in the snow " * 4, "fox and 犀牛"))
    ]
    together = generator.generate_batch([first, second, third], model)
    for slot, settings in enumerate((first, second, third)):
        slots = [None, None, None]
        slots[slot] = settings
        [alone] = generator.generate_batch(slots, model)
        assert np.array_equal(pixels(alone), pixels(together[slot]))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_record_draws_the_picture_again(generator, tiny: Tiny, name: str):
    settings, model = asked(tiny(name), prompt_syntax="a1111")
    slots = [settings.model_copy(update={"seed": seed}) for seed in (1, 2)]
    _, drawing = generator.generate_batch(slots, model)
    original = Original(drawing.record, drawing.record.image.sha256)
    again, verdict = redraw(original, model, generator)
    assert again.record.image.sha256 == drawing.record.image.sha256
    assert verdict.kind == "identical"


IMG2IMG = {
    "sd3": "StableDiffusion3Img2ImgPipeline",
    "flux": "FluxImg2ImgPipeline",
    "z-image": "ZImageImg2ImgPipeline",
}


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    noise = np.random.default_rng(3).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("cats") / "cat.png"
    Image.fromarray(noise).resize((64, 64)).save(path)
    return path


@pytest.mark.parametrize("name", IMG2IMG)
def test_a_picture_from_a_picture_is_diffusers_own(
    generator, tiny: Tiny, cat: Path, name: str, monkeypatch
):
    """But that diffusers takes a sample of what the VAE says, and we the mode of it."""
    settings, model = asked(tiny(name), image=str(cat), strength=0.5, steps=4)
    ours = pixels(generator.generate(settings, model))
    pipe = getattr(diffusers, IMG2IMG[name]).from_pretrained(model.folder)
    kind = diffusers.models.autoencoders.vae.DiagonalGaussianDistribution
    monkeypatch.setattr(kind, "sample", lambda self, _=None: self.mode())
    theirs = plain_call(pipe, settings, image=Image.open(cat), strength=0.5, width=64, height=64)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", FLOW)
def test_a_mask_keeps_what_is_black_in_it(generator, tiny: Tiny, cat: Path, name: str):
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    mask.save(cat.with_name("mask.png"))
    said = {"image": str(cat), "mask": str(cat.with_name("mask.png")), "mask_blur": 0}
    settings, model = asked(tiny(name), strength=1.0, scheduler="flow_dpmpp_2m", **said)
    drawn = pixels(generator.generate(settings, model))
    before = np.asarray(Image.open(cat))
    assert np.array_equal(drawn[:, :32], before[:, :32])
    assert not np.array_equal(drawn[:, 32:], before[:, 32:])


@pytest.mark.parametrize("upscaler", ["lanczos", "latent"])
@pytest.mark.parametrize("name", FLOW)
def test_a_second_pass_is_drawn_larger(generator, tiny: Tiny, name: str, upscaler: str):
    said = {"hires_scale": 2.0, "hires_strength": 0.5, "hires_upscaler": upscaler}
    drawing = generator.generate(*asked(tiny(name), **said))
    assert drawing.image.size == (128, 128)


@pytest.mark.parametrize("name", FLOW)
def test_what_is_seen_in_the_last_step_is_the_picture(generator, tiny: Tiny, name: str):
    """The clean picture that a network means at its last step is where Euler then goes."""
    settings, model = asked(tiny(name))
    watch = Watch()
    drawing = generator.generate(settings, model, watch)
    assert watch.glimpse is not None
    seen = np.asarray(watch.glimpse.whole()).astype(int)
    assert np.abs(seen - np.asarray(drawing.image).astype(int)).max() <= 1


def test_guidance_ends_early_where_there_are_two_looks(generator, tiny: Tiny):
    for name in ("sd3", "z-image"):
        whole = generator.generate(*asked(tiny(name), steps=4))
        short = generator.generate(*asked(tiny(name), steps=4, approximate="guidance-until=0.5"))
        assert short.record.image.sha256 != whole.record.image.sha256


def test_a_stable_diffusion_3_without_t5_draws(generator, tmp_path: Path):
    settings, model = asked(build_sd3(tmp_path / "small", with_t5=False))
    assert [reader.part for reader in model.readers] == ["tokenizer", "tokenizer_2"]
    ours = pixels(generator.generate(settings, model))
    none = dict.fromkeys(("text_encoder_3", "tokenizer_3"))  # diffusers wants to be told
    pipe = diffusers.StableDiffusion3Pipeline.from_pretrained(model.folder, **none)
    assert np.array_equal(ours, plain_call(pipe, settings, width=64, height=64))


def test_weights_of_flow_matching_keep_no_trace_of_a_lora(generator, tiny: Tiny, tmp_path: Path):
    from safetensors.torch import save_file

    torch.manual_seed(0)
    for name, layer in (("flux", "single_transformer_blocks.0.attn.to_q"),
                        ("sd3", "transformer_blocks.0.attn.to_out.0"),
                        ("z-image", "layers.0.attention.to_q")):  # fmt: skip
        matrices = {
            f"transformer.{layer}.lora_A.weight": torch.randn(2, 32),
            f"transformer.{layer}.lora_B.weight": torch.randn(32, 2),
        }
        save_file(matrices, tmp_path / f"{name}.safetensors")
        before = generator.generate(*asked(tiny(name)))
        with_lora = generator.generate(
            *asked(tiny(name), lora=str(tmp_path / f"{name}.safetensors"))
        )
        assert with_lora.record.added[0].modules == 1
        assert with_lora.record.image.sha256 != before.record.image.sha256
        after = generator.generate(*asked(tiny(name)))
        assert after.record.image.sha256 == before.record.image.sha256


def test_z_image_reads_its_own_template(tiny: Tiny):
    """Ours is written down; a message through the tokenizer's template has the same tokens."""
    _, model = asked(tiny("z-image"))
    pipeline = load_model(model, "float32", torch.device("cpu")).pipeline
    from sdgen.models.whole_tokens import as_message

    message = [{"role": "user", "content": PROMPT}]
    whole = pipeline.tokenizer.apply_chat_template(
        message, tokenize=False, add_generation_prompt=True, enable_thinking=True
    )
    assert whole == as_message(PROMPT)
    assert BLOCK == diffusers.models.transformers.transformer_z_image.SEQ_MULTI_OF
