"""What differs between two records, and how it is told to people."""

import pytest

from sdgen.metadata.compare import IN_WORDS, PARTS, Difference, differences
from tests.metadata.records import fox_record


def test_equal_records_do_not_differ():
    assert differences(fox_record(), fox_record()) == []


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (Difference("environment", "threads", 2, 8), "CPU threads 2 → 8"),
        (Difference("environment", "onednn", True, False), "oneDNN on → off"),
        (Difference("environment", "torch", "2.13", "2.7"), "torch 2.13 → 2.7"),
        (Difference("environment", "new_switch", 1, True), "new_switch 1 → on"),
        (Difference("settings", "dtype", "float16", "float32"), "dtype float16 → float32"),
        (Difference("batch", "size", 4, 1), "batch size 4 → 1"),
        (Difference("software", "version", "0.1", "0.2"), "sdgen 0.1 → 0.2"),
        (Difference("software", "name", "a", "b"), "name a → b"),
    ],
)
def test_a_difference_in_words(difference: Difference, told: str):
    assert str(difference) == told


def test_words_are_for_parts_of_a_record_and_no_two_are_alike():
    assert {part for part, _ in IN_WORDS} <= set(PARTS)
    assert len(set(IN_WORDS.values())) == len(IN_WORDS)
