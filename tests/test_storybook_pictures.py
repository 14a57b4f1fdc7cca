"""Pictures from pictures, drawn for real by the built-in model: small, in few steps."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sdgen
from sdgen.cli import app
from sdgen.sources import store

FOX = {"size": "256x256", "steps": 4, "scheduler": "dpmpp_2m", "device": "cpu"}


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foxes")
    return sdgen.generate("a red fox in the snow", seed=3, **FOX).save(folder / "fox.png")


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


def test_the_stronger_the_further_from_the_picture(fox: Path):
    source = pixels(Image.open(fox))
    away = [
        np.abs(pixels(drawn.image) - source).mean()
        for strength in (0.5, 1.0)
        if (drawn := sdgen.generate("a bear at night", image=fox, strength=strength, seed=4, **FOX))
    ]
    assert away[0] < 0.6 * away[1], "half of the steps stay near"
    assert away[0] > 2, "but draws"


def test_a_repainted_sky_leaves_the_ground_and_comes_out_again(fox: Path, tmp_path: Path, capsys):
    mask = Image.new("L", (256, 256), 0)
    mask.paste(255, (0, 0, 256, 64))
    mask.save(fox.with_name("sky.png"))
    said = {"image": fox, "mask": fox.with_name("sky.png"), "strength": 1.0, "seed": 1, **FOX}
    drawn = sdgen.generate("a fox in the snow at night", **said)
    before, after = pixels(Image.open(fox)), pixels(drawn.image)
    assert np.array_equal(after[64:], before[64:])
    assert np.abs(after[:48] - before[:48]).mean() > 10
    saved = drawn.save(fox.with_name("night.png"))
    store._found.clear()
    assert app.run(["reproduce", str(saved)]) == 0
    assert capsys.readouterr().out.startswith("identical")


def test_two_passes_and_a_wider_picture(fox: Path):
    large = sdgen.generate(
        "a red fox in the snow", seed=3, hires_scale=1.25, hires_strength=0.25, **FOX
    )
    assert large.image.size == (320, 320)
    small = pixels(large.image.resize((256, 256)))
    assert np.abs(small - pixels(Image.open(fox))).mean() < 25, "it is the same fox"
    wide = FOX | {"size": "320x192"}
    drawn = sdgen.generate(
        "a fox in the snow", image=fox, fit="crop", extend="left=64,right=64", seed=1, **wide
    )
    inner = pixels(drawn.image)[:, 64:256]
    assert np.array_equal(
        inner, pixels(Image.open(fox).resize((192, 192), Image.Resampling.LANCZOS))
    )
