import io
import sys

import numpy as np
import pytest
from PIL import Image

from sdgen.errors import InputError
from sdgen.gallery.film import (
    check_steps,
    check_words,
    chosen,
    moving,
    overlaid,
    step_strip,
    word_strip,
)


def flat(level: int, size: int = 64) -> Image.Image:
    return Image.new("RGB", (size, size), (level,) * 3)


@pytest.mark.parametrize(
    ("count", "most", "places"),
    [(3, 8, [0, 1, 2]), (5, 3, [0, 2, 4]), (20, 2, [0, 19]), (1, 4, [0])],
)
def test_steps_are_chosen_evenly_with_both_ends(count: int, most: int, places: list[int]):
    assert chosen(count, most) == places


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_film_has_each_step_and_rests_on_the_last(kind):
    with Image.open(io.BytesIO(moving([flat(n * 60) for n in range(4)], kind))) as film:
        assert film.n_frames == 4
        film.seek(3)
        film.load()
        assert film.info["duration"] > 1000
        assert film.info.get("loop") == 0


def test_a_film_whose_picture_grows_has_one_size():
    with Image.open(io.BytesIO(moving([flat(9), flat(200, 128)], "webp"))) as film:
        assert (film.size, film.n_frames) == ((128, 128), 2)
    strip = step_strip([flat(1), flat(2, 128)], [flat(3), flat(4, 128)], ["a", "b"], 128)
    assert strip.width >= 2 * 128


def test_mp4_without_its_library_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match="MP4 needs PyAV") as refused:
        moving([flat(0), flat(9)], "mp4")
    assert "sdgen[film]" in refused.value.hint


def test_mp4_plays():
    av = pytest.importorskip("av", reason="PyAV is not installed: MP4 was not tried")
    with av.open(io.BytesIO(moving([flat(n * 60, 65) for n in range(4)], "mp4"))) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) > 4
    assert frames[0].shape == (64, 64, 3)
    assert abs(int(frames[-1].mean()) - 180) < 8


def test_heat_colours_where_it_is_and_leaves_the_rest_grey():
    heat = Image.new("L", (8, 8))
    heat.paste(255, (0, 0, 4, 8))
    shown = np.asarray(overlaid(Image.new("RGB", (64, 64), (10, 200, 40)), heat), int)
    cold, hot = shown[32, 60], shown[32, 3]
    assert np.ptp(cold) < 8
    assert hot.sum() > 2 * cold.sum()


def test_strips_have_a_picture_for_each_step_and_word():
    strip = step_strip([flat(1), flat(2)], [flat(3), flat(4)], ["step 1", "step 2"], 64)
    levels = {colour[0] for _, colour in strip.getcolors(2**20) if len(set(colour)) == 1}
    assert {1, 2, 3, 4} <= levels
    words = word_strip(flat(90), [("fox", Image.new("L", (8, 8)))], 64)
    assert words.width == 10 + 2 * 74


@pytest.mark.parametrize("check", [check_steps, check_words])
def test_strips_are_measured_before_they_are_drawn(check):
    check(24, (512, 256), 1024)
    with pytest.raises(InputError, match=r"the sheet would have \d+x\d+ pixels"):
        check(60, (1024, 1024), 1024)
