"""IP-Adapters on toy pipelines: diffusers' own pictures, no trace, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessorPil

from sdgen.engine import loader, shape_key
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.graphs import _state
from sdgen.engine.ip_adapter import with_ip_adapters
from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import InputError, ModelError
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.guides import SIDE, write_controlnet, write_encoder, write_ip_adapter


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that is no square, and a dog beside it."""
    folder = tmp_path_factory.mktemp("cats")
    noise = np.random.default_rng(3).integers(0, 255, (8, 10, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((80, 64)).save(folder / "cat.png")
    Image.fromarray(noise[::-1]).resize((80, 64)).save(folder / "dog.png")
    return folder / "cat.png"


@pytest.fixture(scope="module")
def looks(tiny_sd, tmp_path_factory) -> Path:
    """A folder with one adapter of each kind, and the image encoder."""
    folder = tmp_path_factory.mktemp("looks")
    write_encoder(folder / "image_encoder")
    for kind in ("plain", "plus", "full"):
        write_ip_adapter(tiny_sd, folder / f"{kind}.safetensors", kind)
    return folder


def by_diffusers(kind, folder: Path, looks: Path, names: list[str], scales, images, **call):
    """The picture of a plain script, as levels."""
    pipe = kind.from_pretrained(
        folder, **({} if "XL" in kind.__name__ else {"safety_checker": None})
    )
    pipe.set_progress_bar_config(disable=True)
    reader = CLIPImageProcessorPil(size=SIDE, crop_size=SIDE)
    pipe.register_modules(feature_extractor=reader)
    pipe.load_ip_adapter(
        str(looks), subfolder="", weight_name=[f"{name}.safetensors" for name in names],
        low_cpu_mem_usage=False,
    )  # fmt: skip
    pipe.set_ip_adapter_scale(scales)
    pipe.scheduler = build_scheduler("euler", dict(pipe.scheduler.config))
    [image] = pipe(
        "fox", generator=torch.Generator("cpu").manual_seed(7), output_type="np",
        ip_adapter_image=images, **{"num_inference_steps": 3, "guidance_scale": 7.0, **call},
    ).images  # fmt: skip
    return (image * 255).round().astype(np.uint8)


def ours(folder: Path, **said) -> np.ndarray:
    said = {"prompt": "fox", "prompt_syntax": "plain", "steps": 3, "scheduler": "euler", **said}
    return np.asarray(draw(folder, **said).image)


@pytest.mark.parametrize("kind", ["plain", "plus", "full"])
def test_the_picture_is_that_of_a_plain_diffusers_script(tiny_sd, looks, cat, kind):
    theirs = by_diffusers(StableDiffusionPipeline, tiny_sd, looks, [kind], [0.6], [Image.open(cat)])
    said = {"ip_adapter": f"{looks / kind}.safetensors:0.6", "ip_adapter_image": str(cat)}
    drawn = ours(tiny_sd, **said)
    assert np.array_equal(drawn, theirs)
    assert not np.array_equal(drawn, ours(tiny_sd))


def test_without_guidance_too(tiny_sd, looks, cat):
    theirs = by_diffusers(
        StableDiffusionPipeline, tiny_sd, looks, ["plain"], [1.0], [Image.open(cat)],
        guidance_scale=1.0,
    )  # fmt: skip
    said = {"ip_adapter": str(looks / "plain.safetensors"), "ip_adapter_image": str(cat)}
    assert np.array_equal(ours(tiny_sd, guidance_scale=1.0, **said), theirs)


def test_several_adapters_and_several_pictures(tiny_sd, looks, cat):
    dog = cat.with_name("dog.png")
    theirs = by_diffusers(
        StableDiffusionPipeline, tiny_sd, looks, ["plain", "plus"], [0.6, 0.3],
        [Image.open(cat), Image.open(dog)],
    )  # fmt: skip
    both = [f"{looks}/plain.safetensors:0.6", f"{looks}/plus.safetensors:0.3"]
    assert np.array_equal(
        ours(tiny_sd, ip_adapter=both, ip_adapter_image=[str(cat), str(dog)]), theirs
    )
    theirs = by_diffusers(
        StableDiffusionPipeline, tiny_sd, looks, ["plain"], [0.6],
        [[Image.open(cat), Image.open(dog)]],
    )  # fmt: skip
    assert np.array_equal(
        ours(tiny_sd, ip_adapter=both[0], ip_adapter_image=[str(cat), str(dog)]), theirs
    )


def test_sdxl_too(tiny_sdxl, cat, tmp_path):
    write_encoder(tmp_path / "image_encoder")
    write_ip_adapter(tiny_sdxl, tmp_path / "plain.safetensors")
    theirs = by_diffusers(
        StableDiffusionXLPipeline, tiny_sdxl, tmp_path, ["plain"], [0.6], [Image.open(cat)]
    )
    said = {"ip_adapter": f"{tmp_path}/plain.safetensors:0.6", "ip_adapter_image": str(cat)}
    assert np.array_equal(ours(tiny_sdxl, **said), theirs)


def test_a_picture_after_it_is_the_one_before_it(tiny_sd, looks, cat):
    before, state = pixels(tiny_sd), kept_state()
    said = {"ip_adapter": str(looks / "plus.safetensors"), "ip_adapter_image": str(cat)}
    first = draw(tiny_sd, **said)
    assert kept_state() == state
    [loaded] = loader._kept.values()
    unet = loaded.pipeline.unet
    assert unet.encoder_hid_proj is None
    assert unet.config.encoder_hid_dim_type is None
    assert pixels(tiny_sd) == before != first.record.image.sha256
    assert pixels(tiny_sd, **said) == first.record.image.sha256
    assert [(one.kind, one.name) for one in first.record.added] == [
        ("ip_adapter", "plus"), ("image_encoder", "image_encoder"),
    ]  # fmt: skip
    assert first.record.settings.image_encoder == "image_encoder"
    assert first.record.sources[0].role == "ip_adapter_image"


def test_graphs_know_of_another_scale(tiny_sd, looks, cat):
    """A recorded call holds the scale for good."""
    states = []
    for scale in (0.5, 0.5, 0.7):
        settings, model = planned(
            tiny_sd, ip_adapter=f"{looks}/plain.safetensors:{scale}", ip_adapter_image=str(cat)
        )
        DiffusersGenerator("cpu").load(model, "float32")
        [loaded] = loader._kept.values()
        with with_ip_adapters(loaded, model, settings):
            states.append(_state(loaded.pipeline.unet))
    assert states[0] == states[1]
    assert states[1] != states[2]


def test_it_holds_beside_other_features_and_is_drawn_again(tiny_sd, looks, cat, tmp_path):
    net = write_controlnet(tiny_sd, tmp_path / "edges")
    said = {"ip_adapter": f"{looks}/plain.safetensors:0.8", "ip_adapter_image": str(cat)}
    control = {"controlnet": str(net), "control_image": str(cat)}
    settings, model = planned(tiny_sd, **said, **control, approximate="guidance-until=0.5", steps=4)
    generator = DiffusersGenerator("cpu")
    one = generator.generate(settings, model)
    assert redraw(Original(one.record, one.image), model, generator)[1].kind == "identical"
    sources = [source.role for source in one.record.sources]
    assert sources == ["control_image", "ip_adapter_image"]
    assert len({one.record.image.sha256, pixels(tiny_sd, **said), pixels(tiny_sd, **control)}) == 3


def test_pictures_of_one_call_look_at_their_own(tiny_sd, looks, cat):
    slots = []
    for animal in ("cat", "dog"):
        settings, model = planned(
            tiny_sd, ip_adapter=f"{looks}/plain.safetensors",
            ip_adapter_image=str(cat.with_name(f"{animal}.png")),
        )  # fmt: skip
        slots.append(settings)
    assert shape_key(slots[0]) == shape_key(slots[1])
    generator = DiffusersGenerator("cpu")
    drawn = generator.generate_batch(slots, model)
    assert len({one.record.image.sha256 for one in drawn}) == 2
    assert (
        redraw(Original(drawn[1].record, drawn[1].image), model, generator)[1].kind == "identical"
    )


def test_what_does_not_fit_is_told(tiny_sd, tiny_sdxl, looks, cat, tmp_path):
    said = {"ip_adapter_image": str(cat)}
    plain = looks / "plain.safetensors"
    with pytest.raises(ModelError, match="plain was made for another model: its text is 32"):
        planned(tiny_sdxl, ip_adapter=str(plain), **said)
    tensors = load_file(plain)
    wide = tensors["image_proj.proj.weight"][:, :-1].contiguous()
    save_file({**tensors, "image_proj.proj.weight": wide}, looks / "wide.safetensors")
    with pytest.raises(ModelError, match="wide was made for another image encoder: it takes 23"):
        planned(tiny_sd, ip_adapter=str(looks / "wide.safetensors"), **said)
    few = {n: t for n, t in tensors.items() if not n.startswith("ip_adapter.3.")}
    save_file(few, looks / "few.safetensors")
    with pytest.raises(ModelError, match=r"few was made for another model: .*3.to_k_ip"):
        draw(tiny_sd, ip_adapter=str(looks / "few.safetensors"), **said)
    face = {n: t for n, t in tensors.items() if "proj.weight" not in n}
    save_file(face | {"image_proj.proj.0.weight": torch.zeros(4, 4)}, looks / "face.safetensors")
    with pytest.raises(ModelError, match=r"face.safetensors is a FaceID adapter"):
        planned(tiny_sd, ip_adapter=str(looks / "face.safetensors"), **said)
    save_file({"x": torch.zeros(1)}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=r"odd.safetensors is no IP-Adapter"):
        planned(tiny_sd, ip_adapter=str(tmp_path / "odd.safetensors"), **said)
    shutil.copy(plain, tmp_path / "alone.safetensors")
    with pytest.raises(ModelError, match="no image encoder 'image_encoder' here") as refused:
        planned(tiny_sd, ip_adapter=str(tmp_path / "alone.safetensors"), **said)
    assert "--image-encoder FOLDER" in refused.value.hint


def test_a_broken_encoder_is_told(tiny_sd, looks, cat, tmp_path):
    said = {"ip_adapter": str(looks / "plain.safetensors"), "ip_adapter_image": str(cat)}
    encoder = shutil.copytree(looks / "image_encoder", tmp_path / "eyes")
    tensors = load_file(encoder / "model.safetensors")
    short = {n: t for n, t in tensors.items() if "pre_layrnorm" not in n}
    save_file(short, encoder / "model.safetensors")
    with pytest.raises(ModelError, match="the image encoder eyes is not whole: it lacks "):
        draw(tiny_sd, image_encoder=str(encoder), **said)
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(looks / "image_encoder" / "model.safetensors", bare)
    with pytest.raises(ModelError, match=r"bare/model.safetensors has no config.json"):
        planned(tiny_sd, image_encoder=str(bare), **said)
    with pytest.raises(InputError, match=r"ip_adapter .* needs an ip_adapter_image"):
        planned(tiny_sd, ip_adapter=said["ip_adapter"])
