import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import InputError
from sdgen.files.yaml_text import MAX_BYTES, load_yaml, read_yaml

SCALARS = {
    "1e-4": 0.0001,
    "1E3": 1000.0,
    "+.5": 0.5,
    "2.": 2.0,
    "010": 10,
    "-7": -7,
    "0x10": "0x10",
    "0o17": "0o17",
    "1_000": "1_000",
    "٣": "٣",
    "12:30:45": "12:30:45",
    "2026-11-24": "2026-11-24",
    "yes": "yes",
    "no": "no",
    "on": "on",
    "Off": "Off",
    "=": "=",
    "nan": "nan",
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
    '"7"': "7",
    "'true'": "true",
    "|\n  two\n  lines\n": "two\nlines\n",
    "a red fox": "a red fox",
    "一只红狐狸": "一只红狐狸",
}

REFUSED = {
    "steps: 20\nsteps: 30": "f.yaml:2:1: the key 'steps' is already on line 1",
    "a: {b: 1, b: 2}": "f.yaml:1:11: the key 'b' is already on line 1",
    "a: &x 1": "f.yaml:1:4: anchors (&x) are not allowed",
    "&x a: 1": "f.yaml:1:1: anchors (&x) are not allowed",
    "a: *x": "f.yaml:1:4: aliases (*x) are not allowed; write the value out",
    "a: !!python/object/apply:os.system [true]": "f.yaml:1:4: tags (",
    "a: !include x": "f.yaml:1:4: tags (!include) are not allowed",
    "a: ! 12": "f.yaml:1:4: tags (!) are not allowed",
    "1: a": "f.yaml:1:1: a key must be text; write it in quotes: '1'",
    "true: a": "f.yaml:1:1: a key must be text; write it in quotes: 'true'",
    "~: a": "f.yaml:1:1: a key must be text",
    "? [a, b]\n: c": "f.yaml:1:3: a key must be text",
    "a: .nan": "f.yaml:1:4: .nan is not a finite number",
    "a: [-.Inf]": "f.yaml:1:5: -.Inf is not a finite number",
    "a: 1e999": "f.yaml:1:4: 1e999 is not a finite number",
    "a: " + "9" * 5000: "f.yaml:1:4: is a number of more than 64 characters",
    "a: 1\n---\nb: 2": "f.yaml:2:1: a second document starts; only one is read",
    "a: [": "f.yaml:1:5: ",
    "a: b: c": "f.yaml:1:5: mapping values are not allowed here",
    "a: 1\n\tb: 2": "f.yaml:2:1: ",
    "a: 1\nb: \x1b[31m": "f.yaml:2:4: the character U+001B is not allowed",
    "a: \ud800": "f.yaml:1:4: the character U+D800 is not allowed",
    'a: "\\ud800"': "f.yaml:1:4: contains half a character",
    'a: "\\U00110000"': "f.yaml:1:",
    "%YAML " + "1" * 5000 + ".1\n---\na": "f.yaml:1:",
    "[" * 100_000: "f.yaml:1:34: is nested more than 32 deep",
    "- " * 5_000 + "a": "f.yaml:1:67: is nested more than 32 deep",
    "{a: " * 5_000: "f.yaml:1:",
    "a: " + "x" * MAX_BYTES: "f.yaml is larger than 1 MiB",
}

LAUGHS = "a: &a [lol, lol, lol]\n" + "\n".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 10)}]"
    for before, here in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize("text", SCALARS)
def test_scalar_is_what_a_person_means(text):
    value = load_yaml(f"value: {text}", "f.yaml").value["value"]
    assert value == SCALARS[text]
    assert type(value) is type(SCALARS[text])


@pytest.mark.parametrize("text", REFUSED)
def test_refuses_with_line_and_column(text):
    with pytest.raises(InputError) as raised:
        load_yaml(text, "f.yaml")
    assert str(raised.value).startswith(REFUSED[text])
    assert "\n" not in str(raised.value)


def test_billion_laughs_end_at_once():
    start = time.process_time()
    with pytest.raises(InputError, match="anchors"):
        load_yaml(LAUGHS, "f.yaml")
    assert time.process_time() - start < 1


def test_merge_key_is_an_ordinary_key():
    assert load_yaml("<<: {a: 1}", "f.yaml").value == {"<<": {"a": 1}}


def test_every_value_has_its_line_and_column():
    document = load_yaml("defaults:\n  steps: 20\nmatrix:\n  seed: [1,\n    2]\n", "f.yaml")
    assert document.lines == {
        (): (1, 1),
        ("defaults",): (1, 1),
        ("defaults", "steps"): (2, 3),
        ("matrix",): (3, 1),
        ("matrix", "seed"): (4, 3),
        ("matrix", "seed", 0): (4, 10),
        ("matrix", "seed", 1): (5, 5),
    }
    assert document.line("matrix", "seed") == "line 4"
    assert document.line("elsewhere") == ""


def test_empty_text_is_nothing():
    assert load_yaml("# only a comment\n", "f.yaml").value is None


YAML_SIGNS = st.text(alphabet="ab01:-[]{}*&!?|>%@'\"\\#,. \n\tUux\ufeff\x85\u2028", max_size=40)


@given(st.text() | YAML_SIGNS)
def test_any_text_is_a_plain_document_or_an_input_error(text):
    try:
        value = load_yaml(text, "f.yaml").value
    except InputError:
        return
    assert _is_plain(value)


def _is_plain(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int, bool))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: \xff", ":2:4: is not UTF-8: byte 0xFF at offset 8"),
        ("a: 1".encode("utf-16"), " is UTF-16 text"),
        ("a: ä\n".encode() * 2**18, " is larger than 1 MiB"),
    ],
)
def test_refuses_a_file_that_is_not_small_utf_8(tmp_path, data, message):
    path = tmp_path / "f.yaml"
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        read_yaml(path)
    assert str(raised.value) == f"{path}{message}"


def test_byte_order_mark_is_not_part_of_the_first_key(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfsteps: 20\r\nseed: 7\r\n")
    assert read_yaml(path).value == {"steps": 20, "seed": 7}


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0.yaml", "x" * 300])
def test_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / name)
