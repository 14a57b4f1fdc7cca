"""The words of `sdgen find`, each for what it matches; and what cannot be read, in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.metadata.findable import facts_of
from sdgen.metadata.formats.foreign import Foreign, ForeignLora
from sdgen.metadata.query import MOST_NESTED, MOST_TOKENS, field_named, parse_query, sort_key
from tests.metadata.records import fox_record, refusal

FACTS = {
    "prompt": "A red fox on a Beach, 雪", "steps": 28, "seed": 2**60 + 1, "guidance_scale": 7.5,
    "scheduler": "euler_ancestral", "lora": ["Dusk", "fur"], "size": "512x768", "tool": "sdgen",
    "created": "2026-11-24T12:00:00+00:00", "negative_prompt": 'say "hi" (now)',
}  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "", "  ", "steps=28", "steps = 28", "steps>27", "steps>=28.0", "steps<29 and steps<=28",
        "steps!=27", f"seed={2**60 + 1}", f"seed!={2**60}", "guidance_scale>7", "cfg>7",
        "sampler~euler", "sampler~EULER and prompt~beach", "Sampler=euler_ancestral", "prompt~雪",
        "beach", "'red fox'", '"red fox"', "not owl", "not not fox", "lora=dusk", "lora~fu",
        "lora!=owl", "size=512x768", "tool=SDGEN", "created>=2026-11-24", "created<2026-12",
        r'negative_prompt~"say \"hi\" ("', "negative~'(now)'", "prompt!~owl", "owl or fox",
        "owl and owl or fox", "fox or owl and owl", "not (owl or bear)", "(fox)",
        "((fox and beach))",
        "NOT owl AND fox", "eta!=0.5", "not eta=0", "model!~x", "prompt~a=b or steps>0",
    ],
)  # fmt: skip
def test_matches(query):
    assert parse_query(query)(FACTS)


@pytest.mark.parametrize(
    "query",
    ["steps=27", "steps>28", "steps<28", "steps!=28", f"seed={2**60}", "owl", "not fox",
     "(owl or bear) and fox", "not (fox or bear)", "eta=0", "eta<1", "model~x", "lora=owl",
     "lora!=dusk", "lora!~dusk", "created>2026-11-25", "tool=A1111", "prompt=fox"],
)  # fmt: skip
def test_matches_not(query):
    assert not parse_query(query)(FACTS)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("steps>", "steps> has no value"), ("steps>many", "steps is a number, not 'many'"),
        ("stepz>3", "no field 'stepz'"), ("fox owl", "and, or, or the end is missing"),
        ("fox and", "ends where a comparison is missing"), ("(fox", "ends where and, or, or )"),
        ("fox)", "and, or, or the end is missing"), ("and fox", "a comparison is missing"),
        ("()", "a comparison is missing"), ('"fox', "cannot be read"),
        ("prompt>a", "is text, which"),
        ("size<8x8", "size is text"), ("(" * (MOST_NESTED + 1) + "fox", "brackets in each other"),
        ("fox " * (MOST_TOKENS + 1), "words"), ("=3", "cannot be read"),
        ("steps=1e999x", "is a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(query, words):
    assert words in refusal(parse_query, query)


def test_a_slip_in_a_field_gets_the_right_word():
    with pytest.raises(InputError) as refused:
        field_named("stepz")
    assert "steps" in refused.value.hint


@given(st.text(st.sampled_from("abst=><~!()\"' \\andorn1"), max_size=60))
def test_any_query_is_read_or_refused(query):
    if not refusal(parse_query, query):
        parse_query(query)(FACTS)


def test_pictures_of_ours_have_all_settings():
    facts = facts_of(fox_record(lora=["fur:0.5"], prompt="a fox <lora:ink>"))
    assert (facts["lora"], facts["tool"], facts["size"]) == (["fur", "ink"], "sdgen", "512x512")
    assert facts["created"].startswith("2026-11-24T06:00")
    assert facts_of(None) == {}


def test_pictures_of_others_have_their_own_words_and_ours():
    facts = facts_of(Foreign(
        tool="AUTOMATIC1111", prompt="a fox <lora:ink:0.5>", dialect="a1111", sampler="Euler a",
        schedule="Automatic", seed=2**70, width=515, height=8, model="dream", steps=20,
        loras=(ForeignLora("ink", None, "01"), ForeignLora("fur", 0.5)),
    ))  # fmt: skip
    assert facts["scheduler"].startswith("euler_ancestral")
    assert (facts["said"], facts["model"], facts["seed"]) == ("Euler a, Automatic", "dream", 2**70)
    assert facts["lora"] == ["ink", "fur"]
    odd = facts_of(Foreign(tool="x", sampler="Wobble"))
    assert odd["scheduler"] == "Wobble"


def test_sorting_puts_what_is_not_said_last():
    rows = [{"steps": 3}, {}, {"steps": "x"}, {"steps": 20}, {"steps": 1.5}]
    ordered = sorted(rows, key=sort_key("steps"))
    assert ordered == [{"steps": 1.5}, {"steps": 3}, {"steps": 20}, {"steps": "x"}, {}]
