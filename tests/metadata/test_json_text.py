import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.metadata.json_text import MAX_JSON_BYTES, parse_json, parse_json_object
from tests.metadata.records import refusal

BROKEN = {
    "": "not valid JSON",
    "{": "not valid JSON",
    "{} {}": "not valid JSON",
    '{"a": NaN}': "NaN",
    '{"a": -Infinity}': "-Infinity",
    '{"a": 1e999}': "too large",
    '{"a": 1, "a": 2}': "'a' twice",
    '{"x": {"a": 1, "a": 2}}': "'a' twice",
    "[" * 40 + "]" * 40: "deeper than 32",
    "[" * 200_000: "deeper than 32",
    '{"a":' * 40 + "1" + "}" * 40: "deeper than 32",
    "9" * 5000: "too long",
    r'"\ud800"': "half a character",
    r'{"\udc00": 1}': "half a character",
    '"\x07"': "not valid JSON",
    "x" * (MAX_JSON_BYTES + 1): "more than 1024 KiB",
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.items(), ids=range(len(BROKEN)))
def test_broken_text_is_refused_with_its_reason_at_once(text, reason):
    start = time.process_time()
    with pytest.raises(InputError, match=reason):
        parse_json(text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("data", "reason"), [(b"\xff\xfe{\0}\0", "not UTF-8"), (b'{"a": "\xe9"}', r"byte 7")]
)
def test_bytes_that_are_not_utf8_are_refused(data, reason):
    with pytest.raises(InputError, match=reason):
        parse_json(data)


def test_byte_order_mark_is_skipped():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_thirty_two_levels_are_allowed():
    assert parse_json("[" * 31 + "1" + "]" * 31)


@pytest.mark.parametrize("text", ["[]", "1", '"text"', "null"])
def test_only_an_object_is_an_object(text):
    with pytest.raises(InputError, match="without an object"):
        parse_json_object(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(
    exclude_categories=["Cs"])), lambda inner: st.lists(inner) | st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])), inner), max_leaves=8))  # fmt: skip
def test_ordinary_json_comes_back(value):
    assert parse_json(json.dumps(value)) == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_a_value_or_an_error(text):
    refusal(parse_json, text)
