import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.cli.app import with_command
from sdgen.recipe.command import command_of
from sdgen.recipe.prompt.choices import Draws, filled, literal
from tests.metadata.records import TRICKY, fox_settings


def read(words: list[str]) -> dict[str, str]:
    """What a command says, as the command line reads it."""
    import typer

    from sdgen.cli.app import build_app

    group = typer.main.get_command(build_app(["generate"]))
    name, *rest = with_command(words)
    command = group.commands[name]  # type: ignore[attr-defined]
    return command.make_context(name, rest).params


@pytest.mark.parametrize("prompt", [*TRICKY, "batch", "-n", "--json", "{a|b} \\{ __fox__", "it's"])
def test_a_shell_and_the_command_line_read_what_was_drawn(prompt: str):
    from sdgen.recipe.layers import layer_from, resolve
    from sdgen.recipe.prompt.wording import AS_WRITTEN
    from sdgen.recipe.settings import Settings

    drawn = fox_settings(
        prompt=prompt, negative_prompt=prompt, lora=["fur:0.5", "-ink:1"], guidance_scale=4.25,
        width=320, height=192, clip_skip=2, dtype="float32",
    )  # fmt: skip
    first, *words = shlex.split(command_of(drawn))
    assert first == "sdgen"
    said = read(words)
    typed = {
        name: value
        for name, value in said.items()
        if (name in Settings.model_fields or name == "size") and value not in (None, [])
    }
    read_again = resolve([layer_from("flags", typed, text=True)]).settings
    assert AS_WRITTEN.worded(read_again)[0] == drawn


def test_what_is_usual_is_left_out():
    assert command_of(fox_settings(guidance_scale=5)) == (
        "sdgen 'a red fox' --model storybook --scheduler dpmpp_2m --steps 20 --guidance-scale 5 "
        "--seed 7 --size 512x512 --dtype auto"
    )


signs = st.lists(st.sampled_from(["{", "}", "|", "__", "_", "\\", "a", " fox ", "$$", "::"]))


@settings(max_examples=300, deadline=None)
@given(signs)
def test_literal_text_is_read_as_itself(parts: list[str]):
    text = "".join(parts)
    assert filled(literal(text), Draws(7, "prompt"), lambda name: []) == text


def test_pictures_are_named_as_files_and_not_by_content():
    drawn = fox_settings(image="a cat.png#" + "0" * 64, strength=0.5)
    assert "--image 'a cat.png' --strength 0.5" in command_of(drawn)
