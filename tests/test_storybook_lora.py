"""The trained LoRA on the built-in model: it is small, it is seen, and it leaves no trace."""

import numpy as np
import pytest

from sdgen.api import Picture, generate
from tests.loras import DUSK

FOX = {"seed": 5, "steps": 3, "device": "cpu"}


def draw(*loras: str) -> Picture:
    return generate("a red fox in a snowy forest", lora=list(loras), **FOX)


def warmth(picture: Picture) -> float:
    """How much redder than blue the picture is on average, in levels of 255."""
    red, _, blue = np.asarray(picture.image, float).mean(axis=(0, 1))
    return red - blue


@pytest.fixture(scope="module")
def plain() -> Picture:
    return draw()


def test_the_file_is_small_enough_to_be_shipped_with_the_tests():
    assert DUSK.stat().st_size < 300_000


def test_a_picture_turns_blue_the_more_the_larger_the_scale(plain):
    half, whole = draw(f"{DUSK}:0.5"), draw(str(DUSK))
    assert warmth(plain) - 5 > warmth(half) > warmth(whole) + 5
    assert whole.record.added[0].name == "dusk"
    assert whole.record.added[0].left_out == 0


def test_nothing_of_it_is_left_in_the_next_picture(plain):
    assert draw(f"{DUSK}:0").record.image == plain.record.image
    assert draw().record.image == plain.record.image
