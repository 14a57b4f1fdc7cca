"""Pictures from pictures: those of diffusers' own pipelines, exact in every call, drawn again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
)
from PIL import Image, ImageDraw

from sdgen.engine import Drawing, shape_key
from sdgen.engine.failures import LackOfMemoryError
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import GenerationError, InputError, ModelError
from sdgen.models import LocalModel, find_model
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.recipe.schedulers import SCHEDULERS
from sdgen.recipe.settings import Settings
from sdgen.replay import redraw
from sdgen.sources import find_source, pixels_named
from sdgen.verdict import Original
from tests.tiny_models import build_inpaint

FAMILIES = sorted(
    {entry.class_name: name for name, entry in SCHEDULERS.items() if not entry.flow}.values()
)
"""One scheduler of each class of diffusers."""

pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 64x64 with a mask beside it, whose right half is white."""
    folder = tmp_path_factory.mktemp("cats")
    noise = np.random.default_rng(3).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((64, 64)).save(folder / "cat.png")
    Image.fromarray(noise[::-1]).resize((64, 64)).save(folder / "dog.png")
    mask = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(mask).rectangle((32, 0, 63, 63), fill=255)
    mask.save(folder / "mask.png")
    return folder / "cat.png"


Make = Callable[..., Settings]


@pytest.fixture
def drawn_from(cat: Path) -> Make:
    """Settings that draw from the cat, as a command would make them."""

    def make(model: LocalModel, **said: object) -> Settings:
        base = {"prompt": "fox", "seed": 7, "steps": 4, "image": str(cat), "strength": 0.5}
        values = {**base, "scheduler": "dpmpp_2m"} | said
        return plan([Layer("test", values)], find=lambda _: model).settings

    return make


def drawing_of(outcome: object) -> Drawing:
    assert isinstance(outcome, Drawing), outcome
    return outcome


@pytest.mark.parametrize(
    ("name", "scheduler"),
    [
        *(("tiny_sd", scheduler) for scheduler in FAMILIES),
        *(("tiny_sdxl", scheduler) for scheduler in ("euler", "dpmpp_2m_sde", "heun")),
    ],
)
def test_the_picture_is_that_of_a_plain_diffusers_script(
    generator, drawn_from, cat, name, scheduler, request
):
    """Every family of schedulers: the steps that are left out, the noise, and where it begins."""
    folder = request.getfixturevalue(name)
    settings = drawn_from(find_model(str(folder)), scheduler=scheduler, prompt_syntax="plain")
    ours = generator.generate(settings, find_model(str(folder)))
    of = StableDiffusionXLImg2ImgPipeline if "xl" in name else StableDiffusionImg2ImgPipeline
    pipe = of.from_pretrained(folder, **({} if "xl" in name else {"safety_checker": None}))
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = build_scheduler(scheduler, dict(pipe.scheduler.config))
    with torch.no_grad():
        pixels = pipe.image_processor.preprocess(Image.open(cat).convert("RGB"))
        mode = pipe.vae.encode(pixels).latent_dist.mode() * pipe.vae.config.scaling_factor
    [theirs] = pipe(
        "fox", image=mode, strength=0.5, num_inference_steps=4, guidance_scale=7.0,
        generator=torch.Generator("cpu").manual_seed(7), output_type="np",
    ).images  # fmt: skip
    assert np.array_equal(np.asarray(ours.image), (theirs * 255).round().astype(np.uint8))


@pytest.mark.parametrize("name", ["tiny_sd", "tiny_sdxl"])
def test_pictures_from_different_pictures_share_a_call_and_come_out_again(
    generator, drawn_from, cat, name, request
):
    model = find_model(str(request.getfixturevalue(name)))
    slots = [
        drawn_from(model, seed=seed, image=str(cat.with_name(f"{animal}.png")))
        for seed, animal in [(1, "cat"), (2, "dog"), (1, "dog"), (2, "cat")]
    ]
    assert len(set(map(shape_key, slots))) == 1
    drawings = [drawing_of(one) for one in generator.generate_batch(slots, model)]
    assert len({one.record.image.sha256 for one in drawings}) == 4
    for one in drawings[1:3]:
        _, verdict = redraw(Original(one.record, one.image), model, generator)
        assert verdict.kind == "identical"


def test_a_picture_from_words_does_not_share_a_call_with_one_from_a_picture(drawn_from, tiny_sd):
    model = find_model(str(tiny_sd))
    plain = drawn_from(model, image=None, strength=None)
    assert shape_key(drawn_from(model)) != shape_key(plain)


def test_after_a_picture_from_a_picture_words_alone_draw_as_before(generator, drawn_from, tiny_sd):
    model = find_model(str(tiny_sd))
    plain = drawn_from(model, image=None, strength=None)
    before = generator.generate(plain, model).image.tobytes()
    generator.generate(drawn_from(model, mask=None), model)
    assert generator.generate(plain, model).image.tobytes() == before


def test_the_record_names_the_picture_and_keeps_no_path(generator, drawn_from, cat, tiny_sd):
    record = generator.generate(
        drawn_from(find_model(str(tiny_sd))), find_model(str(tiny_sd))
    ).record
    [source] = record.sources
    assert (source.role, source.name, source.width, source.height) == ("image", "cat.png", 64, 64)
    assert record.settings.image == f"cat.png#{source.pixels_sha256}"
    assert str(cat.parent) not in record.to_json()
    assert record.environment["pillow"]


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("blur", [0, 4])
def test_outside_of_the_mask_every_pixel_stays(generator, drawn_from, cat, tiny_sd, strength, blur):
    model = find_model(str(tiny_sd))
    mask = str(cat.with_name("mask.png"))
    settings = drawn_from(model, mask=mask, strength=strength, mask_blur=blur)
    image = np.asarray(generator.generate(settings, model).image)
    source = np.asarray(Image.open(cat).convert("RGB"))
    assert np.array_equal(image[:, :32], source[:, :32])
    assert (image[:, 48:] != source[:, 48:]).mean() > 0.9


def test_a_white_mask_repaints_all_and_a_black_one_nothing(
    generator, drawn_from, tmp_path, cat, tiny_sd
):
    model = find_model(str(tiny_sd))
    for colour in ("white", "black"):
        Image.new("L", (64, 64), colour).save(tmp_path / f"{colour}.png")
    images = {
        colour: generator.generate(
            drawn_from(model, mask=str(tmp_path / f"{colour}.png"), mask_blur=0), model
        ).image
        for colour in ("white", "black")
    }
    assert images["white"].tobytes() == generator.generate(drawn_from(model), model).image.tobytes()
    assert images["black"].tobytes() == Image.open(cat).convert("RGB").tobytes()


def test_masks_share_a_call_and_come_out_again(generator, drawn_from, cat, tmp_path, tiny_sdxl):
    model = find_model(str(tiny_sdxl))
    Image.open(cat.with_name("mask.png")).rotate(90).save(tmp_path / "low.png")
    masks = [str(cat.with_name("mask.png")), str(tmp_path / "low.png")]
    slots = [drawn_from(model, mask=mask, scheduler="euler_ancestral") for mask in masks]
    drawings = [drawing_of(one) for one in generator.generate_batch(slots, model)]
    for one in drawings:
        _, verdict = redraw(Original(one.record, one.image), model, generator)
        assert verdict.kind == "identical"


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_inpaint(tmp_path_factory.mktemp("models") / "tiny-inpaint")


@pytest.mark.parametrize("scheduler", ["dpmpp_2m", "euler_ancestral", "ddim"])
def test_a_model_that_repaints_draws_what_diffusers_draws_with_it(
    generator, drawn_from, cat, painter, scheduler
):
    """Nine channels: the noise, the mask, and the picture without what the mask hides."""
    model = find_model(str(painter))
    said = {"mask": str(cat.with_name("mask.png")), "mask_blur": 0, "prompt_syntax": "plain"}
    ours = generator.generate(drawn_from(model, scheduler=scheduler, **said), model).image
    pipe = StableDiffusionInpaintPipeline.from_pretrained(painter, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = build_scheduler(scheduler, dict(pipe.scheduler.config))
    mask = Image.open(cat.with_name("mask.png"))
    with torch.no_grad():
        pixels = pipe.image_processor.preprocess(Image.open(cat).convert("RGB"))
        visible = pixels * torch.from_numpy(np.asarray(mask) < 128)
        whole, rest = (
            pipe.vae.encode(each).latent_dist.mode() * pipe.vae.config.scaling_factor
            for each in (pixels, visible)
        )
    [theirs] = pipe(
        "fox", image=whole, mask_image=mask, masked_image_latents=rest, strength=0.5,
        num_inference_steps=4, guidance_scale=7.0, width=64, height=64,
        generator=torch.Generator("cpu").manual_seed(7), output_type="np",
    ).images  # fmt: skip
    theirs = (theirs * 255).round().astype(np.uint8)
    assert np.array_equal(np.asarray(ours)[:, 32:], theirs[:, 32:])


def test_a_model_that_repaints_comes_out_again_and_leaves_no_hook(
    generator, drawn_from, cat, painter
):
    model = find_model(str(painter))
    slots = [drawn_from(model, extend=extend) for extend in ("left=64", "left=32,right=32")]
    for slot in slots:
        [one] = generator.generate_batch([slot], model)
        _, verdict = redraw(Original(one.record, one.image), model, generator)
        assert verdict.kind == "identical"
    from sdgen.engine.loader import _kept

    [loaded] = _kept.values()
    assert not loaded.pipeline.unet._forward_pre_hooks


def test_a_model_that_repaints_draws_nothing_else(drawn_from, painter):
    model = find_model(str(painter))
    for said in ({}, {"image": None, "strength": None}):
        with pytest.raises(InputError, match="was trained to repaint, and draws nothing else"):
            drawn_from(model, **said)


def test_a_unet_of_other_channels_is_refused(tmp_path, painter):
    odd = tmp_path / "odd"
    shutil.copytree(painter, odd)
    config = odd / "unet" / "config.json"
    config.write_text(config.read_text().replace('"in_channels": 9', '"in_channels": 8'))
    with pytest.raises(ModelError, match="odd has a UNet of 8 channels; sdgen draws with 4"):
        find_model(str(odd))


def test_an_extended_picture_lies_in_its_new_edges(generator, drawn_from, cat, tiny_sd):
    model = find_model(str(tiny_sd))
    settings = drawn_from(model, extend="left=32,bottom=64", strength=None)
    assert (settings.width, settings.height, settings.strength) == (96, 128, 1.0)
    image = np.asarray(generator.generate(settings, model).image)
    assert np.array_equal(image[:64, 32:], np.asarray(Image.open(cat).convert("RGB")))


@pytest.mark.parametrize("upscaler", ["lanczos", "latent"])
@pytest.mark.parametrize("name", ["tiny_sd", "tiny_sdxl"])
def test_two_passes_draw_larger_and_come_out_again(generator, drawn_from, name, upscaler, request):
    model = find_model(str(request.getfixturevalue(name)))
    said = {"image": None, "strength": None, "hires_scale": 1.5, "hires_upscaler": upscaler}
    slots = [drawn_from(model, seed=seed, **said) for seed in (1, 2)]
    told: list[tuple[int, int]] = []
    drawings = [
        drawing_of(one)
        for one in generator.generate_batch(slots, model, lambda *step: told.append(step))
    ]
    assert {one.image.size for one in drawings} == {(96, 96)}
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))
    assert len({total for _, total in told}) == 1
    _, verdict = redraw(Original(drawings[1].record, drawings[1].image), model, generator)
    assert verdict.kind == "identical"


@pytest.mark.parametrize("upscaler", ["lanczos", "latent"])
def test_a_first_pass_without_steps_is_the_picture(generator, drawn_from, cat, tiny_sd, upscaler):
    """Which is then drawn over in its new size; with a black mask's worth of steps, it is kept."""
    model = find_model(str(tiny_sd))
    said = {"strength": 0.0, "hires_scale": 2.0, "hires_upscaler": upscaler}
    drawing = generator.generate(drawn_from(model, hires_strength=0.5, **said), model)
    assert drawing.image.size == (128, 128)
    _, verdict = redraw(Original(drawing.record, drawing.image), model, generator)
    assert verdict.kind == "identical"
    over = generator.generate(drawn_from(model, **said | {"strength": 0.5}), model)
    assert over.image.tobytes() != drawing.image.tobytes()


def test_a_picture_that_changes_under_the_work_is_told(
    generator, drawn_from, cat, tmp_path, tiny_sd
):
    model = find_model(str(tiny_sd))
    own = tmp_path / "own.png"
    Image.new("RGB", (64, 64), "red").save(own)
    settings = drawn_from(model, image=str(own))
    Image.new("RGB", (64, 64), "blue").save(own)
    with pytest.raises(InputError, match="was changed while sdgen was at work"):
        generator.generate(settings, model)
    own.unlink()
    with pytest.raises(InputError, match="there is no such file"):
        generator.generate(settings, model)


def test_a_lack_of_memory_while_encoding_is_helped_by_tiles(
    generator, drawn_from, cat, tiny_sd, monkeypatch
):
    model = find_model(str(tiny_sd))
    settings = drawn_from(model, fit="stretch", width=320, height=64)
    fresh = DiffusersGenerator("cpu")
    fresh.load(model, "auto")
    from sdgen.engine import beginning

    plain = beginning.encode_picture

    def small(pipeline, image, way, tiling):
        if not way.tile:
            raise LackOfMemoryError("decode")
        return plain(pipeline, image, way, tiling)

    monkeypatch.setattr(beginning, "encode_picture", small)
    told: list[str] = []
    drawing = fresh.generate(settings, model, tell=told.append)
    assert drawing.record.environment["vae_tile"] == 256
    assert "tiles of 256" in told[0]


def test_an_encoder_without_numbers_is_told(generator, drawn_from, cat, tiny_sd, monkeypatch):
    from sdgen.engine import encode

    monkeypatch.setattr(encode, "scaled", lambda latents, _: latents * float("nan"))
    settings = drawn_from(
        find_model(str(tiny_sd)), image=str(cat.with_name("dog.png")), fit="pad", width=72
    )
    with pytest.raises(GenerationError, match="cannot be encoded"):
        generator.generate(settings, find_model(str(tiny_sd)))


def test_pixels_by_name_are_those_that_were_found(cat):
    source = find_source(cat, "image")
    assert pixels_named(source.reference).tobytes() == Image.open(cat).convert("RGB").tobytes()
    with pytest.raises(InputError, match="is not at hand"):
        pixels_named("other.png#" + "0" * 64)
    with pytest.raises(InputError, match="not a picture's name"):
        pixels_named("../cat.png#" + "0" * 64)
