"""Styles and choices together: what is drawn, and what was written."""

import pytest

from sdgen.errors import InputError
from sdgen.recipe.prompt.styles import Style, with_styles
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording
from sdgen.recipe.settings import Settings

SNOW = Style("Snow", "{prompt}, in the {snow|fog}", "rain")
INK = Style("Ink", "ink drawing")


def settings(prompt: str, seed: int = 7, **said) -> Settings:
    return Settings(prompt=prompt, seed=seed, **said)


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("fox", ["ink"], "fox, ink"),
        ("fox", ["a {prompt} in ink"], "a fox in ink"),
        ("fox", ["{prompt}, {prompt}"], "fox, fox"),
        ("fox", ["ink", "{prompt}!"], "fox, ink!"),
        ("fox", ["", " "], "fox"),
        ("", ["ink"], "ink"),
        ("", ["no {prompt}"], "no "),
        ("{prompt}", ["a {prompt}"], "a {prompt}"),
    ],
)
def test_a_style_goes_around_or_behind(text, words, found):
    assert with_styles(text, words) == found


def test_prompts_without_choices_stay_as_they_are():
    asked = settings("a (red:1.3) fox", negative_prompt="fog")
    assert AS_WRITTEN.worded(asked) == (asked, None)


def test_what_is_drawn_and_what_was_written_are_both_told():
    drawn, written = Wording((SNOW, INK)).worded(
        settings("a {red|blue} fox", negative_prompt="wet")
    )
    assert drawn.prompt == "a blue fox, in the snow, ink drawing"
    assert drawn.negative_prompt == "wet, rain"
    assert (drawn.seed, drawn.prompt_syntax) == (7, "a1111")
    assert (written.prompt, written.negative_prompt) == ("a {red|blue} fox", "wet")
    assert written.styles == ("Snow", "Ink")


def test_the_seed_decides_and_nothing_else():
    prompts = [AS_WRITTEN.worded(settings("{a|b|c|d|e|f}", n))[0].prompt for n in range(20)]
    again = [AS_WRITTEN.worded(settings("{a|b|c|d|e|f}", n, steps=9))[0].prompt for n in range(20)]
    assert prompts == again
    assert len(set(prompts)) > 3


def test_plain_words_have_styles_and_no_choices():
    asked = settings("a {red|blue} fox", prompt_syntax="plain")
    assert AS_WRITTEN.worded(asked) == (asked, None)
    assert Wording((INK,)).worded(asked)[0].prompt == "a {red|blue} fox, ink drawing"


def test_only_the_prompts_that_are_asked_for_are_put_together():
    asked = settings("{a}", negative_prompt="{b}")
    assert AS_WRITTEN.worded(asked, ["negative_prompt"])[0].prompt == "{a}"
    assert AS_WRITTEN.worded(asked, ["negative_prompt"])[0].negative_prompt == "b"


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("{}", "prompt (put together for seed 7) is empty"),
        ("{a", "prompt has a { that is not closed"),
        ("__sky__", "prompt: there is no wildcard 'sky'"),
        ("__line__", "prompt (put together for seed 7) joins prompts with AND"),
        ("__lora__", "LoRA tags cannot come from choices or styles"),
        ("{<lora:a:1>|<lora:b:1>}", "LoRA tags cannot come from choices or styles"),
    ],
)
def test_what_cannot_be_put_together_is_told(prompt, told):
    files = {"line": ["a AND b"], "lora": ["<lora:fur:1>"]}

    def lines(name):
        return files[name] if name in files else AS_WRITTEN.lines(name)

    with pytest.raises(InputError) as caught:
        Wording(lines=lines).worded(settings(prompt))
    assert told in str(caught.value)
