"""What is left out is really left out, and nothing of it stays for the next picture."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.guidance import guided_until
from sdgen.engine.loader import load_model
from sdgen.models import find_model
from sdgen.models.resolve import plan
from sdgen.recipe.layers import Layer
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.test_generator import draw
from tests.engine.test_together import CPU, alone, foxes, images


@pytest.fixture(scope="module")
def generator() -> DiffusersGenerator:
    return DiffusersGenerator("cpu")


def rows_seen(folder: Path, block_of, work) -> list[int]:
    """How many rows each call of a block of the UNet had while `work` went on."""
    unet = load_model(find_model(str(folder)), "float32", CPU).pipeline.unet
    block: nn.Module = block_of(unet)
    seen: list[int] = []
    layer = next(one for one in block.modules() if isinstance(one, nn.Conv2d))
    hook = layer.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    try:
        work()
    finally:
        hook.remove()
    return seen


def first(unet):
    return unet.conv_in


def middle(unet):
    return unet.mid_block.resnets[0].conv1


@pytest.mark.parametrize(
    ("share", "rows"),
    [("0.5", [2, 2, 2, 1, 1, 1]), ("0.55", [2, 2, 2, 2, 1, 1]), ("0.1", [2, 1, 1, 1, 1, 1])],
)
def test_after_guidance_ended_the_prompt_is_alone(generator, tiny_sd, tiny_sdxl, share, rows):
    for folder in (tiny_sd, tiny_sdxl):
        load_model(find_model(str(folder)), "float32", CPU)
        said = {"steps": 6, "scheduler": "euler", "approximate": f"guidance-until={share}"}
        assert rows_seen(folder, first, partial(draw, generator, folder, **said)) == rows


def test_deep_blocks_are_computed_in_every_nth_step(generator, tiny_sd, tiny_sdxl):
    for folder in (tiny_sd, tiny_sdxl):
        load_model(find_model(str(folder)), "float32", CPU)
        said = {"steps": 7, "scheduler": "euler", "approximate": "deepcache=3"}
        assert rows_seen(folder, middle, partial(draw, generator, folder, **said)) == [2, 2, 2]
        assert len(rows_seen(folder, first, partial(draw, generator, folder, **said))) == 7


def test_the_end_of_guidance_begins_with_a_full_step(generator, tiny_sd: Path):
    load_model(find_model(str(tiny_sd)), "float32", CPU)
    said = {"steps": 8, "scheduler": "euler", "approximate": "deepcache=4,guidance-until=0.75"}
    assert rows_seen(tiny_sd, middle, partial(draw, generator, tiny_sd, **said)) == [2, 2, 1]


@pytest.mark.parametrize(("share", "steps", "last"), [(0.28, 25, 7), (0.56, 50, 28), (0.25, 5, 2)])
def test_a_share_of_steps_is_rounded_up_and_no_further(share: float, steps: int, last: int):
    pipeline = SimpleNamespace(num_timesteps=steps, do_classifier_free_guidance=True)
    rows = {"prompt_embeds": torch.zeros(2, 1, 1)}
    ended = [len(guided_until(share, pipeline, done, rows)["prompt_embeds"]) == 1
             for done in range(1, steps + 1)]  # fmt: skip
    assert ended.index(True) + 1 == last


@pytest.mark.parametrize("approximate", ["guidance-until=0.5", "deepcache=2"])
def test_nothing_stays_for_the_next_picture(generator, tiny_sd, tiny_sdxl, approximate: str):
    for folder in (tiny_sd, tiny_sdxl):
        exact = draw(generator, folder, steps=4).record.image
        other = draw(generator, folder, steps=4, approximate=approximate).record.image
        assert draw(generator, folder, steps=4).record.image == exact != other
        again = draw(generator, folder, steps=4, approximate=approximate)
        assert again.record.image == other


def test_a_replay_leaves_out_the_same(generator, tiny_sd: Path):
    drawing = draw(generator, tiny_sd, steps=6, approximate="deepcache=2,guidance-until=0.5")
    assert drawing.record.settings.approximate == ("deepcache=2", "guidance-until=0.5")
    original = Original(drawing.record, drawing.image)
    _, verdict = redraw(original, find_model(str(tiny_sd)), generator)
    assert verdict.kind == "identical"


def test_a_picture_out_of_a_call_is_the_same_alone_in_its_slot(generator, tiny_sd: Path):
    folder = find_model(str(tiny_sd))
    slots = foxes(3, steps=6, approximate=("deepcache=2", "guidance-until=0.5"))
    drawn = images(generator.generate_batch(slots, folder))
    assert images(generator.generate_batch(alone(slots, 1), folder)) == [drawn[1]]


def test_a_failure_leaves_nothing_behind(generator, tiny_sd: Path):
    exact = draw(generator, tiny_sd, steps=4).record.image

    def stop(*_):
        raise KeyboardInterrupt

    said = {"prompt": "a red fox", "seed": 7, "model": str(tiny_sd), "approximate": "deepcache=2"}
    planned = plan([Layer("test", said)])
    with pytest.raises(KeyboardInterrupt):
        generator.generate(planned.settings, planned.model, stop)
    assert draw(generator, tiny_sd, steps=4).record.image == exact
