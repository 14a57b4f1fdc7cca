"""What of this machine moves pixels: recorded, set again for a replay, and then as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sdgen.engine.environment import SWITCHES, environment, switches_as
from sdgen.engine.generator import DiffusersGenerator
from sdgen.engine.loader import load_model
from sdgen.models import find_model
from sdgen.replay import redraw
from sdgen.verdict import Original
from tests.engine.test_together import CPU, foxes

OTHER_VALUES = {
    "threads": 3,
    "onednn": False,
    "attention_allowed": "math",
    "deterministic_algorithms": True,
    "matmul_precision": "medium",
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {switch: switch.read() for switch in SWITCHES}
    yield
    for switch, value in before.items():
        if not switch.only_cuda:
            switch.write(value)


def read() -> dict:
    return {name: value for name, value in environment(CPU).items() if name in OTHER_VALUES}


def test_every_switch_of_the_cpu_is_recorded_set_again_and_put_back():
    usual = read()
    assert usual.keys() == OTHER_VALUES.keys()
    assert not usual.items() & OTHER_VALUES.items()
    with switches_as(OTHER_VALUES, CPU):
        assert read() == OTHER_VALUES
    assert read() == usual


def test_a_failure_puts_them_back_too():
    usual = read()
    with pytest.raises(ZeroDivisionError), switches_as(OTHER_VALUES, CPU):
        _ = 1 / 0
    assert read() == usual


@pytest.mark.parametrize(
    "said",
    [{"threads": 0}, {"threads": -1}, {"threads": 10**9}, {"threads": True}, {"threads": "2"},
     {"onednn": 1}, {"matmul_precision": "lowest"}, {"attention_allowed": 7},
     {"deterministic_algorithms": None}, {"unheard_of": 1}, {}],
)  # fmt: skip
def test_what_a_record_cannot_mean_is_left_alone(said: dict):
    usual = read()
    with switches_as(said, CPU):
        assert read() == usual


def test_attention_kernels_that_are_unknown_here_allow_all():
    torch.backends.cuda.enable_flash_sdp(False)
    with switches_as({"attention_allowed": "quantum"}, CPU):
        assert read()["attention_allowed"] == "flash+efficient+cudnn+math"


def test_the_kernel_that_attention_really_used_is_recorded(tiny_sd: Path):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, height=128)
    flash = DiffusersGenerator("cpu").generate(fox, folder)
    assert flash.record.environment["attention"] == "flash"
    with switches_as({"attention_allowed": "math"}, CPU):
        other = fox.model_copy(update={"height": 192})  # a shape that was not looked at yet
        math = DiffusersGenerator("cpu").generate(other, folder)
    assert math.record.environment["attention"] == "math"


def test_the_kernel_is_looked_at_for_each_kind_of_call(tiny_sd: Path):
    """Longer texts, or none to be kept away from, may get another kernel."""
    model = find_model(str(tiny_sd))
    generator = DiffusersGenerator("cpu")
    [fox] = foxes(1, height=320)
    calls = [fox, fox.model_copy(update={"prompt": "a red fox, " * 40}),
             fox.model_copy(update={"guidance_scale": 1.0}), fox]  # fmt: skip
    for settings in calls:
        generator.generate(settings, model)
    loaded = load_model(model, "float32", CPU)
    assert len([key for key in loaded.attention if 40 in key[0]]) == 3


def test_a_replay_takes_the_recorded_kernel_and_leaves_the_usual_one(tiny_sd: Path):
    folder, [fox] = find_model(str(tiny_sd)), foxes(1, width=128)
    with switches_as({"attention_allowed": "math"}, CPU):
        original = DiffusersGenerator("cpu").generate(fox, folder)
    usual = DiffusersGenerator("cpu").generate(fox, folder)
    again, verdict = redraw(
        Original(original.record, original.image), folder, DiffusersGenerator("cpu")
    )
    assert verdict.kind == "identical"
    kernels = [one.record.environment["attention"] for one in (original, usual, again)]
    assert kernels == ["math", "flash", "math"]
