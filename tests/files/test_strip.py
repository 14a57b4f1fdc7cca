"""Stripped files: the same pixels, bit by bit, and not a word beside them."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from sdgen.errors import InputError
from sdgen.files.encoding import encode
from sdgen.files.formats import FORMATS
from sdgen.files.strip import stripped
from sdgen.metadata.exif import orientation
from sdgen.metadata.xmp import AI_MADE
from tests.files.test_isobmff import FTYP, NAMES, XMP, box, iinf, iloc, infe, meta
from tests.metadata.records import fox_image, fox_record, refusal

SECRET = "a secret prompt"


def written(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def frames(data: bytes) -> list[bytes]:
    """The pixels of each frame as they are decoded."""
    image, found = Image.open(io.BytesIO(data)), []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append(image.mode.encode() + image.tobytes())
    return found


def png_body(data: bytes) -> bytes:
    """The IDAT chunks, checksums and all."""
    at, found = 8, b""
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found += data[at : at + 12 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return found


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("keep_mark", [True, False])
def test_our_own_pictures(format, keep_mark):
    data = encode(fox_image(), fox_record(prompt=SECRET), format)
    bare = stripped(data, keep_mark=keep_mark)
    assert frames(bare) == frames(data)
    for word in (SECRET, "sdgen", SECRET.encode("utf-16-be").decode("latin-1")):
        assert word.encode("latin-1") not in bare
    assert (AI_MADE.encode() in bare) is keep_mark
    assert stripped(bare, keep_mark=keep_mark) == bare
    if format == "png":
        assert png_body(bare) == png_body(data)


def foreign_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", SECRET)
    texts.add_text("Comment", SECRET, zip=True)
    texts.add_itxt("prompt", SECRET)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    image = fox_image().quantize(16)
    image.info["transparency"] = 3
    return written(image, "PNG", pnginfo=texts, exif=exif, dpi=(72, 72)) + SECRET.encode()


def foreign_jpeg(**options) -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = SECRET, 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = written(fox_image(64, 64), "JPEG", exif=exif, icc_profile=profile,
                   comment=SECRET.encode(), xmp=SECRET.encode(), **options)  # fmt: skip
    return data + SECRET.encode()


def foreign_webp(**options) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET
    return written(fox_image(), "WEBP", exif=exif, xmp=SECRET.encode(), **options)


FOREIGN = {
    "png": foreign_png(),
    "jpeg": foreign_jpeg(),
    "progressive jpeg": foreign_jpeg(progressive=True),
    "jpeg with restarts": foreign_jpeg(restart_marker_blocks=1),
    "cmyk jpeg": written(fox_image().convert("CMYK"), "JPEG", comment=SECRET.encode()),
    "webp": foreign_webp(),
    "lossless webp": foreign_webp(lossless=True),
    "animated webp": foreign_webp(save_all=True, append_images=[fox_image().rotate(90)]),
    "animated png": written(fox_image(), "PNG", save_all=True, comment=SECRET,
                            append_images=[fox_image().rotate(90)]),
    "bare webp": written(fox_image(), "WEBP"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_pictures_of_others(name):
    bare = stripped(FOREIGN[name])
    assert frames(bare) == frames(FOREIGN[name])
    assert SECRET.encode() not in bare
    assert not opened(bare).getexif().get(0x010E)
    assert not {"comment", "Comment", "parameters", "prompt"} & opened(bare).info.keys()
    before, after = opened(FOREIGN[name]), opened(bare)
    assert after.info.get("icc_profile") == before.info.get("icc_profile")


def test_a_photograph_stays_turned_and_tells_nothing_else():
    bare = stripped(FOREIGN["jpeg"])
    assert dict(opened(bare).getexif()) == {0x0112: 6}


@pytest.mark.parametrize(
    ("block", "way"),
    [(b"", None), (b"Exif\0\0", None), (b"MM\0\x2a\0\0\xff\xff", None), (b"II\x2a\0\x08", None),
     (b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0", None),
     (b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0", 3),
     (b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0", 8)],
)  # fmt: skip
def test_how_a_picture_is_turned_is_read_from_whole_blocks_only(block, way):
    assert orientation(block) == way


@given(st.sampled_from(sorted(FOREIGN)), st.data())
@settings(max_examples=150)
def test_damaged_files_are_refused_or_come_out_without_words(name, data):
    """Cut short, or with a byte changed: one of our errors, or a file; nothing else is raised."""
    whole = FOREIGN[name]
    cut = data.draw(st.integers(0, len(whole)))
    at = data.draw(st.integers(0, max(0, cut - 1)))
    broken = bytearray(whole[:cut])
    if broken:
        broken[at] = data.draw(st.integers(0, 255))
    assert "\n" not in refusal(stripped, bytes(broken))


def test_other_files_are_refused():
    for other in (b"", b"GIF89a", b"{}"):
        with pytest.raises(InputError, match="is no PNG, JPEG, WebP or AVIF"):
            stripped(other)
    for name in ("png", "jpeg", "webp"):
        with pytest.raises(InputError, match="damaged"):
            stripped(FOREIGN[name][: len(FOREIGN[name]) // 2])


def avif(**options) -> bytes:
    return written(fox_image(), "AVIF", xmp=SECRET.encode(), **options)


UUID = box(b"uuid", bytes(16), SECRET.encode())


@pytest.mark.parametrize(
    "behind",
    [UUID, SECRET.encode(), UUID + SECRET.encode(), bytes(8) + SECRET.encode(), b"abc",
     box(b"free", SECRET.encode()), struct.pack(">I4sQ", 1, b"uuid", 31) + SECRET.encode()],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"save_all": True, "append_images": [fox_image(16, 16)]}])
def test_what_hangs_behind_an_avif_is_cut(behind, options):
    data = avif(**options)
    bare = stripped(data + behind)
    assert bare == stripped(data)
    assert SECRET.encode() not in bare
    assert frames(bare) == frames(data)


@pytest.mark.parametrize("kind", [b"uuid", b"free", b"jumb"])
def test_other_boxes_of_an_avif_are_emptied_where_they_are(kind):
    other = box(kind, bytes(16), SECRET.encode())
    at = len(FTYP) + len(other) + 8
    whole = meta(iinf(*NAMES), iloc((3, 0, [(at, len(XMP))])))
    bare = stripped(FTYP + other + box(b"mdat", XMP) + whole, keep_mark=False)
    assert bare[len(FTYP) : at - 8] == box(b"free", bytes(len(other) - 8))
    assert XMP not in bare
    assert len(bare) == len(FTYP + other + box(b"mdat", XMP) + whole)


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        (meta(iinf(*NAMES), iloc((3, 2, [(0, 4)]))), "where it cannot be removed"),
        (meta(iinf(*NAMES), iloc(*[(n, 0, []) for n in range(1001)])), "too much to tell"),
        (meta(iinf(*NAMES), iloc((3, 0, [(0, 1)] * 101))), "too much to tell"),
        (meta(iinf(*[infe(n, b"av01") for n in range(1001)]), iloc()), "too much to tell"),
        (meta() + meta(), "build that is not known"), (box(b"mini"), "build that is not known"),
        (meta() + box(b"mdat") + struct.pack(">I4s", 99, b"mdat"), "ends too early"),
    ],
)  # fmt: skip
def test_an_avif_that_is_not_understood_is_refused(boxes, reason):
    with pytest.raises(InputError, match=reason):
        stripped(FTYP + boxes)
