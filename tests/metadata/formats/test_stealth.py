import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdgen.files.foreign import read_recipe_in, read_recipe_of
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.stealth import MAX_HIDDEN_BYTES, hidden_in
from tests.metadata.formats.pictures import png

TEXT = "a fox, 雪\nSteps: 20, Sampler: Euler, Seed: 7, Version: f2.0.1v1.10.1"
NOVELAI = json.dumps({"Software": "NovelAI", "Description": "a fox", "Comment": '{"seed": 7}'})


def alpha_with(mark: bytes, data: bytes, length: int | None = None) -> bytes:
    """Alpha whose lowest bits hold `data` behind `mark`; nearly opaque, as programs leave it."""
    said = (8 * len(data) if length is None else length).to_bytes(4, "big")
    bits = "".join(f"{byte:08b}" for byte in mark + said + data)
    return bytes(254 + int(bit) for bit in bits)


def packed(text: str) -> bytes:
    return alpha_with(b"stealth_pngcomp", gzip.compress(text.encode()))


def picture(alpha: bytes, width: int = 40) -> bytes:
    """A PNG whose alpha channel holds these bytes from top to bottom, then from left to right."""
    height = -(-len(alpha) // width)
    image = Image.new("RGBA", (width, height), "grey")
    columns = alpha.ljust(width * height, b"\xff")
    plane = Image.frombytes("L", (height, width), columns).transpose(Image.Transpose.TRANSPOSE)
    image.putalpha(plane)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("alpha", "tool"),
    [
        (packed(TEXT), "Forge"),
        (alpha_with(b"stealth_pnginfo", TEXT.encode()), "Forge"),
        (packed(NOVELAI), "NovelAI"),
    ],
    ids=["packed", "plain", "novelai"],
)
def test_hidden_recipe_is_found(tmp_path, alpha, tool):
    path = tmp_path / "fox.png"
    path.write_bytes(picture(alpha))
    for found in (read_recipe_of(path), read_recipe_in(path.read_bytes())):
        assert isinstance(found, Foreign)
        assert (found.tool, found.prompt[:5], found.seed) == (tool, "a fox", 7)


def test_what_stands_openly_counts_more(tmp_path):
    image = Image.open(io.BytesIO(picture(packed(TEXT))))
    open_text = Image.open(io.BytesIO(png({"parameters": TEXT.replace("Seed: 7", "Seed: 8")})))
    assert open_text.info["parameters"]
    file = io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", open_text.info["parameters"])
    image.save(file, "PNG", pnginfo=info)
    assert read_recipe_in(file.getvalue()).seed == 8


@pytest.mark.parametrize(
    "alpha",
    [
        b"", b"\xff" * 1000, packed(TEXT)[:200], packed(TEXT)[:-8],
        alpha_with(b"stealth_pngcomp", b"no gzip"),
        alpha_with(b"stealth_pnginfo", b"abc", length=2**32 - 1),
        alpha_with(b"stealth_pnginfo", b"", length=0),
        alpha_with(b"stealth_pngcomp", gzip.compress(b"x" * (MAX_HIDDEN_BYTES + 1))),
    ],
    ids=range(8),
)  # fmt: skip
def test_nothing_is_found_where_nothing_whole_is_hidden(alpha):
    assert hidden_in(alpha) is None


@given(st.binary(max_size=300), st.integers(0, 300))
def test_damaged_alpha_raises_nothing(noise, at):
    whole = packed(TEXT)
    hidden_in(whole[:at] + noise + whole[at + len(noise) :])
