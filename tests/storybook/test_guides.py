"""The trained ControlNet and IP-Adapter on the built-in model: pictures follow them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file
from scipy import ndimage

from sdgen.api import Picture, generate
from sdgen.sources.canny import canny

WEIGHTS = Path(__file__).parents[1] / "weights"

FAST = {"config": "turbo", "device": "cpu"}
"""Four steps without guidance."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guides")


@pytest.fixture(scope="module")
def edges(folder: Path) -> str:
    """The whole ControlNet: the trained ways, and the rest from the model itself."""
    from controlnet import assembled
    from lora import frozen_parts

    network = assembled(frozen_parts()[0], load_file(WEIGHTS / "edges.safetensors")).half()
    path = folder / "edges.safetensors"
    save_file({name: one.contiguous() for name, one in network.state_dict().items()}, path)
    return str(path)


@pytest.fixture(scope="module")
def fox(folder: Path) -> Path:
    """A picture to follow."""
    return generate("a red fox in a snowy forest", seed=5, **FAST).save(folder / "fox.png")


def edges_in(image: Image.Image) -> np.ndarray:
    return np.asarray(canny(image, 100, 200))[..., 0] > 0


def followed(picture: Picture, leader: Path) -> float:
    """The share of the leader's edges that lie within two pixels of an edge of the picture."""
    with Image.open(leader) as image:
        wanted = edges_in(image)
    near = ndimage.binary_dilation(edges_in(picture.image), iterations=2)
    return float(near[wanted].mean())


def test_the_files_are_small_enough_to_be_shipped_with_the_tests():
    assert sum((WEIGHTS / f"{name}.safetensors").stat().st_size for name in SHIPPED) < 400_000


SHIPPED = ("edges", "look")


@pytest.mark.parametrize("prompt", ["a red fox in a forest at night", "a yellow fox in a garden"])
def test_a_picture_has_the_edges_of_the_one_it_follows(edges, fox, prompt):
    said = {"control_image": fox, "control_prepare": "canny", "seed": 3, **FAST}
    plain = generate(prompt, seed=3, **FAST)
    half = generate(prompt, controlnet=f"{edges}:0.5", **said)
    whole = generate(prompt, controlnet=edges, **said)
    assert followed(plain, fox) < 0.45
    assert followed(plain, fox) + 0.1 < followed(half, fox) < followed(whole, fox)
    assert followed(whole, fox) > 0.7
    assert generate(prompt, seed=3, **FAST).record.image == plain.record.image


def test_a_part_of_the_steps_is_followed_in_part(edges, fox):
    said = {"control_image": fox, "control_prepare": "canny", "seed": 3, **FAST}
    prompt = "a yellow fox in a garden"
    early = generate(prompt, controlnet=f"{edges}:1:0:0.5", **said)
    plain, whole = generate(prompt, seed=3, **FAST), generate(prompt, controlnet=edges, **said)
    assert followed(plain, fox) + 0.1 < followed(early, fox) < followed(whole, fox)


@pytest.fixture(scope="module")
def look(folder: Path) -> str:
    """The whole IP-Adapter with its encoder beside it."""
    from ip_adapter import write_whole

    write_whole(WEIGHTS / "look.safetensors", folder)
    return str(folder / "look.safetensors")


def colours(picture: Picture) -> np.ndarray:
    """The mean colours of the upper and of the lower half, in levels of 255."""
    halves = picture.image.resize((1, 2), Image.Resampling.BOX)
    return np.asarray(halves, float)


def test_a_picture_takes_the_colours_of_the_one_it_looks_at(look, folder):
    castle = {"prompt": "a castle on a hill", "seed": 4, "steps": 6, "device": "cpu"}
    leaders = {name: generate(prompt, seed=1, **FAST) for name, prompt in LEADERS.items()}
    drawn = {
        name: generate(
            ip_adapter=look, ip_adapter_image=leader.save(folder / f"{name}.png"), **castle
        )
        for name, leader in leaders.items()
    }
    plain = generate(**castle)
    for name, picture in drawn.items():
        here, before = (
            float(np.abs(colours(one) - colours(leaders[name])).mean()) for one in (picture, plain)
        )
        others = [
            float(np.abs(colours(picture) - colours(leader)).mean())
            for other, leader in leaders.items() if other != name
        ]  # fmt: skip
        assert here < before - 10, name
        assert all(here < other - 10 for other in others), name
    assert generate(**castle).record.image == plain.record.image


LEADERS = {
    "beach": "a girl in a white dress on a sunset beach",
    "night": "a bear in the snow at night",
}
