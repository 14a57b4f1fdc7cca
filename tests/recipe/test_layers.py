import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer, layer_from, parse_value, resolve

FOX = Layer("flags", {"prompt": "a red fox", "seed": 7})


def test_the_last_word_wins_and_its_place_is_known():
    low = Layer("tall.yaml", {"steps": 30, "height": 768}, {"steps": "line 2"})
    high = Layer("flags", {"steps": 4, "prompt": "a red fox", "seed": 0})
    resolved = resolve([low, high])
    assert (resolved.settings.steps, resolved.settings.height, resolved.settings.seed) == (
        4,
        768,
        0,
    )
    assert resolved.sources["steps"] == "flags"
    assert resolved.sources["height"] == "tall.yaml"
    assert resolved.sources["eta"] == "defaults"


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6))
def test_of_any_layers_the_last_counts(said: list[int]):
    layers = [Layer(f"layer {i}", {"steps": steps}) for i, steps in enumerate(said)]
    assert resolve([FOX, *layers]).settings.steps == said[-1]


def test_zero_is_not_absent():
    layers = [
        Layer("config", {"guidance_scale": 7.0}),
        Layer("flags", {"guidance_scale": 0.0}),
        FOX,
    ]
    assert resolve(layers).settings.guidance_scale == 0.0


def test_a_bad_value_names_field_place_and_value():
    layer = Layer("portrait.yaml", {"steps": 0}, {"steps": "line 3"})
    with pytest.raises(InputError) as caught:
        resolve([FOX, layer])
    assert str(caught.value) == "steps (portrait.yaml, line 3) must be at least 1, not 0"


def test_all_faults_are_told_at_once():
    layer = Layer("row", {"steps": 0, "width": 10, "scheduler": "eulr"})
    with pytest.raises(InputError) as caught:
        resolve([FOX, layer])
    assert len(caught.value.details) == 3
    assert "euler" in " ".join(caught.value.details)


def test_missing_prompt_is_told():
    with pytest.raises(InputError, match="prompt is missing"):
        resolve([Layer("row", {"seed": 1})])


def test_unknown_keys_come_with_the_nearest():
    with pytest.raises(InputError) as caught:
        layer_from("portrait.yaml", {"guidence_scale": 3}, {"guidence_scale": "line 2"})
    assert str(caught.value) == "portrait.yaml, line 2: unknown setting 'guidence_scale'"
    assert "guidance_scale" in caught.value.hint


def test_aliases_and_size_become_fields():
    said = {"cfg_scale": "5.5", "num_inference_steps": "12", "size": "512x768"}
    assert layer_from("flags", said, text=True).values == {
        "guidance_scale": 5.5, "steps": 12, "width": 512, "height": 768,
    }  # fmt: skip


def test_one_field_under_two_names_is_a_contradiction():
    with pytest.raises(InputError, match="guidance_scale is given twice"):
        layer_from("row", {"guidance_scale": 3, "cfg": 4})
    with pytest.raises(InputError, match="width is given twice"):
        layer_from("row", {"width": 512, "size": "64x64"})


@pytest.mark.parametrize("text", ["1_000", "2.5", "", "twenty", "0x10", "1e3"])
def test_text_that_is_no_whole_number(text: str):
    with pytest.raises(InputError, match="steps must be a whole number"):
        parse_value("steps", text)


@pytest.mark.parametrize(("text", "value"), [("20", 20), (" 7 ", 7), ("-1", -1)])
def test_text_that_is_a_whole_number(text: str, value: int):
    assert parse_value("steps", text) == value


def test_nan_and_infinity_are_refused_at_the_end():
    for text in ("nan", "inf", "-inf", "1e999"):
        layer = layer_from("flags", {"guidance_scale": text}, text=True)
        with pytest.raises(InputError, match="guidance_scale"):
            resolve([FOX, layer])


@pytest.mark.parametrize("value", ["}", "{prompt}", "{error.__traceback__}", "{0}"])
def test_a_value_with_braces_is_quoted_and_not_filled_in(value: str):
    with pytest.raises(InputError, match="no scheduler") as caught:
        resolve([Layer("flags", {"prompt": "a fox", "seed": 1, "scheduler": value})])
    assert repr(value) in str(caught.value)


def test_more_keys_than_there_could_be_settings_are_refused_without_reading_them():
    with pytest.raises(InputError, match=r"fox\.yaml: 1001 keys are more than there are settings"):
        layer_from("fox.yaml", {f"key {number}": 1 for number in range(1001)})
