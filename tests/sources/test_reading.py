"""Pictures of every kind are read as a person sees them; what cannot be read is one line."""

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sdgen.errors import InputError
from sdgen.sources.reading import BLACK, as_seen

ORANGE = (200, 90, 30)
TURNS = {1: "as is", 2: "mirrored", 3: "on its head", 4: "both", 5: "5", 6: "6", 7: "7", 8: "8"}


def corner(size: tuple[int, int] = (24, 16)) -> Image.Image:
    """White, with an orange square in the upper left corner."""
    image = Image.new("RGB", size, "white")
    image.paste(ORANGE, (0, 0, 8, 8))
    return image


def seen(path: Path, **options: object) -> Image.Image:
    return as_seen(path, **options).image


@pytest.mark.parametrize("orientation", sorted(TURNS))
def test_a_turned_photo_is_upright(tmp_path: Path, orientation: int):
    """Stored turned and with the tag that says how, every one of the eight is seen the same."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = corner() if orientation == 1 else corner().transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=100, subsampling=0)
    stored.save(tmp_path / "photo.png", exif=exif)
    for name in ("photo.jpg", "photo.png"):
        image = seen(tmp_path / name)
        assert image.size == (24, 16)
        assert np.allclose(image.getpixel((3, 3)), ORANGE, atol=4), name


def clear(mode: str) -> Image.Image:
    """Orange on the left, and nothing at all, which is stored as blue, on the right."""
    image = Image.new("RGBA", (16, 16), (0, 0, 255, 0))
    image.paste((*ORANGE, 255), (0, 0, 8, 16))
    if mode == "P":
        palette = Image.new("P", (16, 16), 1)
        palette.putpalette([*ORANGE, 0, 0, 255])
        palette.paste(0, (0, 0, 8, 16))
        return palette
    return image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "name", "options"),
    [("RGBA", "a.png", {}), ("RGBA", "a.webp", {"lossless": True}), ("RGBA", "a.tiff", {}),
     ("P", "a.png", {"transparency": 1}), ("P", "a.gif", {"transparency": 1})],
)  # fmt: skip
def test_nothing_is_white_in_a_picture_and_black_in_a_mask(tmp_path: Path, mode, name, options):
    clear(mode).save(tmp_path / name, **options)
    found = as_seen(tmp_path / name)
    assert found.image.getpixel((3, 3)) == ORANGE
    assert found.image.getpixel((12, 3)) == (255, 255, 255)
    assert found.notices == (f"{name} is transparent in parts, which count as white",)
    assert seen(tmp_path / name, ground=BLACK).getpixel((12, 3)) == (0, 0, 0)


def test_half_transparent_is_half_white(tmp_path: Path):
    Image.new("RGBA", (16, 16), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert seen(tmp_path / "a.png").getpixel((0, 0)) == (127, 127, 127)


def test_an_alpha_channel_that_hides_nothing_is_not_told(tmp_path: Path):
    corner().convert("RGBA").save(tmp_path / "a.png")
    assert as_seen(tmp_path / "a.png").notices == ()


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_sixteen_bits_are_rounded_and_not_cut(tmp_path: Path, name: str):
    levels = np.array([0, 128, 129, 257 * 100, 65535 - 129, 65535] * 11, dtype=np.uint16)
    Image.fromarray(np.tile(levels, (16, 1))).save(tmp_path / name)
    row = [seen(tmp_path / name).getpixel((x, 0))[0] for x in range(6)]
    assert row == [0, 0, 1, 100, 254, 255]


def test_avif_is_read(tmp_path: Path):
    corner().save(tmp_path / "a.avif", quality=95)
    assert np.allclose(seen(tmp_path / "a.avif").getpixel((3, 3)), ORANGE, atol=12)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "YCbCr"])
def test_other_modes_look_the_same(tmp_path: Path, mode: str):
    image = Image.new("RGB", (16, 16), "black")
    image.paste("white", (0, 0, 8, 16))
    image.convert(mode).save(tmp_path / ("a.tiff" if mode in ("CMYK", "YCbCr") else "a.png"))
    found = seen(next(tmp_path.glob("a.*")))
    assert (found.mode, found.getpixel((3, 3)), found.getpixel((12, 3))) == (
        "RGB", (255, 255, 255), (0, 0, 0)
    )  # fmt: skip


def test_a_cmyk_jpeg_is_not_a_negative(tmp_path: Path):
    """As image editors write it, inverted, and with a colour that tells which is which."""
    Image.new("RGB", (16, 16), ORANGE).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    assert np.allclose(seen(tmp_path / "a.jpg").getpixel((3, 3)), ORANGE, atol=6)


def test_colours_of_a_profile_come_to_srgb(tmp_path: Path):
    """With a profile in which red and green trade places, a red is green to see."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = corner()
    image.save(tmp_path / "same.png", icc_profile=srgb)
    assert np.allclose(seen(tmp_path / "same.png").getpixel((3, 3)), ORANGE, atol=1)
    red, green = srgb.index(b"rXYZ"), srgb.index(b"gXYZ")
    swapped = bytearray(srgb)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    image.save(tmp_path / "swapped.png", icc_profile=bytes(swapped))
    r, g, _ = seen(tmp_path / "swapped.png").getpixel((3, 3))
    assert g > r
    image.save(tmp_path / "broken.png", icc_profile=b"no profile")
    assert seen(tmp_path / "broken.png").getpixel((3, 3)) == ORANGE


def test_of_an_animation_the_first_frame_is_taken_and_that_is_told(tmp_path: Path):
    others = [Image.new("RGB", (24, 16), colour) for colour in ("red", "blue")]
    corner().save(tmp_path / "a.gif", save_all=True, append_images=others)
    found = as_seen(tmp_path / "a.gif")
    assert np.allclose(found.image.getpixel((3, 3)), ORANGE, atol=8)
    assert found.notices == ("a.gif has several frames; the first is taken",)


def png_of(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def bomb() -> bytes:
    """A PNG that says it has 60000x60000 pixels."""
    data = bytearray(png_of(corner()))
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"not a picture at all, only words", "no kind that sdgen reads"),
        (b"%PDF-1.7 and more", "no kind that sdgen reads"),
        (png_of(corner())[:-40], "cannot be read as a picture"),
        (png_of(corner())[:60], "cannot be read as a picture"),
        (png_of(Image.new("RGB", (7, 100))), "7x100 pixels are too few to draw from"),
        (bomb(), "has more pixels than are read"),
    ],
)
def test_what_is_no_picture_is_one_line(tmp_path: Path, data: bytes, reason: str):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match=reason) as refused:
        as_seen(tmp_path / "a.png")
    assert str(refused.value).startswith(f"{tmp_path / 'a.png'}: ")
    assert "\n" not in str(refused.value)


def test_fractions_have_no_white(tmp_path: Path):
    Image.new("F", (16, 16), 0.5).save(tmp_path / "a.tiff")
    with pytest.raises(InputError, match="fractions"):
        as_seen(tmp_path / "a.tiff")


def test_what_is_no_file_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="there is no such file"):
        as_seen(tmp_path / "gone.png")
    with pytest.raises(InputError, match="is a folder"):
        as_seen(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="not a regular file"):
        as_seen(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="cannot be read"):
        as_seen(Path("a\0b.png"))


def test_finding_nothing_loads_nothing():
    """What reads pictures loads with the first one, so that other commands start without it."""
    code = (
        "import sys, sdgen.models.resolve, sdgen.files.configs;"
        "print([name for name in ('numpy', 'PIL.Image', 'PIL.ImageCms') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
