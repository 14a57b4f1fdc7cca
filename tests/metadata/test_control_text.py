"""ControlNets in A1111's text, written and read."""

import pytest

from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.control_text import advice_on
from sdgen.metadata.formats.infotext import read_infotext
from sdgen.metadata.record import Record
from tests.metadata.records import fox_record


def text_of(record: Record, **said: object) -> dict[str, str]:
    settings = record.settings.model_copy(update=said)
    return read_infotext(parameters_text(record.model_copy(update={"settings": settings}))).pairs


def test_units_are_written_as_the_extension_writes_them():
    pairs = text_of(
        fox_record(),
        controlnet=("edges:0.8:0:0.5", "tiles:1"),
        control_image=("cat.png#" + "a" * 64,),
        control_prepare=("canny:50:90",),
        control_mode="balanced",
        control_fit="crop",
        ip_adapter=("look:0.6",),
    )
    assert pairs["ControlNet 0"] == (
        "Module: canny, Model: edges, Weight: 0.8, Resize Mode: Crop and Resize, "
        "Threshold A: 50, Threshold B: 90, Guidance Start: 0.0, Guidance End: 0.5, "
        "Pixel Perfect: True, Control Mode: Balanced"
    )
    assert pairs["ControlNet 1"].startswith("Module: canny, Model: tiles, Weight: 1.0, ")
    assert pairs["ControlNet 2"] == "Module: ip-adapter-auto, Model: look, Weight: 0.6"
    assert "cat" not in str(pairs)


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        ("Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 0.8, "
         "Threshold A: 100.0, Threshold B: 200.0, Guidance Start: 0.1, Guidance End: 1.0",
         "--controlnet control_v11p_sd15_canny:0.8:0.1:1 --control-prepare canny:100:200 "
         "--control-image FILE"),
        ("Module: depth_midas, Model: depth, Weight: 1, Guidance Start: 0, Guidance End: 1",
         "--controlnet depth:1 --control-image FILE"),
        ("Module: canny, Model: e, Weight: 1", "--controlnet e:1 --control-prepare canny --c"),
        ("Module: ip-adapter_clip_sd15, Model: ip-adapter_sd15 [6a3f6166], Weight: 0.5",
         "--ip-adapter ip-adapter_sd15:0.5 --ip-adapter-image FILE"),
    ],
)  # fmt: skip
def test_what_another_program_says_is_told_in_our_words(said, flags):
    assert flags in advice_on(said)


@pytest.mark.parametrize("said", ["x", "", "Model: $(rm -rf), Weight: 1", "Model: a/../b"])
def test_what_cannot_be_read_gives_no_advice(said):
    assert advice_on(said) == ""
