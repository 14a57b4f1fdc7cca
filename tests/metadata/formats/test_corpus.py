"""Pictures of every program, made by hand from the descriptions: one JSON file each.

A case says what its container carries, and the whole recipe that is expected of it; null where
nothing can be read.
"""

import json
from pathlib import Path

import pytest

from sdgen.cli.show import foreign_object
from sdgen.errors import InputError
from sdgen.files.foreign import read_recipe_of
from tests.metadata.formats.pictures import avif, exif, jpeg, png, webp

FOLDER = Path(__file__).parents[2] / "data" / "foreign"
CASES = sorted(FOLDER.glob("*.json"))
PREFIXES = {
    "utf-16-be": b"UNICODE\0", "utf-16-le": b"UNICODE\0", "ascii": b"ASCII\0\0\0", "utf-8": b"",
    "latin-1": b"",
}  # fmt: skip


def written(case: dict) -> bytes:
    """The file that `case` describes."""
    if "plain" in case:
        plain = case["plain"]
        return (plain if isinstance(plain, str) else json.dumps(plain)).encode()
    coding = case.get("coding", "utf-16-be")
    comment = _text(case["comment"]).encode(coding) if "comment" in case else b""
    tags = {name: _text(value) for name, value in case.get("exif", {}).items()}
    block = exif(PREFIXES[coding] + comment if comment else b"", **tags)
    block = block if comment or tags else b""
    if case["container"] == "png":
        return png({name: _text(text) for name, text in case.get("texts", {}).items()}, exif=block)
    xmp = case.get("xmp", "").encode()
    blocks = {name: data for name, data in (("exif", block), ("xmp", xmp)) if data}
    if case["container"] == "webp":
        return webp(**blocks)
    if case["container"] == "avif":
        return avif(**blocks)
    if "jpeg comment" in case:
        blocks["comment"] = case["jpeg comment"].encode()
    return jpeg(**blocks)


def _text(value: object) -> str:
    """Text as it is; anything else as the JSON that a program would write."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_case_reads_as_expected(tmp_path, file):
    case = json.loads(file.read_text(encoding="utf-8"))
    path = tmp_path / "fox"
    path.write_bytes(written(case))
    if case["expected"] is None:
        with pytest.raises(InputError, match=r"has no record of sdgen|neither a picture|not a rec"):
            read_recipe_of(path)
    else:
        assert json.loads(json.dumps(foreign_object(read_recipe_of(path)))) == case["expected"]


def test_there_are_enough_of_them():
    assert len(CASES) >= 40
