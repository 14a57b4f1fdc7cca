"""Choices in prompts: made from the seed, always alike, and bounded."""

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.recipe.prompt.choices import MOST_CHARACTERS, Draws, filled

FILES = {
    "colour": ["red", "blue", "green"],
    "animal/cat": ["{big|small} cat"],
    "loop": ["__loop__"],
    "twice": ["__twice__ __twice__"],
}


def lines(name: str) -> Sequence[str]:
    if name not in FILES:
        raise InputError(f"there is no wildcard {name!r}")
    return FILES[name]


def fill(template: str, seed: int = 7, name: str = "prompt") -> str:
    return filled(template, Draws(seed, name), lines)


def seen(template: str, seeds: int = 300) -> Counter[str]:
    return Counter(fill(template, seed) for seed in range(seeds))


def test_a_seed_chooses_these_words_for_ever():
    template = "a {red|blue|green} {fox|owl}, {2$$snow|fog|rain} in the __colour__ {0.2::day|night}"
    assert [fill(template, seed) for seed in (0, 1, 2**63 - 1)] == [
        "a red owl, rain, fog in the blue night",
        "a red owl, snow, fog in the blue night",
        "a green owl, snow, fog in the red night",
    ]


def test_each_option_comes_and_no_other():
    assert set(seen("a {red|blue} fox")) == {"a red fox", "a blue fox"}
    assert 100 < seen("{a|b}")["a"] < 200


def test_the_two_prompts_choose_apart():
    template = "{a|b|c|d|e|f|g|h}" * 4
    assert fill(template) != fill(template, name="negative_prompt")


def test_weights_make_an_option_rarer():
    assert 10 < seen("{0.1::a|b}")["a"] < 60
    assert set(seen("{0::a|b}")) == {"b"}
    assert set(seen("{ 3::a|1::b}")) == {"a", "b"}


def test_several_are_different_and_joined():
    pairs = seen("{2$$a|b|c}")
    assert set(pairs) == {f"{x}, {y}" for x in "abc" for y in "abc" if x != y}
    assert set(seen("{2$$ and $$a|b}")) == {"a and b", "b and a"}
    assert set(seen("{0-2$$a|b}")) == {"", "a", "b", "a, b", "b, a"}
    assert set(seen("{2$$$$a|b}")) == {"ab", "ba"}


def test_choices_nest_and_what_is_not_chosen_is_not_drawn():
    assert set(seen("{a {b|c}|{0::__missing__|d}}")) == {"a b", "a c", "d"}


def test_names_stand_for_a_line_with_choices_of_its_own():
    assert set(seen("a __colour__ fox")) == {"a red fox", "a blue fox", "a green fox"}
    assert set(seen("__animal/cat__")) == {"big cat", "small cat"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a red fox", "a red fox"),
        ("", ""),
        (r"\{a|b\}", "{a|b}"),
        (r"{a\|b}", "a|b"),
        (r"\__colour__", "__colour__"),
        ("a | b", "a | b"),
        ("{fox}", "fox"),
        ("{{fox}}", "fox"),
        ("{}", ""),
        (r"\(a\) b\\c", r"\(a\) b\\c"),
        ("<lora:a__b__c:1>{fox}", "<lora:a__b__c:1>fox"),
        ("<lora:a|b:1>", "<lora:a|b:1>"),
        ("snake_case, ____, a__b", "snake_case, ____, a__b"),
        ("$5, $$x$$", "$5, $$x$$"),
        ("{a::b}", "a::b"),
        ("([{fox}:1.3])", "([fox:1.3])"),
    ],
)
def test_what_has_no_choice_stays_as_it_is(template, text):
    assert fill(template) == text


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{a|b", "has a { that is not closed: {a|b"),
        ("{" * 3, "is not closed"),
        ("a}", "has a } without its {"),
        ("{3$$a|b}", "asks for more than there is, or for nothing: {3$$a|b}"),
        ("{2-1$$a|b}", "for nothing: {2-1$$a|b}"),
        ("{0::a|0::b}", "for nothing: {0::a|0::b}"),
        ("{2$$0::a|b}", "asks for more than there is"),
        ("{" * 30 + "}" * 30, "nests braces more than 20 deep"),
        ("__twice__", "nests choices more than 20 deep"),
        ("__loop__", "nests choices more than 20 deep"),
        ("__colour__" * 1001, "makes more than 1000 choices"),
        ("{" + "x" * 9000 + "}" + "{" + "y" * 9000 + "}", "becomes longer than 10000"),
    ],
)
def test_what_cannot_be_filled_in_is_told(template, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        fill(template)


def test_a_name_without_lines_is_told_by_who_has_them():
    with pytest.raises(InputError, match="there is no wildcard 'sky'"):
        fill("a __sky__")


@given(st.text(st.sampled_from("{}|$:0123456789.\\_ abfox<>lr") | st.characters(), max_size=60))
def test_any_text_is_filled_in_or_refused(template):
    try:
        text = fill(template)
    except (ValueError, InputError):
        return
    assert len(text) <= MOST_CHARACTERS
    assert fill(template) == text
