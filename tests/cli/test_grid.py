import json
from pathlib import Path

import pytest
from PIL import Image

from sdgen.errors import GenerationError
from sdgen.files.reading import open_pixels
from sdgen.files.sheets import sheet_note

WORDS = ("grid", "a {red|white} fox", "--steps", "1,2,3", "-o", "g")


def test_every_combination_is_drawn_and_on_the_sheet(sdgen, painter):
    done = sdgen(*WORDS)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "g/grid.png"
    drawn = [(one.prompt, one.steps) for one in painter.drawn]
    assert sorted(drawn) == [(f"a {c} fox", s) for c in ("red", "white") for s in (1, 2, 3)]
    assert len({one.seed for one in painter.drawn}) == 1, "only what varies differs"
    assert Path("g/red-steps-1.png").exists()
    note = sheet_note(Path("g/grid.png"))
    assert [axis["name"] for axis in note["axes"]] == ["prompt", "steps"]
    assert [axis["values"] for axis in note["axes"]] == [["red", "white"], ["1", "2", "3"]]


def test_the_sheet_shows_each_picture_in_its_place(sdgen):
    sdgen(*WORDS, "--cell-size", "32")
    sheet = Image.open("g/grid.png").convert("RGB")
    colours = [
        open_pixels(Path(f"g/{colour}-steps-{steps}.png")).getpixel((0, 0))
        for steps in (1, 2, 3)
        for colour in ("red", "white")
    ]
    shown = [sheet.getpixel((x, y)) for y in range(sheet.height) for x in range(sheet.width)]
    order = [colour for colour in dict.fromkeys(shown) if colour in colours]
    assert order == colours


def test_the_same_command_draws_nothing_twice_and_a_larger_grid_only_the_rest(sdgen, painter):
    sdgen(*WORDS)
    assert sdgen(*WORDS).exit_code == 0
    assert len(painter.drawn) == 6
    assert sdgen("grid", "a {red|white} fox", "--steps", "1..4", "-o", "g").exit_code == 0
    assert len(painter.drawn) == 8
    assert sorted(path.name for path in Path("g").glob("grid*.png")) == ["grid-2.png", "grid.png"]


def test_a_picture_that_is_no_sheet_of_this_grid_is_kept(sdgen):
    Path("g").mkdir()
    Path("g/grid.png").write_bytes(b"mine")
    assert sdgen(*WORDS).stdout.splitlines()[-1] == "g/grid-2.png"
    assert Path("g/grid.png").read_bytes() == b"mine"


def test_what_fails_leaves_a_gap_and_the_code_says_so(sdgen, painter):
    painter.fail_on["a red fox"] = GenerationError("came out black")
    done = sdgen(*WORDS)
    assert done.exit_code == 3
    assert "3 of 6 pictures could not be drawn" in done.stderr
    assert "cell 1,1: came out black" in done.stderr
    assert sdgen("reproduce", "g/grid.png", "--cell", "1,2").exit_code == 0
    again = sdgen("reproduce", "g/grid.png", "--cell", "1,1")
    assert again.exit_code == 2
    assert "has no picture in this cell" in again.stderr


def test_one_cell_is_drawn_again_and_compared(sdgen, painter, shift):
    sdgen(*WORDS)
    done = sdgen("reproduce", "g/grid.png", "--cell", "2,1")
    assert (done.exit_code, done.stdout) == (0, "identical: g/grid.png: every pixel is the same\n")
    assert (painter.drawn[-1].prompt, painter.drawn[-1].steps) == ("a red fox", 2)
    for path in Path("g").glob("*-steps-*"):
        path.unlink()
    assert sdgen("reproduce", "g/grid.png", "--cell", "2,1").exit_code == 0
    shift(9)
    assert sdgen("reproduce", "g/grid.png", "--cell", "2,1").exit_code == 7


def test_a_cell_can_be_varied(sdgen, painter):
    sdgen(*WORDS)
    done = sdgen("reproduce", "g/grid.png", "--cell", "3,2", "--steps", "9", "-o", "more.png")
    assert (done.exit_code, done.stdout) == (0, "more.png\n")
    assert (painter.drawn[-1].prompt, painter.drawn[-1].steps) == ("a white fox", 9)


def test_a_sheet_that_names_a_file_elsewhere_reads_none(sdgen, tmp_path: Path):
    from sdgen.files.sheets import encode_sheet

    sdgen(*WORDS)
    note = sheet_note(Path("g/grid.png"))
    (tmp_path / "out.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for name in ("../out.png", str(tmp_path / "out.png"), "..\\out.png"):
        note["cells"][0]["file"] = name
        sheet = encode_sheet(Image.new("RGB", (8, 8)), "grid", note, "png")
        Path("g/evil.png").write_bytes(sheet)
        assert sdgen("reproduce", "g/evil.png", "--cell", "1,1").exit_code == 0


def test_a_sheet_is_passed_over_where_pictures_are_meant(sdgen):
    sdgen(*WORDS)
    assert sdgen("reproduce", "g").exit_code == 0
    assert sdgen("reproduce", "--all", "g").exit_code == 0
    done = sdgen("reproduce", "g/grid.png")
    assert done.exit_code == 2
    assert "g/grid.png: is a sheet of several pictures" in done.stderr
    assert "--cell 2,3" in done.stderr


def test_a_dry_run_shows_the_cells(sdgen, painter):
    done = sdgen(*WORDS, "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split() == ["1,1", "red-steps-1", "red", "steps", "1"]
    cells = [json.loads(line) for line in sdgen(*WORDS, "--dry-run", "--json").stdout.splitlines()]
    assert [cell["settings"]["steps"] for cell in cells] == [1, 1, 2, 2, 3, 3]
    assert painter.drawn == []


def test_three_axes_are_blocks(sdgen):
    done = sdgen(
        "grid", "a fox", "--steps", "1,2", "--seed", "1,2", "--guidance-scale", "2..4", "-o", "g"
    )
    assert done.exit_code == 0
    assert sdgen("reproduce", "g/grid.png", "--cell", "1,2,2").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["a fox"], 2, "nothing varies on this grid"),
        (["a fox", "--steps", "0,10"], 2, "steps (flags) must be at least 1"),
        (["a fox", "--steps", "x,10"], 2, "flags: steps must be a whole number, not 'x'"),
        (["a fox", "--steps", "1,2", "-o", "fox.png"], 2, "--output of a grid is a folder"),
        (["a fox", "--steps", "1,2", "--x", "seed"], 2, "no axis 'seed'"),
        (["a {cat|dog}", "--replace", "fox,hen"], 2, "'fox' is not in the prompt"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(sdgen, painter, words: list[str], code: int, told: str):
    done = sdgen("grid", *words)
    assert done.exit_code == code
    assert f"{told}" in done.stderr
    assert painter.drawn == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["g/grid.png", "--cell", "2"], "--cell must be such as 2,3, not '2'"),
        (["g/grid.png", "--cell", "9,9"], "has no cell 9,9: 3 rows, 2 columns"),
        (["g/red-steps-1.png", "--cell", "1,1"], "is no sheet of a grid"),
        (["g/grid.png", "g/grid.png", "--cell", "1,1"], "--cell is for the sheet of one grid"),
    ],
)
def test_a_cell_that_is_none_is_told(sdgen, words: list[str], told: str):
    sdgen(*WORDS)
    done = sdgen("reproduce", *words)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_grid_goes_to_a_folder_whatever_its_name(sdgen):
    done = sdgen("grid", "a {red|white} fox", "-o", "fox.png")
    assert (done.exit_code, Path("fox.png").exists()) == (2, False)
    assert "--output of a grid is a folder, and fox.png looks like a picture" in done.stderr
    Path("fox.png").mkdir()
    assert sdgen("grid", "a {red|white} fox", "-o", "fox.png").exit_code == 0
    assert Path("fox.png/grid.png").exists()


def test_a_sheet_that_is_too_large_names_the_flag(sdgen):
    done = sdgen("grid", "a fox", "--seed", "1..20", "--size", "1024x1024", "--cell-size", "1024")
    assert done.exit_code == 2
    assert "the sheet would have " in done.stderr
    assert "hint: --cell-size 64" in done.stderr
