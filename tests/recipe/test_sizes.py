import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.recipe.pixels import parse_size
from sdgen.recipe.sizes import SizeRule, check_size

ONLY = SizeRule(only=((256, 256), (192, 320), (320, 192), (384, 192)))


@pytest.mark.parametrize("text", ["512x768", "512X768", " 512 × 768 ", "512*768"])
def test_a_size_is_width_first(text: str):
    assert parse_size(text) == (512, 768)


@pytest.mark.parametrize("text", ["512", "x", "512x", "axb", "-1x5", "5.5x5", "1" * 99 + "x1"])
def test_what_is_no_size(text: str):
    with pytest.raises(InputError, match="WIDTHxHEIGHT"):
        parse_size(text)


def test_off_the_grid_names_the_two_nearest():
    with pytest.raises(InputError, match="multiples of 8") as caught:
        check_size((500, 500), SizeRule(), model="sd")
    assert caught.value.hint == "the nearest are 496x496 and 504x504"


@pytest.mark.parametrize(
    ("size", "nearest"),
    [((512, 512), "256x256"), ((200, 330), "192x320"), ((800, 400), "384x192")],
)
def test_untrained_sizes_name_the_nearest_shape(size, nearest):
    with pytest.raises(InputError, match="was trained for") as caught:
        check_size(size, ONLY, model="storybook")
    assert caught.value.hint.startswith(f"the nearest are {nearest}")


@given(st.integers(64, 4096), st.integers(64, 4096))
def test_the_hint_is_always_a_size_that_is_accepted(width: int, height: int):
    for rule in (ONLY, SizeRule(), SizeRule(multiple=32)):
        try:
            check_size((width, height), rule, model="m")
        except InputError as error:
            for text in error.hint.removeprefix("the nearest are ").split(" and "):
                check_size(parse_size(text), rule, model="m")
