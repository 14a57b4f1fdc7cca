import pytest

from sdgen.errors import InputError
from sdgen.recipe.layers import Layer, layer_from, resolve
from sdgen.recipe.post import TREATMENTS, parse_post, read_post


def test_one_form_from_text_lists_and_mappings():
    """As a flag, a table cell, a YAML list and a YAML mapping have it."""
    forms = [
        ["contrast=1.10", "sharpen = 1"],
        "contrast=1.1, sharpen=1,",
        {"contrast": 1.1, "sharpen": 1},
        [{"contrast": 1.1}, {"Sharpen": 1.0}],
    ]
    assert {read_post(form) for form in forms} == {("contrast=1.1", "sharpen=1")}
    assert read_post("") == read_post([]) == ()


def test_the_order_is_kept_and_a_step_may_come_twice():
    assert read_post("sharpen=1,contrast=2,sharpen=1") == ("sharpen=1", "contrast=2", "sharpen=1")


@pytest.mark.parametrize("name", TREATMENTS)
def test_bounds(name):
    known = TREATMENTS[name]
    for amount in {known.least, known.nothing, known.most} - {None}:
        assert parse_post(str(parse_post(f"{name}={amount}"))).amount == amount
    for amount in (known.least - 0.01, known.most + 0.01, "nan", "much", ""):
        with pytest.raises(ValueError, match=f"{name} must be {known.least:g} to {known.most:g}"):
            parse_post(f"{name}={amount}")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["contast=1"], r"post \(flags\) has no 'contast' \(did you mean contrast\?\)"),
        (["vignette=1"], "known are brightness"),
        (["contrast"], "contrast must be 0 to 4, not nothing"),
        ([1.5], "must be steps such as contrast=1.1"),
        (3, "must be steps such as contrast=1.1"),
        (["sharpen=1"] * 17, "has 17 steps; at most 16"),
    ],
)
def test_faults_name_the_setting_and_what_is_right(said, told):
    with pytest.raises(InputError, match=told):
        resolve([Layer("", {"prompt": "a fox", "seed": 1}), layer_from("flags", {"post": said})])
