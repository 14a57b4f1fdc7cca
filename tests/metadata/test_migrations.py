import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.metadata.migrations import CURRENT, MIGRATIONS, read_record
from tests.metadata.records import any_settings, fox_record, refusal

SAMPLES = Path(__file__).parent / "samples"


def changed(**changes) -> str:
    """A sound record's JSON with other values at the given places (`settings__seed`)."""
    found = json.loads(fox_record().to_json())
    for place, value in changes.items():
        *parents, name = place.split("__")
        part = found
        for parent in parents:
            part = part[parent]
        part[name] = value
    return json.dumps(found)


@pytest.mark.parametrize("version", range(1, CURRENT + 1))
def test_every_version_has_a_sample_that_loads(version):
    record = read_record((SAMPLES / f"image-{version}.json").read_bytes())
    assert record.settings.prompt == "a red fox in fresh snow, 晨光"
    assert record.settings.seed == 7
    assert record.image.sha256.startswith("9f86d081")


def test_every_old_version_has_a_migration():
    assert set(MIGRATIONS) == set(range(1, CURRENT))


@given(any_settings())
def test_record_survives_its_json(settings):
    record = fox_record().model_copy(update={"settings": settings})
    assert read_record(record.to_json()) == record
    assert read_record(record.to_json(indent=2).encode()) == record


def test_newer_schema_is_refused():
    with pytest.raises(InputError, match=r"written by a newer sdgen \(schema sdgen.image/2"):
        read_record(changed(schema="sdgen.image/2"))


@pytest.mark.parametrize(
    "schema",
    [None, 1, "", "sdgen.image/", "sdgen.image/0", "other/1", "sdgen.image/1x", "sdgen.image/²"],
)
def test_other_schemas_are_no_records(schema):
    with pytest.raises(InputError, match="not a record of sdgen"):
        read_record(changed(schema=schema))


def test_fields_of_a_later_sdgen_are_kept():
    record = read_record(changed(weather="snow", image__format="png"))
    assert json.loads(record.to_json())["weather"] == "snow"
    assert json.loads(record.to_json())["image"]["format"] == "png"


def test_settings_of_a_later_sdgen_are_refused():
    with pytest.raises(InputError, match=r"settings.boots is a setting that this sdgen does not"):
        read_record(changed(settings__boots=True))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("settings__seed", -1), ("settings__seed", "7"), ("settings__seed", 7.5),
        ("settings__seed", True), ("settings__prompt", ""), ("settings__prompt", "a\0b"),
        ("settings__prompt", "a\x1b[31mb"), ("settings__steps", 0), ("settings__width", 10**9),
        ("settings__scheduler", "eulre"), ("image__sha256", "0" * 63), ("image__width", "16"),
        ("created", "yesterday"), ("created", "2026-11-24T06:00:00"), ("batch", {"size": 0}),
        ("model", None), ("environment", {"device": ["cpu"]}), ("notices", "text"),
    ],
)  # fmt: skip
def test_broken_field_is_named(place, value):
    with pytest.raises(InputError, match=place.replace("__", ".")):
        read_record(changed(**{place: value}))


def test_missing_field_is_named():
    found = json.loads(fox_record().to_json())
    del found["settings"]["seed"]
    with pytest.raises(InputError, match=r"settings\.seed: Field required"):
        read_record(json.dumps(found))


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_damaged_record_is_a_record_or_an_error(noise, at):
    text = fox_record().to_json().encode()
    refusal(read_record, text[:at] + noise + text[at + len(noise) :])


def test_a_field_whose_name_has_a_line_break_is_told_on_one_line():
    said = json.loads(fox_record().to_json())
    said["settings"]["ste\nps"] = 3
    told = refusal(read_record, json.dumps(said))
    assert told == "a broken record: settings.ste\\nps is a setting that this sdgen does not know"


def test_a_record_that_does_not_say_how_its_prompts_were_read_read_them_as_plain_words():
    old = (SAMPLES / "image-1.json").read_text(encoding="utf-8")
    said = json.loads(old)
    assert "prompt_syntax" not in said["settings"]
    said["settings"]["prompt"] = "a (red:1.3) fox AND an owl"
    settings = read_record(json.dumps(said)).settings
    assert settings.prompt_syntax == "plain"
    assert read_record(fox_record().to_json()).settings.prompt_syntax == "a1111"
