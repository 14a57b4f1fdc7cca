import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.files.segments import exif_with_comment
from sdgen.metadata.exif import exif_texts
from tests.metadata.formats.pictures import exif
from tests.metadata.records import texts

FOX = "a fox, 红狐狸, 🦊\nSteps: 20"


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + FOX.encode("utf-16-be"), b"UNICODE\0" + FOX.encode("utf-16-le"),
        b"UNICODE\0" + FOX.encode("utf-16"), b"UNICODE\0" + FOX.encode(),
        b"ASCII\0\0\0" + FOX.encode(), b"\0" * 8 + FOX.encode(), FOX.encode(),
        b"ASCII\0\0\0" + FOX.encode() + b"\0\0",
    ],
    ids=["be", "le", "marked", "utf-8", "ascii", "undefined", "bare", "padded"],
)  # fmt: skip
def test_comment_is_read_however_it_is_written(comment):
    assert exif_texts(exif(comment))["UserComment"] == FOX


@given(texts)
def test_our_own_comment_reads_back(text):
    found = exif_texts(exif_with_comment("Steps: " + text)).get("UserComment")
    assert found == "Steps: " + text


def test_other_tags_are_read_by_name():
    found = exif_texts(exif(Make="workflow:{}", Model="prompt:{}", Software="NovelAI"))
    assert found == {"Make": "workflow:{}", "Model": "prompt:{}", "Software": "NovelAI"}


def little_endian(*entries: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    head = b"II\x2a\0" + struct.pack("<IH", 8, len(entries))
    return head + b"".join(struct.pack("<HHII", *entry) for entry in entries) + tail


@pytest.mark.parametrize(
    "block",
    [
        b"", b"Exif\0\0", b"MM\0\x2a", b"XX\0\x2a\0\0\0\x08", b"II\x2a\0\xff\xff\xff\xff",
        little_endian((0x9286, 7, 2**32 - 1, 0)), little_endian((0x9286, 7, 9, 2**32 - 1)),
        little_endian((0x8769, 4, 1, 8)), little_endian((0x8769, 4, 2**31, 8)),
        little_endian((0x0131, 3, 1, 0)), little_endian((0x0131, 2, 0, 0))[:-3],
    ],
)  # fmt: skip
def test_broken_blocks_hold_nothing(block):
    assert exif_texts(block) == {}


def test_a_directory_of_itself_is_read_twice_at_most():
    entry = (0x0131, 2, 4, int.from_bytes(b"fox!", "little"))
    assert exif_texts(little_endian((0x8769, 4, 1, 8), entry)) == {"Software": "fox!"}


@given(st.binary(max_size=200), st.integers(0, 200))
def test_damaged_blocks_are_read_as_far_as_they_go(noise, at):
    block = exif(b"UNICODE\0" + FOX.encode("utf-16-be"), Software="fox")
    exif_texts(block[:at] + noise + block[at + len(noise) :])
