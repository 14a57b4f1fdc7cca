"""Slips of the fingers, and Ctrl-C: one line that helps, and nothing drawn."""

import json
import re
import sys

import pytest
import typer

from sdgen.cli.app import SWITCHES, build_app
from tests.cli.processes import run

GROUP = typer.main.get_command(build_app())


@pytest.mark.parametrize("word", ["help", "Help", "version", "verson"])
def test_what_others_have_as_a_command_is_no_prompt(sdgen, painter, word: str):
    done = sdgen(word)
    assert (done.exit_code, painter.drawn) == (2, [])
    option = "--help" if word.lower() == "help" else "--version"
    assert f"did you mean sdgen {option}? To draw that word: sdgen -- {word}" in done.stderr
    assert sdgen("--", word).exit_code == 0


def test_the_switches_are_those_that_are_there():
    groups = [command.commands.values() if hasattr(command, "commands") else [command]
              for command in GROUP.commands.values()]  # fmt: skip
    parameters = [one for group in groups for command in group for one in command.params]
    switches = {word for one in parameters if getattr(one, "is_flag", False) for word in one.opts}
    assert switches - {"--help", "-h"} == SWITCHES


@pytest.mark.parametrize(
    "words",
    ["--quiet show x.png", "--debug -q --json diff a b", "--steps 3 --seed=4 -o x batch jobs.txt",
     "--dry-run batch jobs.txt", "-n2 show"],
)  # fmt: skip
def test_a_command_behind_options_is_told_to_come_first(sdgen, painter, words: str):
    done = sdgen(*words.split())
    assert (done.exit_code, painter.drawn) == (2, [])
    assert re.search("the command comes first: sdgen (show|diff|batch) ", done.stderr)


@pytest.mark.parametrize(
    "words", [["--negative-prompt", "show", "a fox"], ["--quiet", "--", "show"], ["-q", "a show"]]
)
def test_a_commands_name_elsewhere_is_a_word(sdgen, painter, words: list[str]):
    assert sdgen(*words).exit_code == 0
    assert len(painter.drawn) == 1


USAGE_HINTS = {
    ("a", "red", "fox"): 'put quotes around the prompt: sdgen "a red fox"',
    ("generate", "a", "red", "fox"): "put quotes around the prompt",
    ("--prompt", "a fox"): 'the prompt needs no flag: sdgen "a red fox"',
    ("--text=a fox", "--seed", "3"): "the prompt needs no flag",
    ("show", "--prompt", "a fox"): "see sdgen show --help",
    ("diff", "a.png", "b.png", "c.png"): "see sdgen diff --help",
}


@pytest.mark.parametrize(("words", "hint"), USAGE_HINTS.items(), ids=map(" ".join, USAGE_HINTS))
def test_usual_slips_are_told_the_way(sdgen, painter, words: tuple[str, ...], hint: str):
    done = sdgen(*words)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert f"hint: {hint}" in done.stderr


TWICE = {
    ("--width", "64", "--w", "72"): "width is given twice (--width and --w)",
    ("--cfg-scale=3", "--guidance", "4"): "guidance_scale is given twice",
    ("--steps", "3", "--n_steps", "3"): "steps is given twice",
    ("--size", "64x64", "--h", "72"): "height is given twice",
}


@pytest.mark.parametrize(("words", "reason"), TWICE.items(), ids=map(" ".join, TWICE))
def test_two_spellings_of_one_setting_are_refused(sdgen, painter, words, reason: str):
    done = sdgen("a fox", *words)
    assert (done.exit_code, painter.drawn) == (2, [])
    assert reason in done.stderr


def test_of_one_spelling_twice_the_last_counts(sdgen, painter):
    assert sdgen("a fox", "--w", "64", "--w", "72", "--steps", "3", "--steps", "4").exit_code == 0
    assert (painter.drawn[0].width, painter.drawn[0].steps) == (72, 4)


def test_a_setting_after_two_dashes_is_a_prompt(sdgen, painter):
    assert sdgen("--width", "64", "--", "--w").exit_code == 0
    assert painter.drawn[0].prompt == "--w"


def test_ctrl_c_before_the_work_is_one_line(sdgen, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("sdgen.cli.app.build_app", "sdgen.files.foreign.read_recipe_of"):
        with monkeypatch.context() as patch:
            patch.setattr(place, interrupted)
            done = sdgen("show", "fox.png")
            assert (done.exit_code, done.stdout, done.stderr) == (130, "", "error: stopped\n")
            done = sdgen("show", "fox.png", "--json")
            assert json.loads(done.stderr)["error"]["exit_code"] == done.exit_code == 130


@pytest.mark.parametrize("words", [["a fox"], ["a fox", "--json"]])
def test_ctrl_c_during_the_first_imports_is_one_line(words: list[str]):
    script = (
        "import runpy, sys, types\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "runpy.run_module('sdgen', run_name='__main__')\n"
    )
    done = run(sys.executable, "-c", script, *words)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error: stopped\n" or json.loads(done.stderr)["error"]["exit_code"] == 130
    assert ("--json" in words) == done.stderr.startswith("{")
