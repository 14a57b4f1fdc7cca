"""Every command that draws, or reads what was drawn, with a toy of every family of models."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from sdgen.cli import app
from tests.cli.conftest import Outcome
from tests.tiny_families import FAMILIES

SMALL = ("--size", "64x64", "--steps", "2", "--seed", "7", "--dtype", "float32", "--quiet")
UNETS = ("sd1", "sd2", "sdxl")


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FAMILIES[request.param](tmp_path_factory.mktemp("models") / f"toy-{request.param}")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Run a command, which must end well unless told otherwise."""

    def run_it(*words: object, code: int = 0) -> Outcome:
        capsys.readouterr()
        found = app.run([str(word) for word in words])
        out = Outcome(found, *capsys.readouterr())
        assert out.exit_code == code, out.stderr
        return out

    return run_it


def drawn(folder: Path, ending: str = "png") -> list[Path]:
    return sorted(folder.glob(f"*.{ending}"))


def test_commands_that_draw(run, family: Path, tmp_path: Path):
    small = (*SMALL, "--model", family)
    run("generate", "a red fox", *small, "-o", "one", "-n", "2")
    first, second = drawn(tmp_path / "one")
    jobs = tmp_path / "jobs.txt"
    jobs.write_text("a red fox\na cat in the snow\n")
    run("batch", jobs, *small, "-o", "many")
    assert len(drawn(tmp_path / "many")) == 2
    told = run("reproduce", first, "--model", family).stdout
    assert "identical" in told
    assert "identical" in run("reproduce", tmp_path / "one", "--all", "--model", family).stdout
    run("grid", "a red fox", *small, "--steps", "1,2", "-o", "grid")
    assert len(drawn(tmp_path / "grid", "*")) >= 2
    run("upscale", second, "--scale", "2", "--method", "redraw", "--strength", "0.5",
        "--model", family, "-o", "large")  # fmt: skip
    [large] = drawn(tmp_path / "large")
    with Image.open(large) as image:
        assert image.size == (128, 128)
    run("film", "a red fox", *small, "--as", "none", "-o", "film")
    assert (tmp_path / "film").is_dir()
    is_unet = family.name.removeprefix("toy-") in UNETS
    refused = run("film", "a red fox", *small, "--word", "fox", "-o", "words",
                  code=0 if is_unet else 2)  # fmt: skip
    assert is_unet or f"{family.name}, a" in refused.stderr


def test_commands_that_read(run, family: Path, tmp_path: Path):
    small = (*SMALL, "--model", family)
    run("generate", "a red fox", *small, "-o", "fox.png")
    assert "a red fox" in run("show", "fox.png").stdout
    assert json.loads(run("show", "fox.png", "--json").stdout)
    assert "flags" in run("explain", "a red fox", *SMALL[:-1], "--model", family).stdout
    told = json.loads(run("models", "info", family, "--json").stdout)
    assert told["family"] == {"schnell": "flux"}.get(*[family.name.removeprefix("toy-")] * 2)
    assert "tokens" in run("tokens", "a red fox", "--model", family).stdout
    run("lock", "--model", family)
    run("generate", "a red fox", *small, "--locked", "-o", "locked.png")


def test_the_shell_draws(run, family: Path, tmp_path: Path, monkeypatch):
    lines = b"a red fox\nagain\nset steps 1\nagain\nquit\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    run("shell", *SMALL[:-1], "--model", family, "-o", "shell")
    assert len(drawn(tmp_path / "shell")) == 3
