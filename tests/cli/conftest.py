"""Runs the command line in process: `sdgen("a red fox", "--seed", "7")` → code, stdout, stderr."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sdgen.cli import app
from sdgen.metadata.record import pixels_of
from sdgen.models import find_model, hub_client
from tests.fake_hub import FakeHub, serving
from tests.fakes import PaintedGenerator, find_fake
from tests.models.conftest import write_mini


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, no home, no settings of the person who runs the tests."""
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> PaintedGenerator:
    """The generator that the commands get; draws nothing but flat colours."""
    generator = PaintedGenerator()
    monkeypatch.setattr("sdgen.engine.open_generator", lambda *_, **__: generator)
    for module in ("sdgen.models.resolve", "sdgen.replay"):
        monkeypatch.setattr(f"{module}.find_model", find_fake)
    return generator


@pytest.fixture
def sdgen(painter: PaintedGenerator, capsys: pytest.CaptureFixture[str]):
    """Run the app with the painted generator."""

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        code = app.run([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def jobs() -> Path:
    """A job file of three foxes."""
    path = Path("jobs.txt")
    path.write_text("a red fox\na blue fox\na green fox\n")
    return path


@pytest.fixture
def fox(sdgen) -> Path:
    """A picture that was drawn a moment ago, with the seed 7."""
    assert sdgen("a red fox", "--seed", "7").exit_code == 0
    return Path("outputs/a-red-fox-7.png")


@pytest.fixture
def shift(painter, monkeypatch):
    """Let the next pictures differ: `shift(levels, **environment)` moves one pixel."""
    whole = painter.generate

    def apply(levels: int, **environment: Any) -> None:
        def generate(settings, model, *args):
            drawing = whole(settings, model, *args)
            image = drawing.image.copy()
            red, green, blue = image.getpixel((3, 5))
            image.putpixel((3, 5), (red, green, blue + levels if blue < 128 else blue - levels))
            changes = {"image": pixels_of(image),
                       "environment": {**drawing.record.environment, **environment}}  # fmt: skip
            return replace(drawing, image=image, record=drawing.record.model_copy(update=changes))

        monkeypatch.setattr(painter, "generate", generate)

    return apply


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """A folder that passes for a model in every check; its weights are sixteen bytes."""
    return write_mini(tmp_path / "mini")


TOKEN = "hf_secretsecretsecret"
BIG = bytes(range(256)) * 100
STEM = "diffusion_pytorch_model"
UNNEEDED = ("README.md", "big.ckpt", "pipeline.py", "unet/model.onnx", "unet/unet.py",
            f"unet/{STEM}.bin", f"unet/{STEM}.non_ema.safetensors")  # fmt: skip


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with `some/mini`, in its own cache, asked without waiting."""
    find_model.cache_clear()
    for module in ("sdgen.models.resolve", "sdgen.replay"):
        monkeypatch.setattr(f"{module}.find_model", find_model)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
    monkeypatch.setattr(hub_client, "WAITS", (0.0, 0.0))
    with serving(FakeHub()) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.address)
        fake.add("some/mini", mini_files(tmp_path / "made"))
        yield fake


def mini_files(folder: Path) -> dict[str, bytes]:
    """A toy model, with files beside it that nobody needs; one of its files is large enough."""
    write_mini(folder)
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    shutil.rmtree(folder)
    return {**files, "tokenizer/merges.txt": BIG, **dict.fromkeys(UNNEEDED, b"unneeded")}
