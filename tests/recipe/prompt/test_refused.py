"""Syntax that sdgen does not do: told, not painted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.recipe.prompt.refused import refusal


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("a fox AND an owl", "AND"),
        ("a fox\nAND an owl :1.2", "AND"),
        ("[fox:owl:0.5]", "[from:to:when]"),
        ("[fox:owl:10]", "[from:to:when]"),
        ("[fox:0.5]", "[from:to:when]"),
        ("[fox::.5]", "[from:to:when]"),
        ("[(red:1.2) fox:blue owl: 0.5 ]", "[from:to:when]"),
        ("a [fox|owl] in snow", "[a|b]"),
        ("([fox|owl])", "[a|b]"),
        ("fox <lora:fur:x>", "<lora:fur:x>"),
        ("fox <hypernet:fur:0.8>", "<hypernet:fur:0.8>"),
        ("(fox:101)", "the weight 101"),
        ("(fox:-101)", "the weight -101"),
        ("(" * 60 + "fox", "the weight 304.482"),
        ("(fox:" + "9" * 400 + ")", "the weight inf"),
    ],
)
def test_what_is_refused_is_named(prompt, part):
    assert part in refusal(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox and an owl", "HAND, ANDES", "[fox]", "[[fox]]", "[fox: red]", "[fox:1.2)]",
        "a | b", r"\[fox|owl\]", r"\[fox:owl:0.5\]", "[{fox|owl}]", "{fox|owl}", "12:30", "[|]",
        "[{a|b:2}:x]", "(fox:1.3)", "[a (b:0.5)]", "a < b, <3", "(fox:100)", "", "]:0.5]",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not(prompt):
    assert refusal(prompt) == ""


@given(st.text(st.sampled_from("()[]{}|\\:.0 aAND<>lor\n") | st.characters(), max_size=60))
def test_any_text_is_judged(prompt):
    assert isinstance(refusal(prompt), str)
