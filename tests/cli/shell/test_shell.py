"""`sdgen shell` with lines from a pipe: what each command does, and what is told if it cannot."""

import io
import json
from pathlib import Path

import pytest

from sdgen.cli.shell.words import WORDS
from sdgen.errors import GenerationError, ModelError
from sdgen.files.images import read_record_of
from tests.fakes import find_fake


@pytest.fixture
def say(sdgen, monkeypatch: pytest.MonkeyPatch):
    """Run a session of these lines, with these flags."""

    def run(lines: str | bytes, *words: object):
        data = lines.encode() if isinstance(lines, str) else lines
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        return sdgen("shell", *words)

    return run


def paths(done) -> list[Path]:
    """The pictures that a session told."""
    return [Path(line) for line in done.stdout.splitlines() if line.endswith(".png")]


def test_a_line_is_a_picture_as_from_the_command_line(say, sdgen, painter):
    done = say("a red fox\n", "--seed", 7)
    assert (done.exit_code, paths(done)) == (0, [Path("outputs/a-red-fox-7.png")])
    assert "fake on fake" in done.stderr
    by_hand = sdgen("a red fox", "--seed", 7, "-o", "by-hand")
    ours, theirs = (read_record_of(path) for path in (*paths(done), *paths(by_hand)))
    assert ours.model_copy(update={"created": theirs.created}) == theirs
    assert Path("outputs/a-red-fox-7.json").is_file()


def test_what_is_set_holds_until_it_is_taken_back(say, painter):
    say("set steps 7\na red fox\nset cfg=4 sampler=euler\na blue fox\nunset steps cfg\na cat\n")
    told = [(one.prompt, one.steps, one.guidance_scale, one.scheduler) for one in painter.drawn]
    assert told == [
        ("a red fox", 7, 7.0, "dpmpp_2m"),
        ("a blue fox", 7, 4.0, "euler"),
        ("a cat", 4, 7.0, "euler"),
    ]


def test_flags_and_configs_lie_below_what_is_set(say, painter):
    Path("mine.yaml").write_text("steps: 9\nguidance_scale: 3.0\n")
    say("a\nset steps 5\nb\nunset steps\nc\n", "-c", "mine.yaml", "--steps", "6")
    assert [one.steps for one in painter.drawn] == [6, 5, 9]
    assert {one.guidance_scale for one in painter.drawn} == {3.0}


def test_shortcuts(say, painter):
    say("size 128x64\nnegative blurry hands\nmodel other\na fox\nnegative\na fox\n")
    [first, second] = painter.drawn
    assert (first.width, first.height, first.negative_prompt) == (128, 64, "blurry hands")
    assert second.negative_prompt == ""


def test_seeds_are_free_until_one_is_kept(say, painter):
    say("a\nb\nkeep\nc\nset seed random\nd\nset seed 7\ne\nagain 2\nf\n")
    seeds = [one.seed for one in painter.drawn]
    assert seeds[1] == seeds[2]
    assert seeds[4] == seeds[7] == 7
    assert seeds[6] == seeds[5] + 1
    assert len(set(seeds)) == 6


def test_redraw_has_the_seed_and_the_settings_of_now(say, painter):
    say("a fox\nset steps 9\nredraw\n")
    [before, after] = painter.drawn
    assert after == before.model_copy(update={"steps": 9})


@pytest.mark.parametrize(
    ("line", "count", "strength"),
    [("vary", 3, 0.2), ("vary 2", 2, 0.2), ("vary 4 0.35", 4, 0.35), ("more like this", 3, 0.1),
     ("more", 3, 0.1), ("more 2", 2, 0.1), ("more like this 1", 1, 0.1)],
)  # fmt: skip
def test_neighbours_are_of_the_picture_s_seed(say, painter, line, count, strength):
    say(f"a fox\n{line}\n")
    [fox, *others] = painter.drawn
    assert len(others) == count
    assert {(one.seed, one.variation_strength) for one in others} == {(fox.seed, strength)}
    first = others[0].variation_seed
    assert [one.variation_seed for one in others] == [first + n for n in range(count)]
    assert {one.prompt for one in others} == {"a fox"}


def test_a_neighbour_can_be_redrawn_and_is_no_setting(say, painter):
    done = say("a fox\nvary 2\nuse 2\nset steps 9\nredraw\nvary 1\na cat\n")
    neighbour, again, beside, cat = painter.drawn[1], *painter.drawn[3:]
    assert again == neighbour.model_copy(update={"steps": 9})
    assert f"near seed {neighbour.seed}, of which the picture is a neighbour itself" in done.stderr
    assert beside.seed == neighbour.seed
    assert cat.variation_strength == 0


def test_undo_and_redo_go_line_by_line(say, painter):
    done = say("a\nset steps 9\nb\nundo\nredraw\nundo\nundo\nredraw\nredo\n")
    told = [(one.prompt, one.steps) for one in painter.drawn]
    assert told == [("a", 4), ("b", 9), ("a", 9), ("a", 4)]
    assert "line 9: there is nothing to redo" in done.stderr
    assert "picture 1, seed" in done.stderr


def test_use_and_back_go_to_a_picture_with_its_settings(say, painter):
    say("a\nset steps 9\nb\nc\nuse 1\nredraw\nback 2\nredraw\nback\nset steps 5\nredraw\n")
    told = [(one.prompt, one.steps) for one in painter.drawn]
    assert told == [("a", 4), ("b", 9), ("c", 9), ("a", 4), ("b", 9), ("a", 5)]


def test_again_without_a_picture_of_its_own_is_drawn_from_what_is_set(say, painter):
    say("set prompt a fox\nagain 2\n")
    assert [one.prompt for one in painter.drawn] == ["a fox", "a fox"]


def test_choices_are_made_by_each_seed(say, painter):
    say("a {red|green|blue|black} fox\nagain 8\n")
    assert len({one.prompt for one in painter.drawn}) > 1


def test_history_show_open_and_set_tell(say):
    done = say("a fox\nvary 1 0.3\nhistory\nshow\nopen\nset\n")
    lines = done.stdout.splitlines()
    assert any(line.startswith(" 1") and line.endswith(".png") for line in lines)
    assert any(line.startswith("*2") and "+ 0.3 of" in line for line in lines)
    assert any(line.split()[:2] == ["variation_strength", "0.3"] for line in lines)
    assert any(line.split() == ["prompt", "a", "fox", "set", "here"] for line in lines)


def test_what_is_saved_is_a_config_that_draws_the_same(say, sdgen, painter):
    done = say("load square\nset steps 9\nnegative ünscharf: no\na red fox\nkeep\nsave night\n")
    assert done.exit_code == 0, done.stderr
    path = Path("home/sdgen/configs/night.yaml")
    assert done.stdout.splitlines()[-1].endswith(str(path))
    assert "for: as it drew a red fox\n" in path.read_text()
    assert sdgen("a red fox", "-c", "night").exit_code == 0
    [first, second] = painter.drawn
    assert (second.steps, second.negative_prompt, second.seed) == (9, "ünscharf: no", first.seed)
    assert second.width == 256
    assert sdgen("configs", "list").stdout.count("as it drew a red fox") == 1
    taken = say("set steps 5\nsave night\nsave ./other.yaml\nsave .hidden\nsave\n")
    assert "night.yaml exists" in taken.stderr
    assert "'.hidden' is no name for a config" in taken.stderr
    assert Path("other.yaml").read_text() == "steps: 5\n"


def test_load_says_what_a_config_says(say, painter):
    Path("mine.yaml").write_text("steps: 9\n")
    done = say("set steps 5\nload mine.yaml\na\nset\n")
    assert painter.drawn[0].steps == 9
    assert any(line.split() == ["steps", "9", "mine.yaml,", "line", "1"]
               for line in done.stdout.splitlines())  # fmt: skip


@pytest.mark.parametrize(
    ("line", "prompt"),
    [("draw set of cups", "set of cups"), ('"set of cups"', "set of cups"), ("'quit'", "quit"),
     ('"hello" says a fox', '"hello" says a fox'), ("Set of cups", "Set of cups"),
     ("a fox # not a comment", "a fox # not a comment"), ("狐狸", "狐狸"), ("fox", "fox"),
     ("draw undoo", "undoo")],
)  # fmt: skip
def test_which_words_are_a_prompt(say, painter, line: str, prompt: str):
    assert say(f"{line}\n").exit_code == 0
    assert [one.prompt for one in painter.drawn] == [prompt]


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "quit", "exit"])
def test_which_lines_draw_nothing(say, painter, line: str):
    assert say(f"{line}\n").exit_code == 0
    assert painter.drawn == []


def test_quit_leaves_the_rest_undone(say, painter):
    assert say("a\nquit\nb\n").exit_code == 0
    assert len(painter.drawn) == 1


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("undoo", "no command 'undoo'", "did you mean undo? To draw it: draw undoo"),
        ("Help", "no command 'Help'", "did you mean help?"),
        ("draw", "draw what?", "draw a set of cups"),
        ("again", "there is no prompt yet", "type what"),
        ("redraw", "there is no picture yet", "type what"),
        ("vary", "there is no picture yet", ""),
        ("keep", "there is no picture yet", ""),
        ("show", "there is no picture yet", ""),
        ("back", "there is no picture yet", ""),
        ("undo", "there is nothing to undo", ""),
        ("use 3", "there is no picture 3; there are none yet", ""),
        ("use", "use which?", "history"),
        ("again and again", "again takes a number from 1 to 1000", "draw again and again"),
        ("again 0", "again takes a number", ""),
        ("vary 2 much", "vary takes a number, and a strength above 0 and up to 1", ""),
        ("vary 2 nan", "vary takes a number, and a strength above 0", ""),
        ("more cats", "more takes a number", "to draw these words: draw more cats"),
        ("redraw it", "redraw takes nothing behind it, not 'it'", "draw redraw it"),
        ("size of a mouse", "size must be WIDTHxHEIGHT", "draw size of a mouse"),
        ("size", "size lacks a value", "set shows"),
        ("set steps", "set steps lacks a value", "unset steps"),
        ("set stepz 4", "unknown setting 'stepz'", "did you mean steps"),
        ("set steps many", "steps must be a whole number, not 'many'", ""),
        ("set steps 0", "steps (set here) must be at least 1, not 0", ""),
        ("set steps=5 6", "set takes NAME VALUE, or NAME=VALUE several times", ""),
        ('set steps=5 prompt="a', "set takes NAME=VALUE, with a quote", ""),
        ("set scheduler nonsense", "scheduler (set here) no scheduler 'nonsense'", ""),
        ("set variation_seed 3", "does nothing without variation_strength", ""),
        ("unset", "unset what?", "unset steps"),
        ("unset steps", "steps is not set here: it comes from model fake", ""),
        ("unset stepz", "unknown setting 'stepz'", "steps"),
        ("save night", "there is nothing to save", ""),
        ("load nonsense", "there is no config 'nonsense'", "configs list"),
        ("load", "load which config?", "portrait"),
        ("help nonsense", "no command 'nonsense'", ""),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line_and_the_next_is_done(
    say, painter, line: str, message: str, hint: str
):
    done = say(f"{line}\na fox\n")
    assert done.exit_code == 3
    [told] = [line for line in done.stderr.splitlines() if line.startswith("error: line 1: ")]
    assert message in told
    assert hint in done.stderr
    assert done.stderr.endswith("error: 1 line could not be done\n")
    assert [one.prompt for one in painter.drawn] == ["a fox"]


def test_a_setting_that_is_refused_is_not_set(say, painter):
    say("set steps 0\nset eta 0.5\na fox\nset steps 5\nset steps 1001\na cat\n")
    assert [(one.steps, one.eta) for one in painter.drawn] == [(4, 0.0), (5, 0.0)]


def test_a_picture_that_fails_is_told_and_changes_nothing(say, painter):
    painter.fail_on = {"a black fox": GenerationError("the picture came out black")}
    done = say("a fox\na black fox\nredraw\n")
    assert "error: line 2: the picture came out black" in done.stderr
    assert [one.prompt for one in painter.drawn] == ["a fox", "a fox"]


def test_a_model_that_is_missing_is_told(say, painter, monkeypatch):
    def find(name):
        if name == "train on a table":
            raise ModelError(f"there is no model {name!r}", hint="sdgen models list")
        return find_fake(name)

    monkeypatch.setattr("sdgen.models.resolve.find_model", find)
    done = say("model train on a table\na fox\n")
    hint = "hint: sdgen models list; to draw these words: draw model train on a table"
    assert hint in done.stderr
    assert len(painter.drawn) == 1


def test_a_model_that_cannot_be_loaded_ends_it_at_the_start(say, painter, monkeypatch):
    def load(model, dtype):
        raise ModelError("damaged")

    monkeypatch.setattr(painter, "load", load)
    assert say("a fox\n").exit_code == 4


def test_a_full_disk_is_told_and_the_session_goes_on(say, painter, monkeypatch):
    from sdgen.files import save as saving

    real, calls = saving._prepared, iter(range(9))

    def prepared(*args, **options):
        if next(calls) == 0:
            raise OSError(28, "No space left on device")
        return real(*args, **options)

    monkeypatch.setattr(saving, "_prepared", prepared)
    done = say("a fox\na cat\n")
    assert (done.exit_code, len(paths(done))) == (3, 1)
    assert "the disk is full" in done.stderr


def test_lines_that_are_no_text_are_told(say, painter):
    done = say(b"a fox\ncaf\xe9\n" + b"x" * 300_000 + b"\n\xef\xbb\xbfa cat\na\x1b[31m dog")
    assert "error: line 2: a line that is not UTF-8 (byte 3)" in done.stderr
    assert "error: line 3: a line of more than 128 KiB" in done.stderr
    assert "error: line 5: prompt (set here) contains the control character U+001B" in done.stderr
    assert [one.prompt for one in painter.drawn] == ["a fox", "a cat"]


def test_json_has_one_object_for_each_thing(say):
    done = say("a fox\nset steps 9\nset stepz 1\nhistory\nopen\n", "--json", "--seed", "7")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sorted(one)[0] for one in objects] == ["image", "set", "error", "here", "image"]
    assert objects[0]["seed"] == 7
    assert objects[1] == {"set": "steps", "value": "9"}
    assert objects[2]["line"] == 3
    assert objects[2]["error"]["code"] == "input"
    assert json.loads(done.stderr)["error"]["exit_code"] == 3


@pytest.mark.parametrize("output", ["fox.png", "fox.gif"])
def test_pictures_go_to_a_folder(say, output: str):
    done = say("a fox\n", "-o", output)
    assert done.exit_code == 2
    assert f"--output of a session is a folder, and {output} looks like a picture" in done.stderr


def test_help_lists_every_command(say):
    told = say("help\nhelp vary\n").stdout
    assert all(word.usage in told for word in WORDS.values())
    assert told.splitlines()[-1].startswith("vary [N] [STRENGTH]  N neighbours")


def test_nothing_is_kept_of_what_came_through_a_pipe(say):
    say("a fox\n")
    assert not list(Path().rglob("shell_history"))
