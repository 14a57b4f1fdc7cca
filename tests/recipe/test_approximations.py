"""What may be left out to draw sooner, as people write it."""

import re

import pytest

from sdgen.recipe.approximations import Approximated, approximated, read_approximations


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("", ()),
        ("deepcache=3", ("deepcache=3",)),
        ("guidance_until = 0.60, DeepCache=2", ("deepcache=2", "guidance-until=0.6")),
        (["guidance-until=0.5"], ("guidance-until=0.5",)),
        ({"deepcache": 3, "guidance-until": 0.7}, ("deepcache=3", "guidance-until=0.7")),
        ((), ()),
    ],
)
def test_every_way_of_saying_it_has_one_form(said, read):
    assert read_approximations(said) == read
    assert read_approximations(read) == read


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("deepcash=3", "has no 'deepcash' (did you mean deepcache?)"),
        ("x=3", "has no 'x' (known are guidance-until, deepcache)"),
        ("deepcache", "deepcache must be a whole number from 2 to 10, not nothing"),
        ("deepcache=2.5", "deepcache must be a whole number from 2 to 10, not '2.5'"),
        ("deepcache=1", "not '1'"),
        ("guidance-until=1", "guidance-until must be 0.1 to 0.95, not '1'"),
        ("guidance-until=nan", "not 'nan'"),
        ("deepcache=2,deepcache=3", "says deepcache twice"),
        (3, "must be NAME=AMOUNT"),
        ([{"deepcache": 3}], "must be NAME=AMOUNT"),
    ],
)
def test_what_cannot_be_left_out_is_told(said, words: str):
    with pytest.raises(ValueError, match=re.escape(words)):
        read_approximations(said)


def test_their_meaning():
    assert approximated(()) == Approximated(1.0, 1)
    assert approximated(("deepcache=3", "guidance-until=0.6")) == Approximated(0.6, 3)
