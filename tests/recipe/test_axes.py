import pytest

from sdgen.errors import InputError
from sdgen.recipe.axes import MOST_CELLS, sweep, values_of


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("steps", "10,20, 30", "10 20 30"),
        ("steps", "10", "10"),
        ("steps", "10..30:10", "10 20 30"),
        ("steps", "10..12", "10 11 12"),
        ("steps", "30..10:10", "30 20 10"),
        ("steps", "1..4,8,8,16", "1 2 3 4 8 16"),
        ("guidance_scale", "2..8:2", "2 4 6 8"),
        ("guidance_scale", "0.1..0.5:0.1", "0.1 0.2 0.3 0.4 0.5"),
        ("guidance_scale", "7.5", "7.5"),
        ("steps", "1-5", "1 2 3 4 5"),
        ("steps", "1-10 (+3)", "1 4 7 10"),
        ("steps", "10-1 (-3)", "10 7 4 1"),
        ("steps", "10-30 [3]", "10 20 30"),
        ("guidance_scale", "1-2 [5]", "1 1.25 1.5 1.75 2"),
        ("scheduler", "euler, dpmpp_2m", "euler dpmpp_2m"),
        ("size", "256x256,320x192", "256x256 320x192"),
        ("steps", "many", "many"),
    ],
)
def test_lists_and_ranges_are_read(name: str, text: str, values: str):
    assert values_of(name, text) == tuple(values.split())


def test_quotes_hold_a_value_together():
    assert values_of("model", '"a, b/model",storybook') == ("a, b/model", "storybook")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("steps", "10,,20", "nothing stands between two commas"),
        ("steps", "1..900", "more than 200 values"),
        ("steps", "1..5:0", "goes on by nothing"),
        ("steps", "1-9 [999]", "is not 1 to 200 values"),
        ("guidance_scale", "0..100:0.0001", "more than 200 values"),
        ("steps", f"1-{'9' * 32} [4]", "steps: '1-9+ [4]' cannot be read as a list"),
        ("steps", f"1-9 [{'9' * 5000}]", "steps: '1-9 [9+…' cannot be read as a list"),
        ("steps", "10\r20", r"steps: '10\\r20' cannot be read as a list"),
        ("steps", "\r", "nothing stands between two commas"),
    ],
)
def test_what_cannot_be_listed_is_refused(name: str, text: str, told: str):
    with pytest.raises(InputError, match=told.replace("[", r"\[")):
        values_of(name, text)


def test_each_cell_says_what_varies_there():
    asked = sweep({"prompt": "a {red|white} dress, {a|b}", "steps": "10,20", "seed": "7"})
    assert asked.shape == (2, 2, 2)
    assert [axis.title for axis in asked.axes] == ["prompt", "prompt 2", "steps"]
    said = [asked.at(cell) for cell in asked.cells()]
    assert said[0] == {"prompt": "a red dress, a", "steps": "10", "seed": "7"}
    assert [(one["prompt"], one["steps"]) for one in said[1:3]] == [
        ("a white dress, a", "10"), ("a red dress, b", "10")
    ]  # fmt: skip
    assert said[-1] == {"prompt": "a white dress, b", "steps": "20", "seed": "7"}


def test_words_of_the_prompt_can_be_replaced_as_in_a1111():
    asked = sweep({"prompt": "a fox and a fox"}, ["fox,hen,"])
    assert [asked.at(cell)["prompt"] for cell in asked.cells()] == [
        "a fox and a fox", "a hen and a hen", "a  and a "
    ]  # fmt: skip


def test_axes_can_be_ordered():
    said = {"prompt": "a {red|white} fox", "guidance_scale": "1,2,3", "steps": "4,5,6,7"}
    assert sweep(said).shape == (2, 4, 3)
    assert sweep(said, order=["guidance-scale", "prompt"]).shape == (3, 2, 4)


def test_a_replaced_word_is_an_axis_in_any_case():
    said = {"prompt": "Anna and anna", "steps": "4,5,6"}
    assert sweep(said, ["Anna,Bert"], ["steps", "Anna"]).shape == (3, 2, 1)
    assert sweep(said, ["Anna,Bert"], ["steps", "anna"]).shape == (3, 2, 1)
    both = sweep(said, ["Anna,Bert", "anna,bert,carl"], ["anna"])
    assert both.axes[0].values == ("anna", "bert", "carl")


def test_in_plain_words_braces_vary_nothing():
    asked = sweep({"prompt": "a {red|white} fox", "steps": "1,2"}, plain=True)
    assert [asked.at(cell)["prompt"] for cell in asked.cells()] == ["a {red|white} fox"] * 2


def test_a_brace_that_is_meant_stays_one():
    asked = sweep({"prompt": r"a \{red\} {b|c}"})
    assert asked.at((1, 0, 0))["prompt"] == r"a \{red\} c"


@pytest.mark.parametrize(
    ("said", "replace", "order", "told"),
    [
        ({"prompt": "a fox"}, [], [], "nothing varies"),
        ({"prompt": "{a|b} {c|d} {e|f} {g|h}"}, [], [], "4 things vary"),
        ({"prompt": "a", "steps": "1..100", "seed": "1..100"}, [], [], "10000 cells; at most"),
        ({"prompt": "{a|{b|c}}"}, [], [], "braces in braces"),
        ({"prompt": "{0.5::a|b}"}, [], [], "chooses by the seed"),
        ({"prompt": "{2$$a|b|c}"}, [], [], "chooses by the seed"),
        ({"prompt": "a fox"}, ["hen,cat"], [], "'hen' is not in the prompt"),
        ({"prompt": "a fox"}, ["fox"], [], "nothing to put in its place"),
        ({"prompt": "a fox"}, [",hen"], [], "needs a word to look for"),
        ({"prompt": "a fox"}, ["\r"], [], "needs a word to look for"),
        ({"prompt": "a fox"}, ["fox,\rhen"], [], "--replace: 'fox,.*' cannot be read as a list"),
        ({"prompt": "a fox", "steps": "1,2"}, [], ["stepps"], "no axis 'stepps'"),
        ({"prompt": "a fox", "steps": "1,2"}, [], ["seed"], "no axis 'seed'"),
    ],
)
def test_a_grid_that_cannot_be_is_told(said, replace, order, told: str):
    with pytest.raises(InputError, match=told):
        sweep(said, replace, order)
    assert MOST_CELLS == 1000
