"""The distilling of the built-in model at toy size, and the measuring of what came of it."""

import json
import sys

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors import safe_open

WORDS = ["a girl on a beach", "a cat", "a castle at night", "雪地里的狐狸", "海滩", "a dog"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder as that of the built-in model, of tiny networks with random weights."""
    from export import write
    from networks import TINY, build_text_encoder, build_unet, build_vae
    from transformers import CLIPTokenizer
    from turbo import MODEL

    torch.manual_seed(1)
    pieces = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    text = build_text_encoder(TINY, len(pieces), pieces.bos_token_id, pieces.eos_token_id)
    folder = tmp_path_factory.mktemp("model")
    write((build_unet(TINY), text, build_vae(TINY), pieces), folder)
    pieces.save_pretrained(folder / "tokenizer")
    return folder


def order(model, out, **more):
    from turbo import TurboOrder

    small = {"noises": 2, "batch": 4, "captions": 8, "capacity": 64, "substeps": 2, "preview": 1}
    return TurboOrder(out, model, device="cpu", **{**small, "minutes": 0.05, "rank": 2, **more})


@pytest.fixture(scope="module")
def lora(model, tmp_path_factory):
    """The file of a short distilling."""
    from turbo import TurboLeg

    out = tmp_path_factory.mktemp("turbo") / "few.safetensors"
    TurboLeg(order(model, out)).run()
    return out


def test_a_walk_in_one_stride_is_the_models_own_scheduler():
    from drawing import scheduler
    from walk import Walk

    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))

    def guess(x, time):
        return x.sin() * (1 + float(time) / 1000)

    plan = scheduler()
    plan.set_timesteps(20)
    x = noise
    for time in plan.timesteps:
        x = plan.step(guess(x, time), time, x, return_dict=False)[0]
    walked = Walk(1, 20, torch.device("cpu")).follow(noise, 0, guess)
    assert torch.allclose(walked, x, atol=1e-4)


def test_a_stride_is_a_step_of_ddim_and_leads_to_its_goal():
    from drawing import scheduler
    from walk import Walk

    walk = Walk(4, 5, torch.device("cpu"))
    plan = scheduler("ddim_trailing")
    plan.set_timesteps(4)
    assert plan.timesteps.tolist() == [stride[0] for stride in walk.strides]
    for stride, time in enumerate(plan.timesteps):
        x, goal = torch.randn(2, 1, 4, 8, 8)
        velocity = walk.velocity(x, goal, stride)
        stepped = plan.step(velocity, time, x, return_dict=False)[0]
        assert torch.allclose(stepped, goal, atol=1e-4)
        assert torch.allclose(walk.step(x, velocity, stride), goal, atol=1e-4)


def test_strides_must_divide_the_timesteps():
    from walk import Walk

    with pytest.raises(SystemExit, match="3 times 7 steps do not divide 1000"):
        Walk(3, 7, torch.device("cpu"))


def test_a_ring_makes_room_for_what_is_new():
    from pools import Ring

    ring = Ring(4)
    for start in (0, 3):
        ring.add(row=torch.arange(start, start + 3))
    assert sorted(ring.rows["row"].tolist()) == [2, 3, 4, 5]
    assert set(ring.batch(50)["row"].tolist()) == {2, 3, 4, 5}


def test_pulled_gradients_are_those_of_the_factors():
    from adapter import Adapter

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.Flatten(), torch.nn.Linear(12, 2))
    adapter = Adapter(net, 2)
    for up, _ in adapter.factors():
        up.data.normal_()
    adapter.push()
    x = torch.randn(5, 2, 4, 4)
    net(x).square().mean().backward()
    adapter.pull()
    weights = [
        base + (up @ down).view_as(base)
        for base, (up, down) in zip(adapter.base, adapter.factors(), strict=True)
    ]
    maps = torch.nn.functional.conv2d(x, weights[0], net[0].bias).flatten(1)
    loss = torch.nn.functional.linear(maps, weights[1], net[2].bias).square().mean()
    factors = [factor for pair in adapter.factors() for factor in pair]
    for factor, wanted in zip(factors, torch.autograd.grad(loss, factors), strict=True):
        assert torch.allclose(factor.grad, wanted, atol=1e-6)


def test_distilling_brings_the_student_nearer_to_the_teacher(model, lora):
    from adapter import merge
    from drawing import Drawer
    from export import load_run, restore

    restore(model, lora.parent)
    pieces = model / "tokenizer"
    networks = load_run(lora.parent, pieces, "tiny", torch.device("cpu"))
    drawer, way = Drawer(*networks), {"size": (64, 64), "guidance": 5.0}
    few = {**way, "steps": 4, "guidance": 1.0, "sampler": "ddim_trailing"}
    wanted = drawer.draw(WORDS, range(6), **way, steps=8)
    before = (drawer.draw(WORDS, range(6), **few) - wanted).abs().mean()
    merge(networks[0], lora)
    after = (drawer.draw(WORDS, range(6), **few) - wanted).abs().mean()
    assert after < before


def test_a_leg_continues(model, lora):
    from turbo import TurboLeg

    def facts():
        with safe_open(lora, "pt") as file:
            return file.metadata()

    before = facts()
    assert (before["scheduler"], before["num_inference_steps"]) == ("ddim_trailing", "4")
    minutes = (int(before["training_seconds"]) + 3) / 60
    TurboLeg(order(model, lora, minutes=minutes)).run()
    assert int(facts()["training_steps"]) > int(before["training_steps"])


def test_merged_is_what_sdgen_draws_with_the_file(model, lora):
    from adapter import changeable, merge
    from diffusers import UNet2DConditionModel
    from safetensors.torch import load_file

    from sdgen.engine.lora import Change
    from sdgen.models.lora_keys import flat_path, read_names

    merged, hooked = (UNet2DConditionModel.from_pretrained(model / "unet") for _ in range(2))
    merge(merged, lora)
    tensors = load_file(lora)
    contents = read_names(tensors)
    assert not contents.unread
    for path, layer in changeable(hooked).items():
        pair = contents.pairs.pop(("unet", flat_path(path)))
        matrices = (tensors[name].float() for name in (pair.down, pair.up))
        layer.register_forward_hook(Change(layer, *matrices))
    assert not contents.pairs
    x, words = torch.randn(1, 4, 8, 8), torch.randn(1, 77, 32)
    with torch.no_grad():
        one, other = merged(x, 999, words).sample, hooked(x, 999, words).sample
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def test_drawer_without_guidance_draws_what_the_pipeline_draws(model, tmp_path):
    from drawing import Drawer, scheduler
    from export import load_run, restore

    restore(model, tmp_path)
    pipeline = StableDiffusionPipeline.from_pretrained(model)
    pipeline.scheduler = DDIMScheduler.from_config(scheduler("ddim_trailing").config)
    pipeline.set_progress_bar_config(disable=True)
    wanted = pipeline(
        "a girl",
        num_inference_steps=4,
        guidance_scale=1.0,
        height=64,
        width=64,
        generator=torch.Generator().manual_seed(5),
        output_type="pt",
    ).images
    networks = load_run(tmp_path, model / "tokenizer", "tiny", torch.device("cpu"))
    drawn = Drawer(*networks).draw(
        ["a girl"], [5], (64, 64), steps=4, guidance=1.0, sampler="ddim_trailing"
    )
    assert torch.allclose(drawn / 2 + 0.5, wanted, atol=1e-4)


def test_another_file_is_no_lora_to_merge(model):
    from adapter import merge

    path = model / "unet" / "diffusion_pytorch_model.safetensors"
    with pytest.raises(SystemExit, match=r"not a LoRA that turbo\.py wrote"):
        merge(torch.nn.Linear(1, 1), path)


def test_few_steps_are_measured(model, lora, tmp_path, monkeypatch):
    import evaluate
    from classifier import Judge, save_judge
    from export import restore
    from scenes import Order, render_all

    restore(model, tmp_path / "run")
    held = Order(tmp_path / "held", model / "tokenizer", 2, square=True, workers=1, held_out=True)
    render_all(held)
    save_judge(Judge(evaluate.labels_of_the_world(300)), tmp_path / "judge.pt")
    given = {
        "--scenes": tmp_path / "none", "--held-out": tmp_path / "held", "--run": tmp_path / "run",
        "--out": tmp_path / "few", "--tokenizer": model / "tokenizer", "--plan": "tiny",
        "--device": "cpu", "--prompts": 2, "--steps": 4, "--guidance": 1, "--lora": lora,
        "--scheduler": "ddim_trailing", "--judge": tmp_path / "judge.pt",
    }  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *(str(x) for p in given.items() for x in p)])
    monkeypatch.setattr(evaluate, "PREVIEW", WORDS + WORDS[:3])
    evaluate.main()
    result = json.loads((tmp_path / "few" / "evaluation.json").read_text())
    assert result["settings"] == {
        "steps": 4, "guidance": 1.0, "sampler": "ddim_trailing", "prompts": 2, "lora": True,
    }  # fmt: skip
    assert result["moves"]["negative"] == 0  # without guidance there is nothing to turn away from
    assert result["moves"]["seed"] > 0
    assert (tmp_path / "few" / "sheet.png").exists()
