"""The commands in the documents are true: the README's run, top to bottom; all can be typed."""

import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image, PngImagePlugin

from sdgen.cli import app
from sdgen.cli.app import build_app, with_command
from sdgen.cli.optional import with_values
from sdgen.cli.options import rename_aliases
from sdgen.files.images import read_record_of
from sdgen.recipe.axes import sweep
from sdgen.recipe.layers import layer_from, resolve
from sdgen.recipe.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GENERATED = re.compile(r"<!-- generated: \w+ -->\n.*?<!-- end -->", re.DOTALL)
SHOWN = re.compile(r"^(?:\$ |    )((?:\S+ .*\| )?sdgen .*)$", re.MULTILINE)
PLACEHOLDER = re.compile(r"…|\[|\b[A-Z]{4,}\b|\.\.\. ")
"""A line that shows how a command is written, not one to be typed."""


def commands(page: Path) -> Iterator[tuple[list[str], str]]:
    """The words of each command, and what is piped into it."""
    text = GENERATED.sub("", page.read_text(encoding="utf-8"))
    for line in SHOWN.findall(re.sub(r"\\\n\s*", " ", text)):
        words = shlex.split(line, comments=True)
        before, piped = [], words
        if "|" in words:
            before, piped = words[: words.index("|")], words[words.index("|") + 1 :]
        if piped[0] == "sdgen" and not any(map(PLACEHOLDER.search, piped)):
            yield piped[1:], " ".join(before[1:])


README = list(commands(ROOT / "README.md"))
ALL = sorted({shlex.join(words) for page in PAGES for words, _ in commands(page)})
GROUP = typer.main.get_command(build_app())


def test_there_are_commands_to_try():
    assert len(README) > 30
    assert len(ALL) > len(README)


@pytest.mark.parametrize("line", ALL)
def test_every_command_in_the_documents_can_be_typed(line: str):
    words = rename_aliases(with_command(with_values(shlex.split(line))))
    name, *rest = words
    command = GROUP.commands[name]
    if hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    said = command.make_context(name, rest).params
    typed = {
        setting: value
        for setting, value in said.items()
        if (isinstance(value, str) and (setting == "size" or setting in Settings.model_fields))
        or (isinstance(value, list) and value and setting == "lora")
    }
    if words[0] == "grid":
        typed = sweep(typed, said["replace"]).at((0, 0, 0))
    if words[0] in ("generate", "grid", "film", "batch", "explain"):
        flags = layer_from("flags", typed, text=True)
        resolve([layer_from("test", {"prompt": "x", "seed": 1}), flags])


@pytest.fixture
def around(sdgen) -> None:
    """The files that the README's commands speak of."""
    Path("prompts.txt").write_text("a red fox\na castle at night\n")
    Path("prompts.yaml").write_text("- {prompt: a red fox, seed: 1}\n")
    Path("sweep.yaml").write_text("matrix:\n  prompt: [a fox]\n  steps: [1, 2]\n")
    Path("big.jsonl").write_text('{"prompt": "a fox"}\n' * 5)
    Path("words").mkdir()
    Path("words/colour.txt").write_text("red\nblue\n")
    Path("styles.csv").write_text("name,prompt,negative_prompt\nposter,poster of {prompt},\n")
    for name in ("a.png", "b.png", "fox.png", "holiday.jpg"):
        assert sdgen("a red fox", "-o", name).exit_code == 0
    assert sdgen("a red fox", "--seed", "7").exit_code == 0
    recipe = PngImagePlugin.PngInfo()
    text = "a fox\nSteps: 4, Sampler: Euler, CFG scale: 7, Seed: 3, Size: 256x256, Model: storybook"
    recipe.add_text("parameters", text)
    Image.new("RGB", (64, 64)).save("fox-by-comfyui.png", pnginfo=recipe)


NOT_RUN = ("--serve", "tokens", "--check")
"""What has no end of its own, or asks for a real model: tested in `test_gallery.py`, `test_lock.py`
and below."""


ENDS = {"reproduce fox-by-comfyui.png": 7}
"""Exit codes other than 0: nobody drew that picture."""


def test_tokens_are_shown_as_the_readme_shows_them(capsys):
    [words] = [words for words, _ in README if words[0] == "tokens"]
    assert app.run(words) == 0
    shown = capsys.readouterr().out
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_works_from_top_to_bottom(sdgen, around, monkeypatch):
    told = []
    for words, piped in README:
        if any(word in NOT_RUN for word in words):
            continue
        stdin = io.TextIOWrapper(io.BytesIO(piped.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        done = sdgen(*words)
        if done.exit_code != ENDS.get(shlex.join(words), 0):
            told.append(f"sdgen {shlex.join(words)}: {done.exit_code}\n{done.stderr}")
    assert not told, "\n".join(told)


def test_the_first_picture_is_that_of_the_first_command():
    words, _ = README[0]
    record = read_record_of(ROOT / "docs" / "first-picture.png")
    assert words == [record.settings.prompt, "--seed", str(record.settings.seed)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_in_a_document_is_there(page: Path):
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).is_file(), target
