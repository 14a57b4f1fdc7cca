import pytest

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer, layer_from, resolve
from sdgen.recipe.loras import LoraEntry, loras_of, parse_lora, read_loras


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("dusk", LoraEntry("dusk")),
        ("dusk:0.8", LoraEntry("dusk", 0.8, 0.8)),
        (" dusk : 0.8 ", LoraEntry("dusk", 0.8, 0.8)),
        ("dusk:0.8:0.5", LoraEntry("dusk", 0.8, 0.5)),
        ("dusk:-1", LoraEntry("dusk", -1, -1)),
        ("a/dusk.safetensors:0", LoraEntry("a/dusk.safetensors", 0, 0)),
        (r"C:\loras\dusk.safetensors", LoraEntry(r"C:\loras\dusk.safetensors")),
        (r"C:\loras\dusk:0.5", LoraEntry(r"C:\loras\dusk", 0.5, 0.5)),
    ],
)
def test_a_name_and_its_scales(text, entry):
    assert parse_lora(text) == entry
    assert parse_lora(str(entry)) == entry


@pytest.mark.parametrize(
    "text", ["dusk:much", "dusk:11", "dusk:nan", "dusk:inf", "dusk:", "dusk::1"]
)
def test_a_scale_out_of_bounds_is_told(text):
    with pytest.raises(ValueError, match="no number from -10 to 10"):
        parse_lora(text)


def test_a_list_is_text_with_commas_or_a_list():
    assert read_loras("dusk:0.5, fur") == read_loras(["dusk:0.50", "fur:1"]) == (
        "dusk:0.5", "fur:1")  # fmt: skip
    assert read_loras("") == ()


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (["dusk:x"], "lora (job) has a scale that is no number from -10 to 10: 'dusk:x'"),
        ("dusk,dusk:0.5", "lora (job) names dusk twice"),
        (":0.5", "lora (job) has no name of a LoRA"),
        (3, "lora (job) must be text or a list of texts"),
        ([{"name": "dusk"}], "lora (job) must be text or a list of texts"),
    ],
)
def test_a_wrong_list_is_told_with_its_place(value, part):
    with pytest.raises(InputError) as caught:
        resolve([Layer("job", {"prompt": "fox", "seed": 1, "lora": value})])
    assert part in str(caught.value)


def test_tags_of_the_prompt_join_and_the_settings_own_scale_counts():
    said = {"prompt": "fox <lora:dusk:0.3> <lora:fur:0.4:0.2>", "seed": 1, "lora": "dusk:0.9"}
    settings = resolve([layer_from("job", said)]).settings
    assert loras_of(settings) == (LoraEntry("dusk", 0.9, 0.9), LoraEntry("fur", 0.4, 0.2))


def test_a_plain_prompt_has_no_tags():
    said = {"prompt": "fox <lora:dusk:0.3>", "seed": 1, "prompt_syntax": "plain"}
    assert loras_of(resolve([layer_from("job", said)]).settings) == ()
