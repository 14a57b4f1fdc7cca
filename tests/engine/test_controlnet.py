"""ControlNets on toy pipelines: diffusers' pictures, both dialects, no trace, what is refused."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
)
from PIL import Image
from safetensors.torch import load_file, save_file

from sdgen.engine import shape_key
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.schedulers import build_scheduler
from sdgen.errors import InputError, ModelError
from sdgen.models.unets import refuse_misfit
from sdgen.replay import redraw
from sdgen.sources.canny import canny
from sdgen.verdict import Original
from tests.engine.drawing import draw, kept_state, pixels, planned
from tests.guides import build_controlnet, write_controlnet

FILE = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 64x64, and a dog beside it."""
    folder = tmp_path_factory.mktemp("cats")
    noise = np.random.default_rng(3).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((64, 64)).save(folder / "cat.png")
    Image.fromarray(noise[::-1]).resize((64, 64)).save(folder / "dog.png")
    return folder / "cat.png"


@pytest.fixture(scope="module")
def net(tiny_sd, tmp_path_factory) -> Path:
    return write_controlnet(tiny_sd, tmp_path_factory.mktemp("nets") / "edges")


@pytest.fixture(scope="module")
def other(tiny_sd, tmp_path_factory) -> Path:
    return write_controlnet(tiny_sd, tmp_path_factory.mktemp("nets") / "depth.safetensors", seed=9)


def by_diffusers(kind, folder: Path, nets: list[Path], scheduler: str, **call) -> np.ndarray:
    """The picture of a plain script, as levels."""
    loaded = [ControlNetModel.from_pretrained(one) for one in nets]
    more = {} if "XL" in kind.__name__ else {"safety_checker": None}
    pipe = kind.from_pretrained(
        folder, controlnet=loaded[0] if len(loaded) == 1 else loaded, **more
    )
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = build_scheduler(scheduler, dict(pipe.scheduler.config))
    [image] = pipe(
        "fox", generator=torch.Generator("cpu").manual_seed(7), output_type="np",
        **{"num_inference_steps": 4, "guidance_scale": 7.0, **call},
    ).images  # fmt: skip
    return (image * 255).round().astype(np.uint8)


def ours(folder: Path, **said) -> np.ndarray:
    said = {"prompt": "fox", "prompt_syntax": "plain", "steps": 4, "scheduler": "euler", **said}
    return np.asarray(draw(folder, **said).image)


@pytest.mark.parametrize("scheduler", ["euler", "heun", "dpmpp_2m_sde", "pndm"])
def test_the_picture_is_that_of_a_plain_diffusers_script(tiny_sd, net, cat, scheduler):
    theirs = by_diffusers(
        StableDiffusionControlNetPipeline, tiny_sd, [net], scheduler,
        image=Image.open(cat), controlnet_conditioning_scale=0.7,
    )  # fmt: skip
    drawn = ours(tiny_sd, scheduler=scheduler, controlnet=f"{net}:0.7", control_image=str(cat))
    assert np.array_equal(drawn, theirs)
    assert not np.array_equal(drawn, ours(tiny_sd, scheduler=scheduler))


@pytest.mark.parametrize("guidance", [7.0, 1.0])
def test_guessing_is_too(tiny_sd, net, cat, guidance):
    theirs = by_diffusers(
        StableDiffusionControlNetPipeline, tiny_sd, [net], "euler",
        image=Image.open(cat), guess_mode=True, guidance_scale=guidance,
        controlnet_conditioning_scale=1.0,
    )  # fmt: skip
    said = {"controlnet": str(net), "control_image": str(cat), "guidance_scale": guidance}
    drawn = ours(tiny_sd, control_mode="guess", **said)
    assert np.array_equal(drawn, theirs)
    assert not np.array_equal(drawn, ours(tiny_sd, **said))


def test_several_act_each_in_its_part_of_the_steps(tiny_sd, net, other, cat, tmp_path):
    second = write_controlnet(tiny_sd, tmp_path / "depth", seed=9)
    dog = cat.with_name("dog.png")
    theirs = by_diffusers(
        StableDiffusionControlNetPipeline, tiny_sd, [net, second], "euler",
        image=[Image.open(cat), canny(Image.open(dog), 100, 200)],
        controlnet_conditioning_scale=[1.0, 0.5], control_guidance_start=[0.0, 0.5],
        control_guidance_end=[0.5, 1.0],
    )  # fmt: skip
    nets = [f"{net}:1:0:0.5", f"{other}:0.5:0.5:1"]
    said = {"control_image": [str(cat), str(dog)], "control_prepare": ["none", "canny"]}
    assert np.array_equal(ours(tiny_sd, controlnet=nets, **said), theirs)


def test_sdxl_too(tiny_sdxl, cat, tmp_path):
    net = write_controlnet(tiny_sdxl, tmp_path / "net")
    theirs = by_diffusers(
        StableDiffusionXLControlNetPipeline, tiny_sdxl, [net], "euler",
        image=Image.open(cat), controlnet_conditioning_scale=0.7,
    )  # fmt: skip
    drawn = ours(tiny_sdxl, controlnet=f"{net}:0.7", control_image=str(cat))
    assert np.array_equal(drawn, theirs)


def test_over_a_picture_too(tiny_sd, net, cat, tmp_path):
    theirs = by_diffusers(
        StableDiffusionControlNetImg2ImgPipeline, tiny_sd, [net], "euler",
        image=_latents(tiny_sd, cat), control_image=Image.open(cat), strength=0.5,
        controlnet_conditioning_scale=1.0, height=64, width=64,
    )  # fmt: skip
    said = {"image": str(cat), "strength": 0.5}
    assert np.array_equal(
        ours(tiny_sd, controlnet=str(net), control_image=str(cat), **said), theirs
    )


def _latents(folder: Path, picture: Path) -> torch.Tensor:
    from diffusers import AutoencoderKL, StableDiffusionPipeline

    vae = AutoencoderKL.from_pretrained(folder / "vae")
    pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    with torch.no_grad():
        pixels = pipe.image_processor.preprocess(Image.open(picture).convert("RGB"))
        return vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor


def test_a_picture_after_it_is_the_one_before_it(tiny_sd, net, cat):
    before, state = pixels(tiny_sd), kept_state()
    said = {"controlnet": str(net), "control_image": str(cat)}
    first = draw(tiny_sd, **said)
    assert kept_state() == state
    assert pixels(tiny_sd) == before != first.record.image.sha256
    assert pixels(tiny_sd, **said) == first.record.image.sha256
    assert pixels(tiny_sd, controlnet=f"{net}:0", control_image=str(cat)) == before
    [added] = first.record.added
    assert (added.kind, added.name) == ("controlnet", "edges")
    [source] = first.record.sources
    assert (source.role, source.name) == ("control_image", "cat.png")
    assert first.record.settings.controlnet == ("edges:1",)


def test_it_is_drawn_again_from_its_record(tiny_sd, net, cat):
    settings, model = planned(tiny_sd, controlnet=f"{net}:0.8", control_image=str(cat))
    generator = DiffusersGenerator("cpu")
    one = generator.generate(settings, model)
    assert redraw(Original(one.record, one.image), model, generator)[1].kind == "identical"


@pytest.mark.parametrize(
    "more",
    [
        {"approximate": "deepcache=2"},
        {"approximate": "guidance-until=0.5"},
        {"tiling": "xy"},
        {"freeu": "1.2,1.4,0.9,0.2"},
        {"hires_scale": 2.0, "steps": 3},
    ],
)
def test_other_features_of_a_call_hold_beside_it(tiny_sd, net, cat, more):
    said = {"controlnet": str(net), "control_image": str(cat), "steps": 4}
    plain, other = pixels(tiny_sd, **said), pixels(tiny_sd, **{**said, **more})
    assert plain != other
    without = {name: value for name, value in {**said, **more}.items() if "control" not in name}
    assert pixels(tiny_sd, **without) != other
    assert pixels(tiny_sd, **said) == plain


def test_a_seamless_picture_has_no_edge_in_its_control_either(tiny_sd, net, cat, tmp_path):
    """What moves around the torus with the noise and the control is the same picture, moved."""
    from sdgen.engine import loader
    from sdgen.engine.controlnet import steered, with_controlnets

    settings, model = planned(tiny_sd, controlnet=str(net), control_image=str(cat), tiling="xy")
    DiffusersGenerator("cpu").load(model, "float32")
    [loaded] = loader._kept.values()
    picture = torch.rand(1, 3, 64, 64)
    with with_controlnets(loaded, model, settings) as ready, steered(ready, [settings]):
        [network] = ready.controlnets
        way_in = network.controlnet_cond_embedding
        moved = way_in(picture.roll((8, 16), (2, 3)))
        assert torch.allclose(moved, way_in(picture).roll((1, 2), (2, 3)), atol=1e-6)
    assert not torch.allclose(way_in(picture.roll((8, 16), (2, 3))), moved, atol=1e-6)


def test_pictures_of_one_call_have_their_own_controls(tiny_sd, net, cat):
    slots = []
    for animal, seed in (("cat", 1), ("dog", 1), ("cat", 2)):
        control = str(cat.with_name(f"{animal}.png"))
        settings, model = planned(tiny_sd, controlnet=str(net), control_image=control, seed=seed)
        slots.append(settings)
    assert len(set(map(shape_key, slots))) == 1
    generator = DiffusersGenerator("cpu")
    drawn = generator.generate_batch(slots, model)
    assert len({one.record.image.sha256 for one in drawn}) == 3
    assert (
        redraw(Original(drawn[1].record, drawn[1].image), model, generator)[1].kind == "identical"
    )


def as_ldm(tensors: dict[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """The tensors by the names of the first ControlNets, by hand, for two levels of one layer."""
    exact = {
        "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0", "controlnet_mid_block": "middle_block_out.0",
        "controlnet_cond_embedding.conv_in": "input_hint_block.0",
        "controlnet_cond_embedding.conv_out": "input_hint_block.14",
        "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2", "down_blocks.0.resnets.0": "input_blocks.1.0",
        "down_blocks.0.attentions.0": "input_blocks.1.1",
        "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
        "down_blocks.1.resnets.0": "input_blocks.3.0",
        **{f"controlnet_down_blocks.{n}": f"zero_convs.{n}.0" for n in range(4)},
        **{f"controlnet_cond_embedding.blocks.{n}": f"input_hint_block.{2 * n + 2}"
           for n in range(6)},
    }  # fmt: skip
    inner = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
             "norm2": "out_layers.0", "conv2": "out_layers.3",
             "conv_shortcut": "skip_connection"}  # fmt: skip
    named = {}
    for name, tensor in tensors.items():
        start = max((s for s in exact if name.startswith(f"{s}.")), key=len)
        rest = name.removeprefix(f"{start}.")
        if "resnets" in start:
            part = rest.partition(".")[0]
            rest = rest.replace(part, inner[part], 1)
        named[f"{prefix}{exact[start]}.{rest}"] = tensor
    return named


def test_both_dialects_are_read(tiny_sd, cat, tmp_path):
    """Those of the first code have always a way in of six steps."""
    network = build_controlnet(tiny_sd, seed=4, channels=(4, 8, 8, 8))
    tensors = {n: t.contiguous() for n, t in network.state_dict().items()}
    save_file(tensors, tmp_path / "diffusers.safetensors")
    save_file(as_ldm(tensors), tmp_path / "plain.safetensors")
    save_file(as_ldm(tensors, "control_model."), tmp_path / "cut.safetensors")
    every = [
        pixels(tiny_sd, controlnet=str(path), control_image=str(cat))
        for path in sorted(tmp_path.glob("*.safetensors"))
    ]
    assert len(every) == 3
    assert len(set(every)) == 1


def test_a_network_without_attention_is_known_by_its_tensors(tiny_sd, cat, tmp_path):
    """As the small ones for SDXL are: its config is not asked."""
    network = build_controlnet(tiny_sd, seed=4)
    kept = dict(network.config) | {
        "down_block_types": ["DownBlock2D", "DownBlock2D"], "mid_block_type": "UNetMidBlock2D",
    }  # fmt: skip
    small = ControlNetModel.from_config({k: v for k, v in kept.items() if not k.startswith("_")})
    for parameter in small.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    small.save_pretrained(tmp_path / "small")
    theirs = by_diffusers(
        StableDiffusionControlNetPipeline, tiny_sd, [tmp_path / "small"], "euler",
        image=Image.open(cat),
    )  # fmt: skip
    drawn = ours(tiny_sd, controlnet=str(tmp_path / "small"), control_image=str(cat))
    assert np.array_equal(drawn, theirs)


def test_what_does_not_fit_is_told(tiny_sd, tiny_sdxl, net, cat, tmp_path):
    said = {"control_image": str(cat)}
    with pytest.raises(
        ModelError, match="edges was made for another model: its text is 32 numbers"
    ):
        planned(tiny_sdxl, controlnet=str(net), **said)
    tensors = load_file(net / FILE)
    wide = {**tensors, "controlnet_mid_block.weight": torch.zeros(9, 9, 1, 1)}
    save_file(wide, tmp_path / "wide.safetensors")
    save_file({n: t for n, t in tensors.items() if "time" not in n}, tmp_path / "short.safetensors")
    for name in ("wide", "short"):
        with pytest.raises(ModelError, match=f"{name} was made for another model: ") as refused:
            draw(tiny_sd, controlnet=str(tmp_path / f"{name}.safetensors"), **said)
        assert "\n" not in str(refused.value)
    with pytest.raises(ModelError, match="no ControlNet 'nowhere' here"):
        planned(tiny_sd, controlnet="nowhere", **said)


def test_a_model_without_a_unet_takes_none(tiny_sd, net, tmp_path):
    _, model = planned(tiny_sd)
    (tmp_path / "transformer").mkdir()
    with pytest.raises(
        ModelError, match="tiny-sd has no UNet, and sdgen has ControlNets for UNets"
    ):
        refuse_misfit("edges", {}, replace(model, folder=tmp_path), "ControlNets")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("task_embedding", "a union of ControlNets"),
        ("lora_controlnet", "a Control-LoRA"),
        ("controlnet_x_embedder.weight", "a ControlNet for transformers"),
        ("lllite_unet_mid.weight", "a ControlNet-LLLite"),
        ("image_proj.proj.weight", "an IP-Adapter"),
    ],
)
def test_relatives_are_refused_by_name(tiny_sd, cat, tmp_path, name, kind):
    save_file({name: torch.zeros(1)}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=f"odd.safetensors is {re.escape(kind)}"):
        planned(tiny_sd, controlnet=str(tmp_path / "odd.safetensors"), control_image=str(cat))


def test_a_pooled_network_is_refused(tiny_sd, net, cat, tmp_path):
    network = ControlNetModel.from_pretrained(net)
    network.register_to_config(global_pool_conditions=True)
    network.save_pretrained(tmp_path / "shuffle")
    with pytest.raises(ModelError, match="shuffle is a ControlNet of an unusual kind"):
        planned(tiny_sd, controlnet=str(tmp_path / "shuffle"), control_image=str(cat))


def test_a_file_that_was_changed_in_between_is_refused(tiny_sd, other, cat, tmp_path):
    (tmp_path / "own.safetensors").write_bytes(other.read_bytes())
    path = tmp_path / "own.safetensors"
    settings, model = planned(tiny_sd, controlnet=str(path), control_image=str(cat))
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(ModelError, match="own was changed while it was in use"):
        DiffusersGenerator("cpu").generate(settings, model)


def test_a_picture_that_was_changed_in_between_is_refused(tiny_sd, net, cat, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "guide.png")
    path = tmp_path / "guide.png"
    settings, model = planned(tiny_sd, controlnet=str(net), control_image=str(path))
    Image.new("RGB", (64, 64), "red").save(path)
    with pytest.raises(InputError, match="was changed while sdgen was at work"):
        DiffusersGenerator("cpu").generate(settings, model)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_graphs_play_no_other_control(tiny_sd, net, cat):
    """The third picture is played from graphs; other pictures, scales and parts are not its."""
    generator = DiffusersGenerator("cuda")

    def drawn(**said: object) -> str:
        settings, model = planned(tiny_sd, steps=4, dtype="float32", **said)
        return generator.generate(settings, model).record.image.sha256

    dog = str(cat.with_name("dog.png"))
    ways = [
        {},
        {"controlnet": str(net), "control_image": str(cat)},
        {"controlnet": str(net), "control_image": dog},
        {"controlnet": f"{net}:0.5", "control_image": dog},
        {"controlnet": f"{net}:1:0:0.5", "control_image": dog},
    ]
    first = [drawn(**way) for way in ways]
    assert len(set(first)) == len(ways)
    for _ in range(2):
        assert [drawn(**way) for way in ways] == first
