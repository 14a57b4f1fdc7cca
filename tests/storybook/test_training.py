"""The whole training at toy size, from the first scene to a folder that diffusers loads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

WAIT = 0.03  # minutes a leg


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A folder with a tokenizer, rendered scenes and a trained run."""
    from autoencoder import DecoderLeg, VaeLeg, VaeOrder
    from denoiser import UnetLeg, UnetOrder
    from scenes import Order, render_all
    from tokens import main as make_tokenizer

    root = tmp_path_factory.mktemp("studio")
    make_tokenizer(root / "model" / "tokenizer", scenes=200)
    drawn = {"tokenizer": root / "model" / "tokenizer", "workers": 1, "per_shard": 24}
    render_all(Order(out=root / "scenes", count=48, square=True, **drawn))
    render_all(Order(out=root / "held", count=8, square=True, held_out=True, **drawn))
    toy = {"scenes": root / "scenes", "out": root / "run", "plan": "tiny", "device": "cpu"}
    small = {"batch": 4, "minimum": 24, "capacity": 48, "minutes": WAIT}
    vae = VaeOrder(**toy, **small, held_out=root / "held", edge=64)
    VaeLeg(vae).run()
    tokenizer = root / "model" / "tokenizer"
    UnetLeg(UnetOrder(**toy, **small, tokenizer=tokenizer, preview=1)).run()
    DecoderLeg(vae).run()
    return root


def test_a_leg_makes_one_step_when_its_time_is_over_before_it_begins():
    from optimizer import Clock

    clock = Clock(0.0)
    assert clock.progress() < 1
    assert clock.progress() == 1


def test_legs_leave_their_figures(studio):
    for leg in ("vae", "unet", "decoder"):
        facts = json.loads((studio / "run" / f"{leg}.json").read_text())
        assert facts["steps"] >= 1


def test_training_lowers_the_loss(studio):
    from autoencoder import VaeLeg, VaeOrder, picture_loss
    from networks import decode, encode
    from parts import load_parts
    from shards import Inbox

    order = VaeOrder(studio / "scenes", studio / "run", plan="tiny", device="cpu", capacity=48)
    fresh, trained = VaeLeg(order), VaeLeg(order)
    load_parts(trained.vae, studio / "run", "vae")
    for shard in Inbox(studio / "scenes").take(2):
        fresh.pool.add(shard)
    pictures = fresh.pool.crops(4, 64)
    with torch.no_grad():
        before, after = (
            picture_loss(decode(leg.vae, encode(leg.vae, pictures)), pictures)
            for leg in (fresh, trained)
        )
    assert after < before


def test_a_leg_continues(studio):
    from denoiser import UnetLeg, UnetOrder

    before = json.loads((studio / "run" / "unet.json").read_text())
    order = UnetOrder(
        scenes=studio / "scenes",
        out=studio / "run",
        tokenizer=studio / "model" / "tokenizer",
        plan="tiny",
        device="cpu",
        batch=4,
        minimum=24,
        capacity=48,
        minutes=2 * WAIT + before["seconds"] / 60,
        preview=1,
    )
    UnetLeg(order).run()
    after = json.loads((studio / "run" / "unet.json").read_text())
    assert after["steps"] > before["steps"]
    assert after["seconds"] > before["seconds"]


def test_export_loads_and_draws(studio):
    from export import main as export

    export(studio / "run", studio / "model", "tiny")
    assert (studio / "model" / "SHA256SUMS").exists()
    pipeline = StableDiffusionPipeline.from_pretrained(studio / "model")
    pipeline.set_progress_bar_config(disable=True)
    pictures = pipeline(
        "a girl", num_inference_steps=2, height=64, width=64, output_type="np"
    ).images
    assert pictures.shape == (1, 64, 64, 3)
    assert pictures.std() > 0


def test_drawer_draws_what_the_pipeline_draws(studio):
    from drawing import Drawer
    from export import load_run
    from export import main as export

    export(studio / "run", studio / "model", "tiny")
    pipeline = StableDiffusionPipeline.from_pretrained(studio / "model")
    pipeline.set_progress_bar_config(disable=True)
    wanted = pipeline(
        "a girl",
        num_inference_steps=3,
        guidance_scale=4.0,
        height=64,
        width=64,
        generator=torch.Generator().manual_seed(5),
        output_type="pt",
    ).images
    unet, text, vae, tokenizer = load_run(
        studio / "run", studio / "model" / "tokenizer", "tiny", torch.device("cpu")
    )
    drawn = Drawer(unet, text, vae, tokenizer).draw(["a girl"], [5], (64, 64), steps=3)
    assert torch.allclose(drawn / 2 + 0.5, wanted, atol=1e-4)


def test_shards_appear_whole(tmp_path: Path, studio):
    from shards import Inbox

    inbox = Inbox(studio / "scenes")
    first = next(iter(inbox.take(1)))
    assert first.images.shape == (24, 256, 256, 3)
    assert first.tokens.shape == (24, 6, 77)
    assert first.focus.shape == (24, 32, 32)
    assert 0 < first.focus.mean() < 1
    assert len(first.attributes) == 24
    assert len(list(inbox.take(9))) == 1
    (tmp_path / "x.images.npy").write_bytes(b"half")
    assert Inbox(tmp_path).waiting() == []


def test_boxes_mark_the_latents_that_they_touch():
    from scenes import mark

    focus = np.zeros((4, 4), np.bool_)
    mark(focus, [(-9.0, 8.5, 8.5, 15.0), (25.0, 20.0, 99.0, 31.0), (-20.0, -20.0, -1.0, -1.0)])
    marked = {(int(row), int(column)) for row, column in zip(*focus.nonzero(), strict=True)}
    assert marked == {(1, 0), (1, 1), (2, 3), (3, 3)}


def test_an_export_can_be_trained_on(studio, tmp_path):
    from export import main as export
    from export import restore
    from safetensors.torch import load_file

    export(studio / "run", studio / "model", "tiny")
    restore(studio / "model", tmp_path)
    for name in ("unet-0", "text-0"):
        before = load_file(studio / "run" / f"{name}.safetensors")
        after = load_file(tmp_path / f"{name}.safetensors")
        assert before.keys() == after.keys()
        assert all(torch.equal(before[key], after[key]) for key in before)
    assert (tmp_path / "vae.json").exists()
