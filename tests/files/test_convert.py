"""Format changes: pixels, records and other programs' recipes, from and to every format."""

import io
import json
import struct

import pytest
from PIL import Image, ImageCms

from sdgen.errors import InputError
from sdgen.files.convert import converted
from sdgen.files.encoding import encode
from sdgen.files.foreign import read_recipe_of
from sdgen.files.formats import FORMATS
from sdgen.files.images import open_pixels, read_record_of
from sdgen.metadata.record import pixels_sha256
from tests.metadata.formats.test_corpus import CASES, written
from tests.metadata.records import TRICKY, fox_image, fox_record


def saved(tmp_path, data: bytes):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return path


def again(tmp_path, source, format, quality=None):
    found = converted(source, format, quality)
    target = tmp_path / f"new-{format}"
    target.write_bytes(found.data)
    return target, found.notices


@pytest.mark.parametrize("before", FORMATS)
@pytest.mark.parametrize("after", FORMATS)
def test_our_record_goes_along_and_says_what_the_file_holds(tmp_path, before, after):
    image = fox_image(64, 64)
    record = fox_record(image, prompt=TRICKY[3], negative_prompt=TRICKY[1], lora=["fur:0.5"])
    source = saved(tmp_path, encode(image, record, before))
    target, notices = again(tmp_path, source, after)
    found = read_record_of(target)
    assert found.settings == record.settings
    assert found.image.lossy == (before in ("jpeg", "avif") or after in ("jpeg", "avif"))
    assert found.image.sha256 == record.image.sha256
    assert not notices
    if after in ("png", "webp"):
        assert pixels_sha256(open_pixels(target)) == pixels_sha256(open_pixels(source))


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
def test_quality_is_recorded_and_makes_files_smaller(tmp_path, format):
    image = Image.effect_noise((64, 64), 90).convert("RGB")
    source = saved(tmp_path, encode(image, fox_record(image)))
    sizes = [len(again(tmp_path, source, format, quality)[0].read_bytes()) for quality in (20, 90)]
    assert sizes[0] < sizes[1]
    record = read_record_of(again(tmp_path, source, format, 20)[0])
    assert (record.image.quality, record.image.lossy) == (20, True)


def test_pixels_that_are_not_the_recorded_ones_are_told(tmp_path):
    source = saved(tmp_path, encode(fox_image(16, 8), fox_record()))
    assert "not those that its record" in again(tmp_path, source, "webp")[1][0]


PICTURES = [file for file in CASES if "container" in json.loads(file.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("file", PICTURES, ids=[file.stem for file in PICTURES])
def test_recipes_of_others_are_carried_or_the_loss_is_told(tmp_path, file):
    case = json.loads(file.read_text(encoding="utf-8"))
    source = saved(tmp_path, written(case))
    for format in FORMATS:
        target, notices = again(tmp_path, source, format)
        if case["expected"] is None:
            assert not notices
        elif not notices:
            assert read_recipe_of(target) == read_recipe_of(source)
        else:
            assert "has no place in" in notices[0]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "stem",
    ["a1111", "a1111-webp-utf16le", "comfyui", "comfyui-webp", "fooocus", "swarmui", "sdcpp-jpeg",
     "draw-things", "civitai-text"],
)  # fmt: skip
def test_what_people_use_most_is_never_lost(tmp_path, stem, format):
    [file] = [file for file in CASES if file.stem == stem]
    source = saved(tmp_path, written(json.loads(file.read_text(encoding="utf-8"))))
    target, notices = again(tmp_path, source, format)
    assert not notices
    assert read_recipe_of(target) == read_recipe_of(source)


def drawn(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def test_transparency_and_colour_profile_stay(tmp_path):
    image = fox_image().convert("RGBA")
    image.putalpha(100)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = saved(tmp_path, drawn(image, "PNG", icc_profile=profile))
    with Image.open(again(tmp_path, source, "webp")[0]) as found:
        assert found.info["icc_profile"] == profile
        assert found.tobytes() == image.tobytes()


def grey_profile() -> bytes:
    """A profile (ICC v2) of grey with the gamma 1.0, which lightens what sRGB would show."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 0x0100) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    size = 128 + 4 + 2 * 12 + len(curve) + len(white)
    head = struct.pack(
        ">I4sI4s4s4s12x4s", size, b"", 0x02100000, b"mntr", b"GRAY", b"XYZ ", b"acsp"
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    at = 128 + 4 + 2 * 12
    tags = struct.pack(
        ">I4sII4sII", 2, b"kTRC", at, len(curve), b"wtpt", at + len(curve), len(white)
    )
    return head.ljust(128, b"\0") + tags + curve + white


@pytest.mark.parametrize("format", FORMATS)
def test_a_profile_of_grey_is_applied_and_not_written_into_rgb(tmp_path, format):
    source = saved(tmp_path, drawn(Image.new("L", (8, 8), 55), "PNG", icc_profile=grey_profile()))
    target, notices = again(tmp_path, source, format)
    with Image.open(target) as found:
        assert (found.mode, "icc_profile" in found.info, notices) == ("RGB", False, ())
        assert abs(found.getpixel((4, 4))[0] - 128) < 4  # 55/255 of the light is level 128 of sRGB


def test_the_transparency_of_grey_stays(tmp_path):
    grey = Image.merge("LA", (Image.new("L", (8, 8), 55), Image.new("L", (8, 8), 100)))
    source = saved(tmp_path, drawn(grey, "PNG", icc_profile=grey_profile()))
    with Image.open(again(tmp_path, source, "webp")[0]) as found:
        assert found.getpixel((4, 4))[3] == 100
        assert abs(found.getpixel((4, 4))[0] - 128) < 4


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_profile_that_does_not_fit_is_left_out_and_told(tmp_path, mode):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = fox_image().convert(mode)
    source = saved(tmp_path, drawn(image, "JPEG", icc_profile=profile))
    target, [notice] = again(tmp_path, source, "png")
    assert notice == f"its colour profile does not fit its pixels ({mode}), and is left out"
    with Image.open(target) as found:
        assert "icc_profile" not in found.info


@pytest.mark.parametrize(
    ("data", "format", "reason"),
    [
        (drawn(fox_image().convert("RGBA"), "PNG"), "jpeg", "has transparency"),
        (drawn(Image.new("I;16", (4, 4)), "PNG"), "webp", "more than 8 bits"),
        (drawn(fox_image(), "WEBP", save_all=True, append_images=[fox_image(16, 16).rotate(90)]),
         "png", "is an animation"),
        (b"a fox", "png", "is no PNG"), (b"", "png", "is empty"), (b"{}", "png", "is no PNG"),
        (drawn(fox_image(), "PNG")[:60], "webp", "ends too early|cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_told(tmp_path, data, format, reason):
    with pytest.raises(InputError, match=reason):
        converted(saved(tmp_path, data), format)


def test_a_turned_photograph_is_upright_afterwards(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    source = saved(tmp_path, drawn(fox_image(16, 8), "JPEG", exif=exif.tobytes()))
    with Image.open(again(tmp_path, source, "png")[0]) as found:
        assert found.size == (8, 16)
