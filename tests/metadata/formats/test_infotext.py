import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.metadata.a1111 import parameters_text
from sdgen.metadata.formats.a1111 import recipe_of
from sdgen.metadata.formats.infotext import read_infotext, read_pairs
from tests.metadata.records import any_settings, fox_record, meaning

LINE = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768"


def test_three_blocks():
    found = read_infotext(f"a red fox,\nin snow\nNegative prompt: blurry,\ndark\n{LINE}")
    assert (found.prompt, found.negative) == ("a red fox,\nin snow", "blurry,\ndark")
    assert found.pairs == {
        "Steps": "20", "Sampler": "Euler a", "CFG scale": "7", "Seed": "42", "Size": "512x768"
    }  # fmt: skip
    assert not found.notices


def test_negative_prompt_may_be_missing_and_so_may_the_prompt():
    assert read_infotext(f"a red fox\n{LINE}").negative == ""
    assert read_infotext(LINE).prompt == ""
    assert read_infotext(f"Negative prompt: dark\n{LINE}").negative == "dark"


def test_last_line_with_two_pairs_belongs_to_the_prompt():
    found = read_infotext("a red fox\nmood: dark, light: dim")
    assert found.prompt == "a red fox\nmood: dark, light: dim"
    assert not found.pairs


def test_line_that_begins_with_steps_counts_though_others_follow():
    found = read_infotext(f"a fox\n{LINE}\nTemplate: a {{fox|hare}}\nNegative Template: dark")
    assert found.prompt == "a fox"
    assert found.pairs["Steps"] == "20"
    assert found.pairs["Template"] == "a {fox|hare}"
    assert found.pairs["Negative Template"] == "dark"


def test_prompt_with_a_line_of_parameters_in_it_keeps_it():
    found = read_infotext(f"Steps: 1, Seed: 2, Sampler: x\na fox\n{LINE}")
    assert found.prompt == "Steps: 1, Seed: 2, Sampler: x\na fox"
    assert found.pairs["Seed"] == "42"


def test_prompt_with_its_own_negative_line_is_told():
    found = read_infotext(f"a fox\nNegative prompt: of a photograph\nNegative prompt: dark\n{LINE}")
    assert (found.prompt, found.negative) == ("a fox", "of a photograph\ndark")
    assert "several lines begin with 'Negative prompt:'" in found.notices[0]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('A: "x, y: z", B: 1', {"A": "x, y: z", "B": "1"}),
        (r'A: "say \"hi\"\nthere", B: 1', {"A": 'say "hi"\nthere', "B": "1"}),
        ('A: "狐: 雪, 🦊", B: 1', {"A": "狐: 雪, 🦊", "B": "1"}),
        ('A: "no end, B: 1', {"A": '"no end', "B": "1"}),
        (r'A: "bad \escape", B: 1', {"A": r"bad \escape", "B": "1"}),
        ('A: {"a": "x, y", "b": [1, 2]}, B: 1', {"A": '{"a": "x, y", "b": [1, 2]}', "B": "1"}),
        ("A: {braces, B: 1", {"A": "{braces", "B": "1"}),
        ("Model, Steps: 2", {"Model": "Model", "Steps": "2"}),
        ("word, A: 1, more words, B: 2", {"A": "1", "B": "2"}),
        ("A: 1, A: 2", {"A": "1"}),
        ("A: , B: 1,", {"A": "", "B": "1"}),
        ("", {}),
    ],
)  # fmt: skip
def test_pairs_are_read_to_the_letter(text, pairs):
    assert read_pairs(text) == pairs


def test_lines_that_end_as_in_windows():
    found = read_infotext(f"a fox\r\nNegative prompt: dark\r\n{LINE}\r\n")
    assert (found.prompt, found.negative, found.pairs["Size"]) == ("a fox", "dark", "512x768")


@pytest.mark.parametrize(
    "text", ['a: "' * 50_000, "a: {" * 50_000, "a" * 200_000, "a:" * 100_000, "\n" * 200_000,
             "Steps: 1, a: 2\n" * 20_000, "Negative prompt:\n" * 20_000, "[" * 200_000],
)  # fmt: skip
def test_hostile_text_is_read_once(text):
    """Each of these takes hours if any part is read again for every letter."""
    read_infotext(text)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    found = read_infotext(text)
    assert "\r\n" in text or len(found.prompt) <= len(text)


@given(any_settings())
def test_what_sdgen_writes_reads_back(settings):
    """Lost are the spaces around prompts, their syntax, though not their meaning, and dtype.

    LoRAs of a flag are tags there.
    """
    record = fox_record().model_copy(update={"settings": settings})
    found = recipe_of(read_infotext(parameters_text(record)))
    assert meaning(found.prompt, "a1111") == meaning(settings.prompt, settings.prompt_syntax)
    assert meaning(found.negative_prompt, "a1111") == meaning(
        settings.negative_prompt, settings.prompt_syntax
    )
    assert (found.tool, found.version) == ("sdgen", "1.2.3")
    assert (found.steps, found.seed) == (settings.steps, settings.seed)
    assert found.noise == settings.rng.upper()
    assert (found.width, found.height) == (settings.width, settings.height)
    assert (found.clip_skip or 1) == settings.clip_skip
    assert found.guidance_scale == settings.guidance_scale
    assert (found.eta or 0) == settings.eta
    assert (found.guidance_rescale or 0) == settings.guidance_rescale
