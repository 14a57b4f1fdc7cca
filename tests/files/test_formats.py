from pathlib import Path

import pytest

from sdgen.errors import InputError
from sdgen.files.formats import FORMATS, SUFFIXES, format_of, suffix_of


@pytest.mark.parametrize("format", FORMATS)
def test_usual_suffix_stands_for_its_format(format):
    assert format_of(Path(f"fox{suffix_of(format)}")) == format


@pytest.mark.parametrize("name", ["fox.JPG", "fox.jpeg", "v1.5.Jpg"])
def test_case_and_spelling_of_a_suffix_do_not_count(name):
    assert format_of(Path(name)) == "jpeg"


@pytest.mark.parametrize("name", ["fox", "fox.exe", "png", "fox.png.sh", ".png"])
def test_other_suffixes_are_refused(name):
    with pytest.raises(InputError, match="no suffix of a picture") as caught:
        format_of(Path(name))
    assert ".png" in caught.value.hint


def test_near_miss_is_hinted():
    with pytest.raises(InputError) as caught:
        format_of(Path("fox.wepb"))
    assert ".webp" in caught.value.hint


def test_every_suffix_has_a_format_that_is_written():
    assert set(SUFFIXES.values()) == set(FORMATS)
