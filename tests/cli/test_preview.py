"""Pictures in a terminal: only there, in its own protocol, and gone before other words."""

import base64
import io
import os
import pty
import re
import threading
from pathlib import Path

import numpy as np
import pyte
import pytest
from PIL import Image

from sdgen.cli import preview, terminal_images
from sdgen.cli.output import Output
from sdgen.cli.preview import KINDS, PictureDisplay, Previewing
from sdgen.cli.terminal_images import Place, drawn, kind_of_terminal
from tests.cli.test_progress import on_terminal

PICTURE = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
PICTURE.paste((220, 40, 30), (0, 0, 20, 15))


def sixels(text: str) -> Image.Image:
    """What a terminal shows for a picture in sixels."""
    width, height = map(int, re.search(r'"1;1;(\d+);(\d+)', text).groups())
    shown = np.zeros((height + 5, width, 3), np.uint8)
    body = text[text.index('"1;1') :].partition("\x1b")[0]
    colours, current, x, top = {}, 0, 0, 0
    for part in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([?-~])|([$-])", body[5:]):
        number, red, green, blue, count, many, one, control = part.groups()
        if red is not None:
            colours[int(number)] = [round(int(c) * 2.55) for c in (red, green, blue)]
        elif number is not None:
            current = int(number)
        elif control:
            x, top = 0, top + 6 * (control == "-")
        else:
            bits, wide = ord(many or one) - 63, int(count or 1)
            for row in range(6):
                if bits >> row & 1:
                    shown[top + row, x : x + wide] = colours[current]
            x += wide
    return Image.fromarray(shown[:height])


def test_sixels_show_the_picture():
    place = Place(8, 3, (10, 20))
    shown = sixels(drawn(PICTURE, "sixel", place))
    wanted = PICTURE.resize((80, 60), Image.Resampling.LANCZOS)
    assert shown.size == (80, 60)
    assert np.abs(np.asarray(shown, int) - np.asarray(wanted, int)).mean() < 6


def test_kitty_gets_a_png_in_parts():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8))
    text = drawn(noise, "kitty", Place(9, 4))
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert all(len(data) <= 4096 for _, data in parts)
    assert [said[-3:] for said, _ in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    assert "c=9,r=4" in parts[0][0]
    whole = base64.b64decode("".join(data for _, data in parts))
    assert Image.open(io.BytesIO(whole)).convert("RGB").tobytes() == noise.tobytes()


def test_kitty_keeps_a_finished_picture_when_the_next_one_comes():
    under_way, finished = (drawn(PICTURE, "kitty", Place(9, 4), stays=s) for s in (False, True))
    number = re.search(r"\x1b_G[^;]*\bi=(\d+)", under_way)[1]
    assert f"i={number}" in terminal_images.removed("kitty")
    assert not re.search(r"\x1b_G[^;]*\b[ip]=", finished)


def test_iterm2_gets_a_png_of_so_many_lines():
    text = drawn(PICTURE, "iterm2", Place(9, 4))
    said, data = re.search(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", text).groups()
    assert "inline=1;width=9;height=4" in said
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (40, 30)


@pytest.mark.parametrize("colours", ["truecolor", ""])
def test_half_blocks_have_two_pixels_a_letter(monkeypatch, colours: str):
    monkeypatch.setenv("COLORTERM", colours)
    picture = Image.new("RGB", (2, 2), (255, 0, 0))
    picture.putpixel((1, 1), (0, 0, 255))
    text = drawn(picture, "blocks", Place(2, 1))
    assert text.count("▀") == 2
    assert ("38;2;255;0;0;48;2;0;0;255" in text) == (colours == "truecolor")
    assert ("38;5;196;48;5;21" in text) == (colours == "")
    assert text.endswith("\x1b[0m\x1b8"), "the colours end with the picture"


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, "blocks"),
    ],
)
def test_terminals_are_known_by_their_names(monkeypatch, environment: dict, kind: str):
    monkeypatch.setattr(terminal_images, "_attributes", lambda: "\x1b[?62;22c")
    assert kind_of_terminal(environment) == kind


@pytest.mark.parametrize(("answer", "kind"), [("\x1b[?62;4;22c", "sixel"), ("\x1b[?64c", "blocks")])
def test_a_terminal_is_asked_for_sixels(monkeypatch, answer: str, kind: str):
    leader, follower = pty.openpty()
    monkeypatch.setattr(os, "ctermid", lambda: os.ttyname(follower))

    def answers() -> None:
        assert os.read(leader, 9) == b"\x1b[c"
        os.write(leader, answer.encode())

    terminal = threading.Thread(target=answers)
    terminal.start()
    assert kind_of_terminal({"TERM": "xterm"}) == kind
    terminal.join()
    os.close(leader)
    os.close(follower)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_shown_in_a_terminal(tmp_path: Path, kind: str):
    words = ("a red fox", "--seed", "7", "--preview-as", kind)
    piped, shown = on_terminal(tmp_path, *words, stdout_too=False)
    signs = {"kitty": "\x1b_Ga=T", "iterm2": "\x1b]1337;File=", "sixel": "\x1bP0;1q", "blocks": "▀"}
    assert signs[kind] in shown
    assert piped == "outputs/a-red-fox-7.png\n", "nothing of it gets into a pipe"


@pytest.mark.parametrize(
    "words", [("batch", "jobs.txt"), ("grid", "a {red|blue} fox", "-o", "outputs")]
)
def test_batches_and_grids_show_their_pictures_too(tmp_path: Path, words: tuple[str, ...]):
    (tmp_path / "jobs.txt").write_text("a red fox\na blue fox\n")
    piped, shown = on_terminal(tmp_path, *words, "--preview-as", "kitty", stdout_too=False)
    assert shown.count("\x1b_Ga=T") == 2, "each at its end; the painter's steps take no time"
    assert piped.count("outputs/") >= 2


def test_without_a_terminal_nothing_is_shown_and_that_is_said(sdgen):
    done = sdgen("a red fox", "--preview")
    assert done.exit_code == 0
    assert "warning: no preview: stderr is no terminal" in done.stderr
    assert "▀" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--preview-as", "sixels"], "unknown --preview-as 'sixels'"),
        (["--preview", "--json"], "not with --quiet or --json"),
        (["--preview", "-q"], "not with --quiet or --json"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(sdgen, painter, jobs, words: list[str], told: str):
    assert told in sdgen("batch", jobs, *words).stderr
    done = sdgen("a red fox", *words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert painter.drawn == []


def test_a_dry_run_has_nothing_to_show(sdgen, jobs):
    for words in (("batch", jobs), ("grid", "a {red|blue} fox")):
        done = sdgen(*words, "--dry-run", "--preview")
        assert done.exit_code == 2
        assert "--dry-run draws nothing" in done.stderr


class Seen:
    """A glimpse that counts who looks."""

    def __init__(self) -> None:
        self.looks: list[str] = []

    def whole(self) -> Image.Image:
        self.looks.append("whole")
        return PICTURE

    def small(self) -> Image.Image:
        self.looks.append("small")
        return PICTURE


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(preview.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(("seconds", "kind"), [(0.5, "whole"), (3.0, "small")])
def test_decoding_is_for_quick_steps(clock, capsys, seconds: float, kind: str):
    display = PictureDisplay(Output(), "blocks")
    watch = Previewing(lambda done, total: None, display)
    watch.glimpse = seen = Seen()
    for step in range(1, 4):
        clock[0] += seconds
        watch(step, 3)
    assert seen.looks == [kind, kind], "the last step is the picture itself"


def test_looking_costs_a_small_share_of_the_time(clock, capsys):
    display = PictureDisplay(Output(), "blocks")
    watch = Previewing(lambda done, total: None, display)
    watch.glimpse = seen = Seen()
    plain = seen.whole

    def slow() -> Image.Image:
        clock[0] += 1.0
        return plain()

    seen.whole = slow
    for step in range(1, 101):
        clock[0] += 0.1
        watch(step, 101)
    assert clock[0] < 10 * 1.35


def test_words_of_others_come_where_the_picture_was(capsys):
    out = Output()
    with PictureDisplay(out, "blocks") as display:
        display.picture("a red fox")
        display.look(PICTURE)
        rows = display._lines - 1
        out.say("a word")
        assert display._lines == 0
    said = capsys.readouterr().err
    assert f"\x1b[{rows}A\r\x1b[Ja word\n" in said
    assert out.cover is None


def test_half_blocks_are_painted_over_where_they_were(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "40")
    screen = pyte.Screen(80, 40)
    terminal = pyte.Stream(screen)
    terminal.feed("$ sdgen\r\n")
    with PictureDisplay(Output(), "blocks") as display:
        display.picture("a red fox")
        for step in (1, 2, 3):
            display.look(PICTURE)
            display.step(step, 4)
        display.finished(PICTURE)
    terminal.feed(capsys.readouterr().err.replace("\n", "\r\n"))  # as the system's terminals do
    painted = [row for row, line in enumerate(screen.display) if "▀" in line]
    rows = terminal_images.place_for(PICTURE).rows
    assert painted == list(range(1, 1 + rows)), "one picture, under what was there"
    assert (screen.cursor.x, screen.cursor.y) == (0, 1 + rows)
