"""Weights that somebody damaged: an error that names the model, never a picture of noise."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from sdgen.engine import open_generator
from sdgen.errors import ModelError
from sdgen.models import find_model
from sdgen.recipe.settings import Settings

UNET = "unet/diffusion_pytorch_model.safetensors"
ENCODER = "text_encoder/model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"


def split(data: bytes) -> tuple[dict, bytes]:
    """Header and numbers of a safetensors file."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(header: dict, numbers: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def with_header(change: Callable[[dict, str], None]) -> Callable[[bytes], bytes]:
    """Change the entry of the first tensor."""

    def damage(data: bytes) -> bytes:
        header, numbers = split(data)
        change(header, next(name for name in header if name != "__metadata__"))
        return join(header, numbers)

    return damage


def rename(header: dict, name: str) -> None:
    header["another.name"] = header.pop(name)


DAMAGE = {
    "cut": lambda data: data[:-100],
    "cut in the header": lambda data: data[:50],
    "empty": lambda data: b"",
    "longer": lambda data: data + b"\0" * 16,
    "a pickle": lambda data: b"\x80\x04\x95" + data[3:],
    "a web page": lambda data: b"<!DOCTYPE html><html>" * 50,
    "a header of 2^63 bytes": lambda data: struct.pack("<Q", 2**63) + data[8:],
    "a header that is no JSON": lambda data: data[:8] + b"x" + data[9:],
    "another type of numbers": with_header(lambda h, n: h[n].update(dtype="I8")),
    "an unknown type of numbers": with_header(lambda h, n: h[n].update(dtype="F7")),
    "another shape": with_header(lambda h, n: h[n].update(shape=[1, 1])),
    "negative offsets": with_header(lambda h, n: h[n].update(data_offsets=[-4, 0])),
    "a tensor under another name": with_header(rename),
}


@pytest.fixture
def model(tiny_sd: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_sd, tmp_path / "model")


@pytest.mark.parametrize("file", [UNET, ENCODER, VAE])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_weights_are_a_model_error(model: Path, damage, file: str):
    path = model / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError) as caught:
        open_generator("cpu").load(find_model(str(model)), "float32")
    assert "\n" not in str(caught.value)
    assert str(model.parent) not in str(caught.value)


def test_a_load_error_tells_no_place(model: Path):
    """The folder is named by diffusers where it finds code that it might look for."""
    (model / "None.py").write_text("raise SystemExit")
    with pytest.raises(ModelError, match="model cannot be loaded: ") as caught:
        open_generator("cpu").load(find_model(str(model)), "float32")
    assert str(model.parent) not in str(caught.value)


def test_one_flipped_byte_loads_and_the_hash_tells(model: Path):
    before = find_model(str(model)).hashes()
    data = bytearray((model / UNET).read_bytes())
    data[-1] ^= 1
    (model / UNET).write_bytes(data)
    drawing = open_generator("cpu").generate(
        Settings(prompt="a fox", seed=1, width=64, height=64, steps=1), find_model(str(model))
    )
    now = drawing.record.model.files
    assert [file for file in now if now[file] != before[file]] == [UNET]
