"""The parts of the shell alone: the way back, completion, lines that are kept."""

import io
import os
import stat
from pathlib import Path

import pytest

from sdgen.cli.output import Output
from sdgen.cli.shell.completion import completions
from sdgen.cli.shell.lines import Typed
from sdgen.cli.shell.session import Point, Session
from sdgen.cli.shell.words import WORDS
from sdgen.errors import InputError, OutputError
from sdgen.files.typed import KEPT, MAX_BYTES, TypedLines, state_folder
from sdgen.recipe.layers import Layer


def test_the_last_word_counts_and_a_layer_without_words_is_gone():
    point = Point(()).saying(Layer("a", {"steps": 1, "eta": 0.5})).saying(Layer("b", {"steps": 2}))
    assert point.said == {"steps": 2, "eta": 0.5}
    assert [layer.source for layer in point.layers] == ["a", "b"]
    assert [layer.source for layer in point.without(["steps"]).layers] == ["a"]
    assert point.without(["steps", "eta"]).layers == ()


def test_what_was_undone_is_forgotten_with_the_next_change():
    session = Session()
    one, two, three = (Point((Layer("x", {"steps": n}),)) for n in (1, 2, 3))
    session.go(one)
    session.go(two)
    session.undo()
    assert session.now == one
    session.redo()
    assert session.now == two
    session.undo()
    session.go(three)
    with pytest.raises(InputError, match="nothing to redo"):
        session.redo()
    session.undo()
    session.undo()
    with pytest.raises(InputError, match="nothing to undo"):
        session.undo()


@pytest.mark.parametrize(
    ("upto", "found"),
    [
        ("un", ["unset ", "undo "]),
        ("set ste", ["steps"]),
        ("set si", ["size"]),
        ("set rng ", ["cpu", "gpu", "nv"]),
        ("set rng g", ["gpu"]),
        ("set seed ", ["random"]),
        ("set model sto", ["storybook"]),
        ("set scheduler lc", ["lcm"]),
        ("set scheduler=lc", ["lcm"]),
        ("set steps=5 sched", ["scheduler"]),
        ("set steps 5 ", []),
        ("unset steps cli", ["clip_skip"]),
        ("model sto", ["storybook"]),
        ("load port", ["portrait"]),
        ("help var", ["vary"]),
        ("more l", ["like this"]),
        ("a red f", []),
        ("set nonsense ", []),
    ],
)
def test_commands_are_completed_and_prompts_are_not(upto: str, found: list[str]):
    assert completions(upto) == found


def test_every_command_is_completed():
    assert completions("") == [f"{word} " for word in WORDS]


def test_lines_are_kept_privately_and_the_last_are_read(tmp_path: Path):
    kept = TypedLines(tmp_path / "deep" / "typed")
    assert kept.read() == []
    kept.add("a red fox")
    kept.add("two\nlines")
    kept.add("half \udce9")
    assert kept.read() == ["a red fox", "two lines", "half \\udce9"]
    assert stat.S_IMODE((tmp_path / "deep" / "typed").stat().st_mode) == 0o600


def test_a_long_file_is_cut(tmp_path: Path):
    path = tmp_path / "typed"
    path.write_text("".join(f"line {number}\n" for number in range(3 * KEPT)))
    path.chmod(0o644)
    lines = TypedLines(path).read()
    assert (len(lines), lines[-1]) == (KEPT, f"line {3 * KEPT - 1}")
    assert path.read_text().splitlines() == lines
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    assert TypedLines(path).read() == []
    assert path.read_bytes() == b""


def test_a_link_is_not_followed_and_a_folder_is_told(tmp_path: Path):
    (tmp_path / "mine").write_text("kept")
    (tmp_path / "typed").symlink_to(tmp_path / "mine")
    with pytest.raises(OutputError):
        TypedLines(tmp_path / "typed").add("a fox")
    assert (tmp_path / "mine").read_text() == "kept"
    with pytest.raises(OutputError):
        TypedLines(tmp_path).read()


def test_state_lies_where_the_person_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder() == Path("/state/sdgen")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_folder() == Path(os.environ["HOME"]) / ".local/state/sdgen"


def test_without_a_terminal_for_results_lines_are_read_plainly(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("a fox\n"))
    typed = Typed(Output(), completions, None)
    assert next(typed) == "a fox\n"
    assert capsys.readouterr() == ("", "sdgen> ")


def test_what_is_no_text_is_told_and_ends_nothing(monkeypatch):
    lines = iter([UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "bad"), "a cat\n", ""])

    class Broken(io.StringIO):
        def readline(self, _=-1):
            line = next(lines)
            if isinstance(line, UnicodeDecodeError):
                raise line
            return line

    monkeypatch.setattr("sys.stdin", Broken())
    typed = Typed(Output(), completions, None)
    with pytest.raises(InputError, match="not valid UTF-8"):
        next(typed)
    assert list(typed) == ["a cat\n"]
