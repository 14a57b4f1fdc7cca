"""How sdgen speaks: nothing that anybody wrote reaches the terminal as more than letters."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.cli.output import Output, display, show_error, table_lines
from sdgen.cli.progress import PlainDisplay, shorten
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
