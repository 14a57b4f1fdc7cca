"""A1111's emphasis, to the letter: what each bracket weighs, and what is only text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.recipe.prompt.weights import Sections, Span, escaped, parse, text_of, written

UP, DOWN = 1.1, 1 / 1.1


def spans(prompt: str) -> list[tuple[str, float]]:
    [section] = parse(prompt)
    return [(span.text, span.weight) for span in section]


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a red fox, snow", [("a red fox, snow", 1)]),
        ("", []),
        ("(fox)", [("fox", UP)]),
        ("[fox]", [("fox", DOWN)]),
        ("((fox))", [("fox", UP * UP)]),
        ("(fox:1.3)", [("fox", 1.3)]),
        ("(fox: 1.3 )", [("fox", 1.3)]),
        ("(fox:+.5)", [("fox", 0.5)]),
        ("(fox:-1)", [("fox", -1)]),
        ("((fox:1.3))", [("fox", 1.3 * UP)]),
        ("[(fox:1.3)]", [("fox", 1.3 * DOWN)]),
        ("([fox])", [("fox", 1 * DOWN * UP)]),
        ("(a)(b)", [("ab", UP)]),
        ("(a [b] c:2)", [("a ", 2), ("b", DOWN * 2), (" c", 2)]),
        ("a (b (c:1.5) d)", [("a ", 1), ("b ", UP), ("c", 1.5 * UP), (" d", UP)]),
        ("(fox", [("fox", UP)]),
        ("[fox", [("fox", DOWN)]),
        ("a (b [c", [("a ", 1), ("b ", UP), ("c", UP * DOWN)]),
        ("fox)", [("fox)", 1)]),
        ("fox]", [("fox]", 1)]),
        ("fox:1.3)", [("fox:1.3)", 1)]),
        ("[fox:1.3)]", [("fox:1.3)", DOWN)]),
        (r"\(fox\)", [("(fox)", 1)]),
        (r"\[fox\]", [("[fox]", 1)]),
        (r"(fox \(red\):1.2)", [("fox (red)", 1.2)]),
        (r"a\\b", [("a\\b", 1)]),
        (r"a\b", [("ab", 1)]),
        ("fox\\", [("fox", 1)]),
        ("12:30, (a:b)", [("12:30, ", 1), ("a:b", UP)]),
        ("(a:1.3:1.2)", [("a:1.3", 1.2)]),
        ("(fox:1.2.3)", [("fox:1.2.3", UP)]),
        ("(fox:.)", [("fox:.", UP)]),
        ("()", []),
        ("(狐狸:1.3)和雪", [("狐狸", 1.3), ("和雪", 1)]),
        ("(fox])", [("fox]", UP)]),
        ("([fox)]", [("fox", 1 * UP * DOWN)]),
        ("one\n(two:2)\n", [("one\n", 1), ("two", 2), ("\n", 1)]),
    ],
)
def test_brackets_weigh_what_they_weigh_there(prompt, read):
    assert spans(prompt) == read


def test_a_whole_prompt_with_brackets_of_every_kind():
    assert spans("a (((barn:1.3)) [in] a (field:0.5), sun, (((fog))).") == [
        ("a ", 1), ("barn", 1.3 * UP * UP), (" ", UP), ("in", DOWN * UP), (" a ", UP),
        ("field", 0.5 * UP), (", sun, ", UP), ("fog", UP * UP * UP * UP), (".", UP),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("fox BREAK snow", ["fox", "snow"]),
        ("fox,\n BREAK \nsnow", ["fox,", "snow"]),
        ("BREAK fox", ["", "fox"]),
        (" \n BREAK\t ", ["", ""]),
        (" a BREAK\nb BREAK c ", [" a", "b", "c "]),
        ("fox BREAK", ["fox", ""]),
        ("a BREAK BREAK b", ["a", "", "b"]),
        ("a BREAKFAST, UNBREAK, break", ["a BREAKFAST, UNBREAK, break"]),
        ("(a BREAK b:2)", ["a", "b"]),
    ],
)
def test_break_parts_a_prompt(prompt, texts):
    sections = parse(prompt)
    assert ["".join(span.text for span in section) for section in sections] == texts
    assert text_of(sections) == " ".join(texts)


def test_break_in_brackets_keeps_their_weight_on_both_sides():
    assert parse("(a BREAK b:2)") == ((Span("a", 2.0),), (Span("b", 2.0),))


def test_lora_tags_are_not_painted():
    assert spans("a <lora:fur:0.8>(red:1.2) fox<lora:b>") == [("a ", 1), ("red", 1.2), (" fox", 1)]
    assert parse(escaped("<lora:fur:1>, <3")) == ((Span("<lora:fur:1>, <3"),),)


anything = st.text(st.sampled_from("()[]\\:.,|{}-+ 013aβ狐\nBREAK") | st.characters(), max_size=60)


@given(anything)
def test_any_text_can_be_read(prompt):
    sections = parse(prompt)
    assert sections
    assert all(span.text for section in sections for span in section)


@given(anything)
def test_escaped_text_is_one_plain_span(text):
    assert parse(escaped(text)) == (((Span(text),) if text else ()),)


words = st.text(st.sampled_from("abc狐:()[]\\ ,.1"), max_size=8).map(lambda text: f"x{text}x")
weights = st.floats(-100, 100).filter(lambda weight: abs(weight) > 1e-9)


@st.composite
def prompts(draw) -> Sections:
    """Sections of spans; neighbours differ in weight, as they do when they are read."""
    sections = []
    for _ in range(draw(st.integers(1, 3))):
        found: list[Span] = []
        for text, weight in draw(st.lists(st.tuples(words, weights | st.just(1.0)), max_size=5)):
            if not found or found[-1].weight != weight:
                found.append(Span(text, weight))
        sections.append(tuple(found))
    return tuple(sections)


@given(prompts())
def test_what_is_written_is_read_again(sections):
    assert parse(written(sections)) == sections
