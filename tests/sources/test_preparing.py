"""Pictures made ready for ControlNets: Canny's edges as OpenCV has them, and the simple ways."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from sdgen.recipe.control import WAYS, Prepare, parse_prepare
from sdgen.sources.canny import canny
from sdgen.sources.preparing import prepared


def tiles(seed: int) -> Image.Image:
    """Random tiles of 5 by 7 pixels, 55 by 63 in all, with a part of them upside down."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    large = np.kron(small, np.ones((7, 5, 1), np.uint8))
    large[20:40, 10:30] = large[20:40, 10:30][::-1]
    return Image.fromarray(large)


@pytest.mark.parametrize(
    ("seed", "low", "high", "sha256", "count"),
    [
        (1, 100, 200, "676a72ea420bbc95", 908),
        (2, 300, 900, "b3177b8948425d74", 813),
        (3, 0, 50, "891fca1494cf7147", 916),
    ],
)
def test_edges_are_those_of_opencv(seed, low, high, sha256, count):
    """The hashes are of what cv2.Canny of OpenCV 5.0 gave for these pictures."""
    edges = np.asarray(canny(tiles(seed), low, high))
    assert (edges[..., 0] > 0).sum() == count
    assert hashlib.sha256(edges[..., 0].tobytes()).hexdigest()[:16] == sha256
    assert (edges == edges[..., :1]).all()


def test_higher_thresholds_leave_fewer_edges_and_add_none():
    few, many = (np.asarray(canny(tiles(1), low, 900)) > 0 for low in (600, 100))
    assert 0 < few.sum() < many.sum()
    assert (many | ~few).all()


def test_a_flat_picture_has_none():
    assert not np.asarray(canny(Image.new("RGB", (9, 8), "red"), 0, 0)).any()


@pytest.mark.parametrize("name", WAYS)
def test_every_way_keeps_size_and_mode(name):
    image = tiles(4)
    ready = prepared(image, parse_prepare(name))
    assert (ready.size, ready.mode) == (image.size, "RGB")
    assert (ready.tobytes() == image.tobytes()) == (name == "none")


def test_inverting_twice_changes_nothing():
    twice = prepared(prepared(tiles(5), Prepare("invert")), Prepare("invert"))
    assert twice.tobytes() == tiles(5).tobytes()
