"""The small upscaler that comes with the tests was trained: it is nearer to scenes than Lanczos."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from upscaler import TEST_SEED, crops, halved, scenes, train

from sdgen.engine.upscaling import upscaled
from sdgen.models.upscaler import check_upscaler
from tests.upscalers import FINE


def decibels(one: Image.Image, other: Image.Image) -> float:
    away = np.asarray(one).astype(float) - np.asarray(other)
    return float(-10 * np.log10((away**2).mean() / 255**2))


@pytest.fixture(scope="module")
def unseen() -> list[Image.Image]:
    return scenes(4, TEST_SEED)


def test_it_is_nearer_to_scenes_that_it_never_saw_than_lanczos(unseen):
    file, gained = check_upscaler(FINE), []
    for whole in unseen:
        half = halved(whole)
        ours = upscaled(half, file, whole.size, torch.device("cpu"), 256)
        lanczos = half.resize(whole.size, Image.Resampling.LANCZOS)
        gained.append(decibels(ours, whole) - decibels(lanczos, whole))
    assert min(gained) > 0, gained
    assert sum(gained) / len(gained) > GAIN, gained


GAIN = 2.0
"""Decibels, on average."""


def test_its_training_runs(unseen):
    pairs = [(torch.rand(3, 40, 40), torch.rand(3, 80, 80))]
    small, large = crops(pairs, random.Random(0))
    assert (small.shape[1:], large.shape[1:]) == ((3, 32, 32), (3, 64, 64))
    network = train(0.02, 1, 0, FINE)
    with torch.no_grad():
        assert network(torch.rand(1, 3, 8, 8)).shape == (1, 3, 16, 16)
