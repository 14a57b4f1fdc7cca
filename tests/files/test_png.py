import io
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sdgen.errors import InputError
from sdgen.files.png import MAX_TEXT_BYTES, SIGNATURE, encode_png, png_texts, png_texts_and_exif
from tests.metadata.records import TRICKY, fox_image, refusal


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes) -> io.BytesIO:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
    return io.BytesIO(SIGNATURE + b"".join([header, *chunks, pixels, chunk(b"IEND", b"")]))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (3, 5), (64, 64), (513, 2)])
def test_pillow_reads_the_same_pixels(size):
    image = fox_image(*size)
    data = encode_png(image, {})
    assert Image.open(io.BytesIO(data)).tobytes() == image.tobytes()


@given(st.integers(1, 9), st.integers(1, 9), st.randoms(use_true_random=False))
def test_any_pixels_come_back(width, height, random):
    image = Image.frombytes("RGB", (width, height), random.randbytes(3 * width * height))
    data = encode_png(image, {"a": "b"})
    assert Image.open(io.BytesIO(data)).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "text", [*TRICKY, "", "x" * 60_000, "狐" * 20_000], ids=range(len(TRICKY) + 3)
)
def test_pillow_and_we_read_the_same_text(text):
    data = encode_png(fox_image(), {"sdgen": text, "other": "é"})
    assert png_texts(io.BytesIO(data)) == {"sdgen": text, "other": "é"}
    assert Image.open(io.BytesIO(data)).info["sdgen"] == text


def test_only_the_text_of_others_is_in_the_chunk_that_old_readers_know():
    data = encode_png(fox_image(), {"sdgen": "café", "parameters": "café"})
    assert b"iTXtsdgen\0\0\0\0\0caf\xc3\xa9" in data
    assert b"tEXtparameters\0caf\xe9" in data
    assert b"iTXtparameters\0" in encode_png(fox_image(), {"parameters": "狐"})


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("text", ["a fox", "狐"])
def test_text_of_pillow_is_read_wherever_it_stands(zipped, text):
    notes = PngImagePlugin.PngInfo()
    notes.add_text("one", text, zip=zipped)
    notes.add_itxt("two", text, zip=zipped)
    file = io.BytesIO()
    fox_image().save(file, "PNG", pnginfo=notes)
    file.seek(0)
    assert png_texts(file) == {"one": text, "two": text}


def test_text_after_the_pixels_is_read():
    file = io.BytesIO(png().getvalue()[:-12] + chunk(b"tEXt", b"a\0b") + chunk(b"IEND", b""))
    assert png_texts(file) == {"a": "b"}


@pytest.mark.parametrize(
    ("written", "read"),
    [("红狐狸 🦊".encode(), "红狐狸 🦊"), ("café".encode(), "café"), (b"caf\xe9", "café")],
)
def test_latin_text_in_which_others_put_utf_8_is_not_garbled(written, read):
    packed = b"b\0\0" + zlib.compress(written)
    file = png(chunk(b"tEXt", b"a\0" + written), chunk(b"zTXt", packed))
    assert png_texts(file) == {"a": read, "b": read}


def test_many_texts_that_unfold_to_much_are_refused():
    packed = zlib.compress(b"x" * (MAX_TEXT_BYTES - 1))
    chunks = [chunk(b"zTXt", b"%d\0\0" % number + packed) for number in range(20)]
    with pytest.raises(InputError, match="more than 16 MiB of text"):
        png_texts(png(*chunks))


def test_exif_is_handed_out_beside_the_texts():
    file = png(chunk(b"eXIf", b"MM"), chunk(b"tEXt", b"a\0one"), chunk(b"eXIf", b"II"))
    assert png_texts_and_exif(file) == ({"a": "one"}, b"MM")
    assert png_texts_and_exif(png()) == ({}, b"")


def test_first_of_two_texts_wins():
    assert png_texts(png(chunk(b"tEXt", b"a\0one"), chunk(b"tEXt", b"a\0two"))) == {"a": "one"}


def test_text_that_unfolds_too_far_is_empty():
    bomb = zlib.compress(b"x" * 10_000_000)
    assert png_texts(png(chunk(b"zTXt", b"a\0\0" + bomb))) == {"a": ""}


def test_wrong_checksum_is_refused():
    file = png(chunk(b"tEXt", b"sdgen\0{}")[:-1] + b"?")
    with pytest.raises(InputError, match="wrong checksum"):
        png_texts(file)


def test_every_cut_is_an_error_or_the_whole_text():
    data = encode_png(fox_image(), {"sdgen": "{}", "parameters": "狐"})
    pixels_at = data.index(b"IDAT") + len(b"IDAT")
    for length in range(len(data)):
        file = io.BytesIO(data[:length])
        if length < pixels_at:
            with pytest.raises(InputError):
                png_texts(file)
        else:
            assert png_texts(file) == {"sdgen": "{}", "parameters": "狐"}


def test_endless_chunks_end():
    with pytest.raises(InputError, match="too many pieces"):
        png_texts(png(chunk(b"junk", b"") * 100_001))


@pytest.mark.parametrize("length", [2**31 - 1, 2**32 - 1])
def test_huge_chunk_is_not_read(length):
    file = io.BytesIO(SIGNATURE + struct.pack(">I", length) + b"tEXtsdgen\0")
    with pytest.raises(InputError, match="ends too early"):
        png_texts(file)


@given(st.binary(max_size=40), st.integers(0, 700))
def test_any_damage_is_text_or_an_error(noise, at):
    data = encode_png(fox_image(), {"sdgen": '{"seed": 7}' * 9, "parameters": "狐" * 90})
    refusal(png_texts, io.BytesIO(data[:at] + noise + data[at + len(noise) :]))


def test_it_takes_less_than_half_of_pillows_time():
    """On a picture of the built-in model; by the processor's time of this thread alone."""
    with Image.open(Path(__file__).parents[2] / "docs/first-picture.png") as file:
        image = file.convert("RGB")

    def pillow() -> None:
        image.save(io.BytesIO(), "PNG")

    def least(action) -> float:
        taken = []
        for _ in range(7):
            started = time.thread_time()
            action()
            taken.append(time.thread_time() - started)
        return min(taken)

    assert least(lambda: encode_png(image, {})) < least(pillow) / 2
