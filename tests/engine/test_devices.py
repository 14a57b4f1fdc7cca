"""What `--dtype auto` means on a CPU, and the layout that goes with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sdgen.engine import Drawing, devices
from sdgen.engine.devices import choose_dtype, usual_layout
from sdgen.engine.generator import DiffusersGenerator
from sdgen.models.catalogue import STORYBOOK
from tests.engine.drawing import draw, pixels, planned

CPU = torch.device("cpu")
NATIVE = devices._has_bfloat16(CPU)
needs_bfloat16 = pytest.mark.skipif(not NATIVE, reason="this CPU has no bfloat16 of its own")


@pytest.fixture(autouse=True)
def same_on_every_cpu() -> None:
    """Here auto is what it is for people."""


@pytest.mark.parametrize(
    ("avx512", "amx", "usual"),
    [(False, False, "float32"), (True, False, "bfloat16"), (False, True, "bfloat16")],
)
def test_auto_is_bfloat16_where_the_cpu_has_it(
    monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool, usual: str
):
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: amx)
    assert choose_dtype("auto", CPU) == usual
    assert choose_dtype("float32", CPU) == "float32"


def test_only_bfloat16_on_the_cpu_has_channels_last():
    assert usual_layout("bfloat16", CPU) == "channels_last"
    assert usual_layout("float32", CPU) == "contiguous"  # the pixels of plain diffusers
    assert usual_layout("bfloat16", torch.device("cuda")) == "contiguous"


@needs_bfloat16
def test_the_record_tells_format_and_layout_and_draws_the_same_again(tiny_sd: Path):
    drawing = draw(tiny_sd)
    assert drawing.record.settings.dtype == "bfloat16"
    assert drawing.record.environment["layout"] == "channels_last"
    assert _again(drawing, tiny_sd) == drawing.record.image.sha256


@needs_bfloat16
def test_a_record_from_before_the_layout_was_told_is_drawn_contiguous(tiny_sd: Path):
    before = dict(draw(tiny_sd).record.environment)
    del before["layout"]
    generator = DiffusersGenerator("cpu")
    with generator.restored(before):
        old = generator.generate(*planned(tiny_sd))
    assert old.record.environment["layout"] == "contiguous"
    assert _again(old, tiny_sd) == old.record.image.sha256
    assert pixels(tiny_sd) != old.record.image.sha256  # afterwards as before


def test_float32_lies_as_it_is_in_the_files(tiny_sd: Path):
    assert draw(tiny_sd, dtype="float32").record.environment["layout"] == "contiguous"


@needs_bfloat16
def test_the_picture_is_the_one_of_float32_to_the_eye():
    story = STORYBOOK
    ours, exact = (
        np.asarray(draw(story, prompt="a girl on a beach", steps=6, dtype=dtype).image, float)
        for dtype in ("auto", "float32")
    )
    assert 10 * np.log10(255**2 / ((ours - exact) ** 2).mean()) > 35  # dB


def _again(drawing: Drawing, folder: Path) -> str:
    """The pixels' hash when `drawing` is drawn again from its record."""
    generator, record = DiffusersGenerator("cpu"), drawing.record
    settings, model = planned(folder, dtype=record.settings.dtype)
    with generator.restored(record.environment):
        return generator.generate(settings, model).record.image.sha256
