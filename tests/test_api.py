"""The Python interface: the same settings, and the same pixels, as the command."""

import subprocess
import sys
from pathlib import Path

import pytest

import sdgen
from sdgen.errors import InputError, OutputError
from sdgen.files.images import read_record_of
from tests.cli.processes import REAL, run, variables
from tests.fakes import PaintedGenerator, find_fake


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> PaintedGenerator:
    generator = PaintedGenerator()
    monkeypatch.setattr("sdgen.api._generator", lambda device: generator)
    monkeypatch.setattr("sdgen.models.resolve.find_model", find_fake)
    return generator


def test_the_command_draws_the_same_pixels(tiny_sd: Path):
    import torch

    threads = str(torch.get_num_threads())  # it can move a pixel by a level
    drawn = sdgen.generate(
        "a red fox", model=str(tiny_sd), steps=3, seed=5, size="64x128", device="cpu"
    )
    done = run(
        *REAL, "a red fox", "--model", tiny_sd, "--steps", "3", "--seed", "5", "--size", "64x128",
        "--device", "cpu", "-o", "fox.png", env=variables(OMP_NUM_THREADS=threads),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = read_record_of(Path("fox.png"))
    assert record.image == drawn.record.image
    assert record.settings == drawn.record.settings
    assert drawn.image.size == (64, 128)


def test_a_picture_is_saved_with_its_record(painter):
    picture = sdgen.generate("a red fox", seed=7)
    assert picture.save("deep/fox.webp") == Path("deep/fox.webp")
    assert read_record_of(Path("deep/fox.webp")).settings == picture.record.settings
    assert Path("deep/fox.json").is_file()
    picture.save("deep/fox.webp")
    with pytest.raises(OutputError, match="exists"):
        picture.save("deep/fox.webp", overwrite=False)
    with pytest.raises(InputError, match="suffix"):
        picture.save("fox.gif")


def test_a_seed_that_nobody_gave_is_told(painter):
    first, second = sdgen.generate("a red fox"), sdgen.generate("a red fox")
    assert first.seed != second.seed
    assert first.seed == first.record.settings.seed


def test_what_happens_on_the_way_is_a_warning(painter, monkeypatch):
    plain = painter.generate

    def generate(settings, model, tell):
        tell("out of memory: trying again decoded in tiles")
        return plain(settings, model)

    monkeypatch.setattr(painter, "generate", generate)
    with pytest.warns(RuntimeWarning, match="out of memory: trying again") as caught:
        sdgen.generate("a red fox")
    assert caught[0].filename == __file__


def test_configs_lie_under_arguments(painter):
    Path("few.yaml").write_text("steps: 8\nguidance_scale: 2\n")
    Path("more.yaml").write_text("steps: 9\n")
    settings = sdgen.generate("x", config=["few.yaml", "more.yaml"], cfg_scale=3.0).record.settings
    assert (settings.steps, settings.guidance_scale) == (9, 3.0)
    assert sdgen.generate("x", config="few.yaml").record.settings.steps == 8


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"stepz": 3}, "did you mean"), ({"steps": 0}, "at least 1"), ({"steps": "3"}, "whole number"),
     ({"steps": True}, "whole number"), ({"guidance_scale": float("nan")}, "finite"),
     ({"size": "70x64"}, "multiples of 8"), ({"scheduler": "eulr"}, "euler")],
)  # fmt: skip
def test_bad_arguments_are_input_errors(painter, said: dict, reason: str):
    with pytest.raises(InputError) as caught:
        sdgen.generate("a red fox", **said)
    assert reason in f"{caught.value} {caught.value.hint}"
    assert painter.drawn == []


def test_the_import_is_light():
    script = "import sdgen, sys; sys.exit(any(m in sys.modules for m in ('torch', 'pydantic')))"
    assert (
        subprocess.run([sys.executable, "-c", script], env=variables(), check=False).returncode == 0
    )


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="draw"):
        _ = sdgen.draw


def test_styles_and_wildcards_work_here_too(painter, tmp_path):
    (tmp_path / "colour.txt").write_text("red")
    (tmp_path / "styles.csv").write_text("name,prompt\nSnow,in the snow\n")
    said = {"wildcards": tmp_path, "style": "snow", "styles_file": str(tmp_path / "styles.csv")}
    picture = sdgen.generate("a __colour__ fox", **said)
    assert picture.record.settings.prompt == "a red fox, in the snow"
    assert picture.record.written.prompt == "a __colour__ fox"
