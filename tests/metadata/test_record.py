import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from sdgen.errors import InputError
from sdgen.metadata.migrations import read_record
from sdgen.metadata.record import pixels_sha256
from tests.metadata.records import fox_image, fox_record


def test_pixels_are_named_by_size_and_bytes():
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    expected = hashlib.sha256(b"RGB 2x1\n\x01\x02\x03\x01\x02\x03").hexdigest()
    assert pixels_sha256(image) == expected


def test_shape_counts_and_mode_does_not():
    flat, tall = Image.new("RGB", (4, 1)), Image.new("RGB", (1, 4))
    assert pixels_sha256(flat) != pixels_sha256(tall)
    assert pixels_sha256(fox_image().convert("RGBA")) == pixels_sha256(fox_image())


def test_absent_parts_are_not_written():
    assert '"parent"' not in fox_record().to_json()


def test_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        fox_record().created = None


def test_other_characters_are_kept_readable():
    assert "红狐狸" in fox_record(prompt="红狐狸").to_json()


def test_record_names_no_place_of_this_machine():
    assert str(Path.home()) not in fox_record().to_json()


@pytest.mark.parametrize(
    ("place", "reason"),
    [({"size": 65}, "batch.size"), ({"size": 10**9, "slot": 1}, "batch.size"),
     ({"size": 0}, "batch.size"), ({"slot": -1}, "batch.slot"),
     ({"size": 4, "slot": 4}, "batch: slot 4 of a call of 4 images")],
)  # fmt: skip
def test_a_place_that_no_call_has_is_a_broken_record(place: dict, reason: str):
    said = json.loads(fox_record().to_json()) | {"batch": place}
    with pytest.raises(InputError, match=f"a broken record: {reason}"):
        read_record(json.dumps(said))


def test_a_record_without_a_place_is_of_a_picture_alone():
    said = json.loads(fox_record().to_json())
    said.pop("batch", None)
    place = read_record(json.dumps(said)).batch
    assert (place.size, place.slot) == (1, 0)
