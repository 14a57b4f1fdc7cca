"""The frame of the command line: names, start, completion, streams, terminals."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from sdgen.cli.app import (
    COMMANDS,
    DEFAULT_COMMAND,
    GROUP_OPTIONS,
    build_app,
    with_command,
)
from sdgen.files.images import read_record_of
from tests.cli.processes import PAINTED, REAL, run, variables

GROUP = typer.main.get_command(build_app())


def test_the_options_before_the_command_are_those_that_are_there():
    there = {word for parameter in GROUP.params for word in parameter.opts}
    assert there | {"--help", "-h"} == GROUP_OPTIONS


def test_the_list_of_commands_is_the_commands():
    assert set(GROUP.commands) == set(COMMANDS)
    assert DEFAULT_COMMAND in COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(sdgen, name: str):
    done = sdgen(name, "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: sdgen {name} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_name_can_be_drawn(sdgen, painter, name: str):
    assert sdgen("--", name).exit_code == 0
    assert painter.drawn[0].prompt == name


@pytest.mark.parametrize("name", COMMANDS)
def test_a_letter_too_many_is_no_prompt(sdgen, painter, name: str):
    done = sdgen(name + "x", "fox.png")
    assert (done.exit_code, painter.drawn) == (2, [])
    assert f"did you mean sdgen {name}?" in done.stderr


@pytest.mark.parametrize("word", ["beach", "clock", "Watch"])
def test_a_word_that_the_built_in_model_was_taught_is_a_prompt(sdgen, painter, word: str):
    assert sdgen(word).exit_code == 0
    assert painter.drawn[0].prompt == word
    assert sdgen("SHOW").exit_code == 2, "that is a command in capitals"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["a fox"], ["generate", "a fox"]),
        (["--steps", "3", "fox"], ["generate", "--steps", "3", "fox"]),
        (["--debug", "a fox"], ["--debug", "generate", "a fox"]),
        (["--debug", "batch", "x"], ["--debug", "batch", "x"]),
        (["--", "batch"], ["generate", "--", "batch"]),
        (["show", "batch"], ["show", "batch"]),
        (["--version"], ["--version"]),
        (["-"], ["generate", "-"]),
        ([], []),
    ],
)
def test_where_the_default_command_is_meant(words: list[str], meant: list[str]):
    assert with_command(words) == meant
    assert with_command(meant) == meant


LIGHT = (
    "--help", "--version", "generate --help", "batch --help", "reproduce --help", "schedulers",
    "show fox.png", "diff fox.png fox.png", "explain --steps 3 --model MODEL", "models list",
    "models info MODEL", "configs list", "configs show portrait", "doctor --quick",
    "batch jobs.txt --dry-run --model MODEL", "reproduce fox.png --check --model MODEL",
    "reproduce --all . --check --model MODEL",
    "lock --model MODEL", "lock jobs.txt", "lock --check", "fox --locked --model MODEL",
    "tokens fox", "tokens fox --model MODEL", "tokens --help",
    "--show-completion", "bacth", "fox --steps 0 --model MODEL", "fox --model nowhere",
)  # fmt: skip


@pytest.mark.parametrize("words", LIGHT)
def test_a_command_without_a_model_loads_no_tensors(sdgen, mini: Path, words: str):
    sdgen("a red fox", "-o", "fox.png")
    Path("jobs.txt").write_text("a red fox\n")
    script = (
        "import sys; from sdgen.cli.app import run; code = run(sys.argv[1:]);"
        "heavy = sorted({'torch', 'diffusers', 'transformers'} & set(sys.modules));"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    done = run(sys.executable, "-c", script, *words.replace("MODEL", str(mini)).split())
    assert "loaded" not in done.stderr
    assert done.returncode in (0, 2, 4, 7), done.stderr  # some are refused, and lightly too
    assert "a bug" not in done.stderr


COMPLETIONS = {
    "sdgen ": set(COMMANDS),
    "sdgen re": {"reproduce"},
    "sdgen 'a red fox' --ste": {"--steps"},
    "sdgen fox --scheduler dpmpp_2m": {"dpmpp_2m", "dpmpp_2m_karras"},
    "sdgen --scheduler euler_ka": {"euler_karras"},
    "sdgen fox -c po": {"portrait", "poster"},
    "sdgen batch x --config squ": {"square"},
    "sdgen generate x --model story": {"storybook"},
    "sdgen reproduce x.png --dtype fl": {"float32", "float16"},
    "sdgen lock --model story": {"storybook"},
    "sdgen lock --c": {"--config", "--check"},
    "sdgen tokens x --negative-p": {"--negative-prompt"},
    "sdgen tokens x --model story": {"storybook"},
    "sdgen models i": {"info"},
    "sdgen models info ": {"storybook"},
    "sdgen configs show pan": {"panorama"},
    "sdgen bacth --dry": set(),
    "sdgen bacth --ste": {"--steps"},
}


@pytest.mark.parametrize(("typed", "offered"), COMPLETIONS.items(), ids=COMPLETIONS)
def test_the_shell_is_offered_what_fits(typed: str, offered: set[str]):
    count = str(len(typed.replace("'a red fox'", "x").split(" ")) - 1)
    asked = {"_SDGEN_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": count}
    done = run(*REAL, env=variables(**asked))
    assert (done.returncode, done.stderr) == (0, "")
    assert offered <= set(done.stdout.split()), done.stdout
    assert bool(offered) == bool(done.stdout.split())


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(shell: str):
    asked = {"_SDGEN_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "sdgen fox -c portr",
             "_TYPER_COMPLETE_FISH_ACTION": "get-args"}  # fmt: skip
    done = run(*REAL, env=variables(**asked))
    assert "portrait" in done.stdout


def pipe_into_reader_of(lines: int, *words: str) -> tuple[int, str]:
    """Exit code and stderr when the reader of stdout leaves after so many lines."""
    process = subprocess.Popen(
        [*PAINTED, *words], env=variables(STEP_SECONDS="0.02"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout as stdout, process.stderr as stderr:
        for _ in range(lines):
            stdout.readline()
        stdout.close()
        told = stderr.read()
    return process.returncode, told


def test_a_reader_that_left_does_not_end_the_work():
    code, told = pipe_into_reader_of(1, "a red fox", "-n", "3", "--seed", "5")
    assert code == 0
    assert "error" not in told
    assert {path.name for path in Path("outputs").glob("*.png")} == {
        "a-red-fox-5.png", "a-red-fox-6.png", "a-red-fox-7.png",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--help"], 0), (["schedulers"], 0), (["show", "none.png"], 2), (["fox", "--steps", "0"], 2)],
)
def test_a_reader_that_left_changes_no_exit_code(words: list[str], code: int):
    found, told = pipe_into_reader_of(0, *words)
    assert found == code
    assert "Traceback" not in told
    assert "bug" not in told


CLOSED = {
    ("1>&-", "a red fox"): 0,
    ("2>&-", "a red fox"): 0,
    ("1>&- 2>&- <&-", "a red fox"): 0,
    ("<&-", "-"): 2,
    ("1>&-", "--version"): 0,
    ("2>/dev/full", "a red fox"): 0,
    (">/dev/full", "a red fox"): 5,
    (">/dev/full", "--help"): 5,
}


@pytest.mark.parametrize(("case", "code"), CLOSED.items(), ids=map(" ".join, CLOSED))
def test_closed_and_full_streams(case: tuple[str, str], code: int):
    if "/dev/full" in case[0] and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = run("sh", "-c", f'exec "$@" {case[0]}', "sh", *PAINTED, case[1], "--seed", "1")
    assert done.returncode == code
    assert "bug" not in done.stderr
    if case[1] == "a red fox":
        assert read_record_of(Path("outputs/a-red-fox-1.png")).settings.seed == 1


def test_a_poor_encoding_gets_escapes(sdgen):
    sdgen("夕阳下的海滩", "-o", "beach.png")
    done = run(*REAL, "show", "beach.png", env=variables(PYTHONIOENCODING="ascii"))
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u5915\u9633" in done.stdout


def test_the_c_locale_can_still_draw():
    done = run(*PAINTED, "夕阳", "--seed", "1", env=variables(LC_ALL="C"))
    assert done.returncode == 0, done.stderr
    [picture] = Path("outputs").glob("*.png")
    assert read_record_of(picture).settings.prompt == "夕阳"


@pytest.mark.parametrize("words", [[b"caf\xe9"], [b"show", b"\xff.png"], [b"fox", b"-o", b"\x80"]])
def test_bytes_that_are_no_text_are_refused(words: list[bytes]):
    done = run(*PAINTED, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: argument \d is not valid UTF-8\n", done.stderr)


def on_a_terminal(*words: str, **environment: str) -> bytes:
    """All that a terminal is sent."""
    given = {"STEP_SECONDS": "0.03", "TERM": "xterm", **environment}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*PAINTED, *words], env=variables(**given), stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = b""
    while select.select([master], [], [], 300)[0]:
        try:
            seen += os.read(master, 65536)
        except OSError:  # Linux: the other side is closed
            break
    process.wait(timeout=300)
    os.close(master)
    return seen


RICH_OWN = re.compile(rb"\x1b\[(\?25[lh]|[0-9;]*[mAGK])|\x1b\[2K")
"""What the progress bar sends: hide and show the cursor, colours, one line up, erase the line."""


def test_a_prompt_sends_a_terminal_no_control_and_no_markup():
    hostile = "[red]fox[/red] :smile: [/b] \u202ereversed\u200b \ue000"
    seen = on_a_terminal(hostile, "--steps", "12", "--seed", "1")
    assert b"[red]fox[/red] :smile: [/b]" in seen
    assert rb"\u202e" in seen
    assert not re.search("[\u202e\u200b\ue000]", seen.decode())
    assert b"\x1b[?25l" in seen, "a bar moved"
    rest = RICH_OWN.sub(b"", seen)
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", rest), rest


@pytest.mark.parametrize(
    "words",
    [["a\x1b[2Jb"], ["fox", "--negative-prompt", "\x1b]0;x\x07"], ["show", "\x1b[31mx.png"],
     ["fox", "--\x1b[31m"], ["fox", "--config", "\x1b[5m"], ["fox", "-o", "\x1b[5m/\x9b5m"],
     ["batch", "\x1b[5m.txt"], ["reproduce", "\x1b[5m.png"]],
)  # fmt: skip
def test_words_on_the_command_line_send_a_terminal_no_control(words: list[str]):
    seen = on_a_terminal(*words, TERM="dumb")
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", seen.decode())


def test_no_color_and_dumb_terminals_are_respected():
    plain = on_a_terminal("a fox", "--steps", "12", NO_COLOR="1")
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-9]|4[0-9]|9[0-7])[0-9;]*m", plain)
    assert b"\x1b" not in on_a_terminal("a fox", "--steps", "12", TERM="dumb")
    assert b"\x1b" not in on_a_terminal("a fox", "--steps", "12", "--quiet")


def test_a_megabyte_in_an_error_is_quoted_in_part(sdgen):
    done = sdgen("fox", "--seed", "9" * 100_000)
    assert done.exit_code == 2
    assert len(done.stderr) < 2000
    whole = json.loads(sdgen("fox", "--seed", "9" * 100_000, "--json").stderr)
    assert "9" * 100_000 in whole["error"]["message"]
