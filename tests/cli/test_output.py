"""How sdgen speaks: nothing that anybody wrote reaches the terminal as more than letters."""

import io
import json
import re
import unicodedata
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.cli import output
from sdgen.cli.output import Output, display, show_error, table_lines
from sdgen.cli.progress import LiveDisplay, PlainDisplay, shorten
from sdgen.errors import InputError

ANY = st.text(st.characters(codec=None), max_size=60)  # half characters too
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
JOINERS = "\u200d\ufe0f"


def is_seen(text: str) -> bool:
    return not any(unicodedata.category(c) in UNSEEN and c not in JOINERS for c in text)


@given(ANY)
def test_every_text_is_shown_without_unseen_characters(text: str):
    shown = display(text)
    assert is_seen(shown)
    shown.encode()
    assert is_seen(shorten(text))
    assert len(shorten(text)) <= 40


@given(ANY)
def test_errors_and_tables_are_lines_without_unseen_characters(text: str):
    stream = io.StringIO()
    show_error(InputError(text, hint=text, details=[text]), as_json=False, stream=stream)
    assert stream.getvalue().count("\n") == 2 + bool(text)
    assert all(map(is_seen, stream.getvalue().split("\n")))
    assert all(map(is_seen, table_lines([[text, text], [text]])))


@given(ANY)
def test_every_way_to_speak_shows_unseen_characters_as_escapes(text: str):
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        for out in (Output(), Output(as_json=True)):
            out.result(text)
            out.say(text)
            out.warn(text)
            out.table([[text]], [text])
            out.json({text: text})
    lines = (stdout.getvalue() + stderr.getvalue()).split("\n")
    assert len(lines) == 7  # result, two of a table, JSON, talk, warning, and the end
    assert all(map(is_seen, lines))


@given(ANY)
def test_a_moving_display_shows_unseen_characters_as_escapes(text: str):
    stderr = io.StringIO()
    with redirect_stderr(stderr), LiveDisplay() as shown:
        shown.picture(text)
    own = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]", "", stderr.getvalue())  # the bar's movements
    assert is_seen(own)


def test_nothing_but_the_one_door_writes_to_the_streams():
    """A line that goes around `Output` would not be shown through `display`."""
    root = Path(output.__file__).parents[1]
    writes = re.compile(r"\b(print|echo|secho)\(|std(out|err)\.(write|buffer)|console\.|Console\(")
    found = {
        f"{path.relative_to(root)}: {line.strip()}"
        for path in root.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if writes.search(line) and path != Path(output.__file__)
    }
    assert found == {
        'cli/app.py: typer.echo(f"sdgen {__version__}")',
        'batch/seats.py: _COUNT = "import torch; print(torch.cuda.device_count())"',  # a process
        'cli/find.py: sys.stdout.buffer.write(b"".join(os.fsencode(one.path) + b"\\0" '
        "for one in found))",
        "cli/find.py: sys.stdout.buffer.flush()",  # --null is bytes for programs
        "cli/preview.py: sys.stderr.write(text)",  # pictures, and words that went through `display`
        "cli/shell/lines.py: sys.stderr.write(PROMPT)",
        "cli/progress.py: console = Console(file=sys.stderr, markup=False, emoji=False, "
        "highlight=False)",
    }


def test_a_failure_of_a_million_lines_shows_the_first(capsys):
    error = InputError("many", details=[f"line {number}" for number in range(10**6)])
    show_error(error, as_json=False)
    told = capsys.readouterr().err.splitlines()
    assert told[199:] == ["  line 199", "  … and 999800 more", "error: many"]


@given(ANY)
def test_errors_as_json_are_one_line_that_can_be_parsed(text: str):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    show_error(InputError(text), as_json=True, stream=stream)
    line = stream.buffer.getvalue().decode()
    assert line.count("\n") == 1
    assert json.loads(line)["error"]["code"] == "input"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("夕阳 été 🦊", "夕阳 été 🦊"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("a\x1b[31mb\n", "a\\x1b[31mb\\n"),
        ("\u202eabc", "\\u202eabc"),
        ("\x9b2J", "\\x9b2J"),
        ("[red]x[/red] :smile:", "[red]x[/red] :smile:"),
    ],
)
def test_what_display_shows(text: str, shown: str):
    assert display(text) == shown


def test_columns_count_chinese_letters_twice():
    assert table_lines([["夕阳", "x"], ["sun", "y"]]) == ["夕阳  x", "sun   y"]
    assert table_lines([]) == []


def test_quiet_and_json_say_nothing_but_results(capsys):
    for out in (Output(quiet=True), Output(as_json=True)):
        out.say("talk")
    Output(quiet=True).result("path")
    Output(as_json=True).json({"a": 1})
    Output().json({"a": 2})
    Output(as_json=True).warn("careful")
    Output(quiet=True).warn("careful")
    assert capsys.readouterr() == ('path\n{"a": 1}\n', "warning: careful\n")


def test_a_long_picture_says_now_and_then_how_far_it_is(capsys, monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 10.0, 12.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with PlainDisplay(Output()) as shown:
        shown.picture("a red fox")
        for done in (1, 2, 3, 4):
            shown.step(done, 4)
    assert capsys.readouterr().err == "a red fox: step 2 of 4, about 10 s left\n"
