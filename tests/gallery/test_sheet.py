from contextlib import nullcontext

import pytest
from PIL import Image

from sdgen.errors import InputError
from sdgen.files.sheets import encode_sheet, sheet_note
from sdgen.gallery.lettering import font_for, letters_missing, wrapped
from sdgen.gallery.sheet import PAPER, Tile, check_measures, contact_sheet

RED, BLUE = (200, 30, 20), (20, 40, 200)


def flat(colour: tuple[int, int, int], width: int = 64, height: int = 64) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def test_pictures_stand_row_by_row_in_their_order():
    colours = [(40 * n, 200 - 40 * n, 90) for n in range(5)]
    sheet = contact_sheet([Tile(flat(one)) for one in colours], 64, columns=3)
    assert sheet.size == (10 + 3 * 74, 10 + 2 * 74)
    middles = [(10 + n % 3 * 74 + 32, 10 + n // 3 * 74 + 32) for n in range(5)]
    assert [sheet.getpixel(middle) for middle in middles] == colours


def test_a_large_picture_is_made_smaller_and_a_small_one_is_left():
    sheet = contact_sheet([Tile(flat(RED, 400, 200)), Tile(flat(BLUE, 32, 32))], 100)
    shown = sheet.getcolors(2**20)
    counts = {colour: count for count, colour in shown}
    assert counts[BLUE] == 32 * 32
    assert counts[RED] == 100 * 50


def test_words_stand_under_the_picture_and_in_its_width():
    bare = contact_sheet([Tile(flat(RED))], 64)
    sheet = contact_sheet([Tile(flat(RED), "a red fox in the snow by the sea at night")], 64)
    below = sheet.crop((0, 74, 84, sheet.height))
    assert sheet.height > bare.height
    assert len(below.getcolors()) > 2, "there are letters"
    assert below.crop((0, 0, 9, below.height)).getcolors() == [
        (9 * below.height, Image.new("RGB", (1, 1), PAPER).getpixel((0, 0)))
    ]


def test_a_tile_without_a_picture_is_an_empty_frame():
    sheet = contact_sheet([Tile(None, "could not be drawn")], 128)
    assert sheet.size[0] == 148


def test_a_sheet_that_no_program_opens_is_refused():
    with pytest.raises(InputError, match=r"the sheet would have \d+x\d+ pixels"):
        contact_sheet([Tile(flat(RED, 2000, 2000))] * 40, 2000)


@pytest.mark.parametrize(
    ("width", "height", "fits"),
    [(16_000, 4_000, True), (16_001, 10, False), (10, 16_001, False), (8_000, 8_001, False)],
)
def test_all_sheets_have_one_limit(width: int, height: int, fits: bool):
    with nullcontext() if fits else pytest.raises(InputError) as refused:
        check_measures(width, height)
    assert fits or refused.value.hint == "", "whoever asks knows the flag"


def test_lines_end_between_words_and_what_is_left_out_is_told():
    assert wrapped("", 12, 90) == []
    assert wrapped("a  fox", 12, 90) == ["a fox"]
    assert wrapped("a red fox in the snow", 12, 70) == ["a red fox in", "the snow"]
    assert wrapped("a red fox in the snow at night", 12, 70)[1] == "the snow…"


@pytest.mark.parametrize("text", ["a red fox in the snow by the sea", "w" * 60, "红狐狸，" * 9])
def test_no_line_is_wider_than_it_may_be(text: str):
    font = font_for(text, 12)
    for line in wrapped(text, 12, 90):
        assert font.getlength(line.rstrip("，…")) <= 90
    assert wrapped(text, 12, 90)[-1].endswith("…") or "snow" in text


def test_no_line_of_chinese_begins_with_a_comma():
    for width in range(40, 120, 7):
        assert not any(line.startswith("，") for line in wrapped("红狐狸，" * 9, 12, width, 9))


def test_plain_letters_are_never_missing_and_odd_ones_are_told():
    assert not letters_missing("a red fox")
    assert letters_missing("\U0001f9ff\ue123")


def test_a_png_sheet_says_that_it_is_one(tmp_path):
    path = tmp_path / "sheet.png"
    path.write_bytes(encode_sheet(flat(RED), "contact sheet", {"more": [1, 2]}, "png"))
    note = sheet_note(path)
    assert note == {"schema": "sdgen.sheet/1", "kind": "contact sheet", "more": [1, 2]}
    path.write_bytes(encode_sheet(flat(RED), "contact sheet", {}, "webp"))
    assert sheet_note(path) is None
