"""Ratios that hold on any machine: the start beside plain diffusers, the work around the networks.

By the seconds of the processor, since other work on the machine does not lengthen them. The bounds
lie well below what `scripts/bench` measures, and above what losing one of the means would give.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.files.png import encode_png
from tests.engine.drawing import planned

HEAVY = {"torch", "diffusers", "transformers", "numpy", "PIL", "pydantic", "yaml", "rich"}
UNWANTED = {"peft", "torchvision", "matplotlib", "pandas", "sklearn", "tensorflow"}
"""What a picture does not need, and what takes seconds to load where it is installed."""

OURS = """
import sys
from sdgen.__main__ import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules})
"""
PLAIN = """
import sys, torch
from diffusers import StableDiffusionPipeline
pipeline = StableDiffusionPipeline.from_pretrained(sys.argv[1])
image = pipeline("a red fox", num_inference_steps=2, height=64, width=64,
                 generator=torch.Generator("cpu").manual_seed(7)).images[0]
image.save("plain.png")
"""


def ran(script: str, *words: str, cwd: Path) -> tuple[float, set[str]]:
    """Seconds of the processor that a Python with `script` takes, and the words that it prints."""
    command, printed = [sys.executable, "-c", script, *words], cwd / "printed"
    with printed.open("w") as out, subprocess.Popen(
        command, cwd=cwd, stdout=out, stderr=subprocess.DEVNULL
    ) as process:  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime, set(printed.read_text().split())


def test_the_first_picture_takes_less_than_with_plain_diffusers(tiny_sd: Path, tmp_path: Path):
    """Toy networks in float32, so that next to nothing but the start is measured."""
    words = "--seed 7 --steps 2 --size 64x64 --dtype float32 --quiet -o fox.png --overwrite --model"
    ours, plain = [], []
    for _ in range(3):  # once, where nothing disturbs
        plain.append(ran(PLAIN, str(tiny_sd), cwd=tmp_path)[0])
        seconds, loaded = ran(OURS, "a red fox", *words.split(" "), str(tiny_sd), cwd=tmp_path)
        ours.append(seconds)
        if min(plain) / min(ours) > 1.2:
            break
    assert min(plain) / min(ours) > 1.2
    assert "torch" in loaded
    assert UNWANTED & loaded == set()


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_loads_nothing_but_the_frame(word: str, tmp_path: Path):
    _, loaded = ran(OURS, word, cwd=tmp_path)
    assert "typer" in loaded
    assert HEAVY & loaded == set()


def least(work: Callable[[], object], rounds: int = 5) -> float:
    """Seconds of the processor, of the fastest of some rounds."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def test_the_work_around_the_networks_is_small(tiny_sd: Path):
    """Noise, scheduler, checks, record: a twentieth of a second of the processor at the most."""
    settings, model = planned(tiny_sd, width=64, height=64, steps=1, dtype="float32")
    generator = DiffusersGenerator("cpu")
    generator.generate(settings, model)  # loads
    pipeline = load_model(model, "float32", torch.device("cpu")).pipeline
    latents, text = (
        torch.randn(2, 4, 8, 8),
        torch.randn(2, 77, pipeline.unet.config.cross_attention_dim),
    )

    def networks() -> None:
        with torch.inference_mode():
            pipeline.unet(latents, 500, encoder_hidden_states=text)
            pipeline.vae.decode(latents[:1])

    whole: Sequence[float] = (least(lambda: generator.generate(settings, model)), least(networks))
    assert whole[0] - whole[1] < 0.05


def test_a_png_takes_less_than_with_pillow(tmp_path: Path):
    """On a smooth picture with a little noise, as drawings are."""
    rows, columns = np.mgrid[0:512, 0:512]
    smooth = np.stack([rows // 2, columns // 2, (rows + columns) // 4], axis=-1)
    noise = np.random.default_rng(7).integers(0, 3, smooth.shape)
    image = Image.fromarray((smooth + noise).astype(np.uint8))
    ours, pillow = (
        least(lambda: encode_png(image, {})),
        least(lambda: image.save(tmp_path / "a.png")),
    )
    assert pillow / ours > 2.5


@pytest.mark.parametrize("words", [("models", "list"), ("models", "list", "--json")])
def test_the_list_of_models_loads_no_network_and_no_tensors(words, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    seconds, loaded = ran(OURS, *words, cwd=tmp_path)
    assert {"torch", "diffusers", "transformers", "huggingface_hub", "numpy"} & loaded == set()
    assert seconds < 1
