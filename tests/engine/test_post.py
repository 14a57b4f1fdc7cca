"""What is done to a picture after drawing: on known colours, and in the record."""

import numpy as np
import pytest
from PIL import Image

from sdgen.engine.post import processed
from sdgen.metadata.record import pixels_sha256
from sdgen.recipe.post import TREATMENTS
from tests.engine.drawing import draw


def after(step: str, colours: list[tuple[int, int, int]]) -> list[list[int]]:
    """A row of pixels after one step."""
    row = Image.fromarray(np.array([colours], np.uint8))
    return np.asarray(processed(row, [step]))[0].tolist()


@pytest.mark.parametrize(
    ("step", "before", "wanted"),
    [
        ("brightness=0.5", [(200, 100, 50)], [[100, 50, 25]]),
        ("contrast=0", [(0, 0, 0), (200, 200, 200)], [[100] * 3] * 2),
        ("contrast=2", [(80, 80, 80), (120, 120, 120)], [[60] * 3, [140] * 3]),
        ("saturation=0", [(255, 0, 0)], [[76] * 3]),
        ("gamma=2", [(0, 64, 255)], [[0, 128, 255]]),
        ("warmth=1", [(100, 100, 100)], [[125, 100, 75]]),
        ("warmth=-1", [(100, 100, 100)], [[75, 100, 125]]),
    ],
)
def test_colours(step, before, wanted):
    assert after(step, before) == wanted


def test_sharpening_makes_an_edge_steeper_and_a_median_takes_a_speck_away():
    edge = Image.new("L", (16, 16), 100)
    edge.paste(150, (8, 0, 16, 16))
    row = np.asarray(processed(edge.convert("RGB"), ["sharpen=1"]))[8, :, 0].astype(int)
    assert row[7] < 100
    assert row[8] > 150
    speck = Image.new("RGB", (5, 5), (10, 10, 10))
    speck.putpixel((2, 2), (250, 250, 250))
    assert processed(speck, ["denoise=1"]).getpixel((2, 2)) == (10, 10, 10)
    assert processed(speck, ["denoise=0.5"]).getpixel((2, 2)) == (130, 130, 130)


@pytest.mark.parametrize("name", [n for n, one in TREATMENTS.items() if one.nothing is not None])
def test_the_amount_that_does_nothing_changes_no_pixel_and_others_do(name):
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    picture, known = Image.fromarray(noise), TREATMENTS[name]
    assert processed(picture, [f"{name}={known.nothing}"]) is picture
    assert pixels_sha256(processed(picture, [f"{name}={known.most}"])) != pixels_sha256(picture)


def test_the_record_has_the_finished_picture_and_the_hash_of_the_one_before(tiny_sd):
    plain, changed = draw(tiny_sd), draw(tiny_sd, post=["gamma=2", "sharpen=1"])
    assert changed.record.image.before_post == plain.record.image.sha256
    assert changed.record.image.sha256 == pixels_sha256(changed.image)
    assert pixels_sha256(changed.image) == pixels_sha256(
        processed(plain.image, ["gamma=2", "sharpen=1"])
    )
    assert plain.record.image.before_post is None
