"""What network a file holds is told from its header; all else is refused with its reason."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sdgen.errors import ModelError
from sdgen.models.upscaler import check_upscaler, network_in
from sdgen.models.upscaler_keys import network_of
from sdgen.models.weights import Tensor
from tests.upscalers import FINE, renamed, tensors, write_upscaler


def header(found):
    return {name: Tensor("F32", tuple(one.shape), 0, 0) for name, one in found.items()}


@pytest.mark.parametrize("age", ["newest", "older", "oldest", "ema"])
@pytest.mark.parametrize(("scale", "unshuffle"), [(1, 1), (2, 1), (4, 1), (8, 1), (2, 2), (1, 4)])
def test_scale_and_shape_are_told_under_every_name(age, scale, unshuffle):
    newest = tensors("rrdb", scale, unshuffle)
    found = network_of(header(newest if age == "newest" else renamed(newest, age)))
    assert (found.kind, found.scale, found.unshuffle) == ("rrdb", scale, unshuffle)
    assert (found.channels, found.growth, found.blocks) == (8, 4, 1)
    assert set(found.names.values()) == set(newest)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_compact_networks_are_told_too(scale):
    found = network_of(header(tensors("compact", scale)))
    assert (found.kind, found.scale, found.channels, found.blocks) == ("compact", scale, 8, 1)


def without(name):
    return {key: one for key, one in tensors().items() if not key.startswith(name)}


@pytest.mark.parametrize(
    "found",
    [
        {}, {"a": torch.zeros(3)}, without("conv_first"), without("body.0.rdb1.conv1"),
        {**tensors(), "conv_first.weight": torch.zeros(8, 5, 3, 3)},
        {**tensors(), "conv_first.weight": torch.zeros(8)},
        {**tensors(), "conv_first.weight": torch.zeros(8, 27, 3, 3)},
        {**tensors(), "body.99.rdb1.conv1.weight": torch.zeros(4, 8, 3, 3)},
        {**tensors("compact"), "body.4.weight": torch.zeros(13, 8, 3, 3)},
        {**tensors("compact"), "body.9.weight": torch.zeros(12, 8, 3, 3)},
        {**tensors("compact"), "body.0.weight": torch.zeros(8)},
    ],
)  # fmt: skip
def test_what_is_no_such_network_is_none(found):
    assert network_of(header(found)) is None


def test_a_file_is_known_by_its_hash_and_name(tmp_path: Path):
    file = check_upscaler(write_upscaler(tmp_path / "4x-Any.safetensors", scale=4))
    assert (file.kind, file.name, len(file.sha256)) == ("upscaler", "4x-Any", 64)
    assert network_in(file).scale == 4
    assert network_in(check_upscaler(FINE)).scale == 2


def test_others_are_refused(tmp_path: Path):
    other = tmp_path / "vae.safetensors"
    save_file({"decoder.conv_out.weight": torch.zeros(1)}, other)
    with pytest.raises(
        ModelError, match=r"vae.safetensors is no upscaler that sdgen reads"
    ) as told:
        check_upscaler(other)
    assert "ESRGAN" in told.value.hint
    bomb = tmp_path / "4x.pth"
    bomb.write_bytes(pickle.dumps({"params": 1}))
    with pytest.raises(ModelError, match=r"4x.pth is a pickle, which can run code") as told:
        check_upscaler(bomb)
    assert "get its safetensors version" in told.value.hint
