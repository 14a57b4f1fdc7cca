"""Chunks: where a long prompt is cut."""

from hypothesis import given
from hypothesis import strategies as st

from sdgen.recipe.prompt.chunks import BACKTRACK, chunked


def lengths(*sections: str, room: int = 75) -> list[int]:
    """Each character is a token."""
    return [len(chunk) for chunk in chunked(sections, ",".__eq__, room)]


def test_what_fits_is_one_chunk():
    assert lengths("x" * 75) == [75]
    assert lengths("") == [0]


def test_more_is_cut_at_seventy_five():
    assert lengths("x" * 76) == [75, 1]
    assert lengths("x" * 200) == [75, 75, 50]


def test_a_cut_moves_back_behind_a_comma_that_is_near():
    assert lengths("x" * 60 + "," + "y" * 20) == [61, 20]
    assert lengths("x" * 74 + "," + "y") == [75, 1]


def test_twenty_tokens_back_is_near_and_twenty_one_is_not():
    assert lengths("x" * 55 + "," + "y" * 30) == [56, 30]
    assert lengths("x" * 54 + "," + "y" * 30) == [75, 10]


def test_the_last_comma_counts():
    assert lengths("x" * 56 + "," + "y" * 9 + "," + "z" * 20) == [67, 20]


def test_a_comma_that_overflows_itself_goes_to_the_next_chunk():
    assert lengths("x" * 60 + "," + "y" * 14 + "," + "z" * 75) == [75, 75, 1]


def test_a_comma_serves_one_cut():
    assert lengths("x" * 70 + "," + "y" * 100) == [71, 75, 25]


def test_each_section_begins_a_chunk():
    assert lengths("xx", "yy") == [2, 2]
    assert lengths("x" * 75, "y") == [75, 1]
    assert lengths("", "y") == [0, 1]
    assert lengths("x", "", "y") == [1, 0, 1]


def test_an_empty_end_is_no_chunk():
    assert lengths("x", "") == [1]
    assert lengths("", "") == [0]


@given(st.lists(st.text("x,", max_size=90), min_size=1, max_size=4), st.integers(1, 30))
def test_no_token_is_lost_and_no_chunk_too_long(sections, room):
    chunks = chunked(sections, ",".__eq__, room)
    assert [token for chunk in chunks for token in chunk] == list("".join(sections))
    assert all(len(chunk) <= room for chunk in chunks)
    assert BACKTRACK == 20
