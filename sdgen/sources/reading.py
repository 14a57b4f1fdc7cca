"""A picture file, of whatever kind and maker, as the pixels that a person sees.

What a viewer does is done: turned as EXIF says, first frame of several, colours of a profile
brought to sRGB, transparent parts on a ground, 16 bits rounded to 8, palettes and CMYK as RGB.
"""

import hashlib
import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from sdgen.errors import InputError

MAX_PIXELS = 89_478_485
"""Pillow's own border between a large picture and an attack (a quarter GiB of pixels)."""

MAX_FILE_BYTES = 2**28
MIN_SIDE = 8
"""Pixels; less is nothing to draw from."""

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture as seen, what else its file carries, and what people should know of it."""

    image: Image.Image
    file_sha256: str
    info: dict[str, Any]
    notices: tuple[str, ...]


def as_seen(path: Path, ground: tuple[int, int, int] = WHITE) -> Seen:
    """Read the picture at `path`, as RGB.

    Args:
        path: A regular file; links are followed.
        ground: Colour below transparent parts.

    Raises:
        InputError: There is no such file, it is none of `FORMATS`, damaged, too large or too small.
    """
    data = _bytes_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a bomb is an error below; odd EXIF does not matter
        try:
            opened = Image.open(io.BytesIO(data), formats=FORMATS)
            _check_size(opened.size)
            opened.load()
            frames = getattr(opened, "n_frames", 1)
            carried = {**opened.info, **getattr(opened, "text", {})}
            info = {str(key): value for key, value in carried.items()}
            turned = ImageOps.exif_transpose(opened)
            is_clear = turned.has_transparency_data
            image = _on_ground(_eight_bits(turned), ground) if is_clear else _as_rgb(turned, info)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except Image.DecompressionBombError:
            raise InputError(f"{path}: has more pixels than are read") from None
        except Exception as error:  # decoders of hostile bytes raise anything
            known = isinstance(error, UnidentifiedImageError)
            reason = "no kind that sdgen reads" if known else " ".join(str(error).split())
            raise InputError(f"{path}: cannot be read as a picture ({reason})") from error
    notices = [f"{path.name} has several frames; the first is taken"] if frames > 1 else []
    if is_clear and _has_clear_parts(turned):
        colour = "white" if ground == WHITE else "black"
        notices.append(f"{path.name} is transparent in parts, which count as {colour}")
    return Seen(image, hashlib.sha256(data).hexdigest(), info, tuple(notices))


def _bytes_of(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path}: is a folder, not a picture")
        if not stat.S_ISREG(mode):  # a pipe or a device could keep us waiting for ever
            raise InputError(f"{path}: is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read ({reason})") from error
    if not data:
        raise InputError(f"{path}: is empty")
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{path}: is larger than {MAX_FILE_BYTES // 2**20} MiB")
    return data


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise InputError(f"{width}x{height} pixels are more than are read")
    if min(size) < MIN_SIDE:
        raise InputError(f"{width}x{height} pixels are too few to draw from")


def _as_rgb(image: Image.Image, info: dict[str, Any]) -> Image.Image:
    """`image`, which is opaque, in sRGB."""
    eight = _eight_bits(image)
    profile = info.get("icc_profile")
    found = None
    if profile and eight.mode in ("RGB", "CMYK", "L"):
        found = in_srgb(eight, profile)
    return found or eight.convert("RGB")


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """`image` (RGB, CMYK or L), whose colours `profile` explains, in sRGB.

    None for a profile of another colour space, or one that is none at all.
    """
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _eight_bits(image: Image.Image) -> Image.Image:
    """`image` with 8 bits a channel; whole numbers of more bits are taken for 16."""
    if image.mode in _SIXTEEN_BITS:
        import numpy as np

        levels = np.asarray(image).astype(np.float64) / 257  # 65535 is 255
        return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        raise InputError("its levels are fractions, of which nobody knows the white")
    return image


def _on_ground(image: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    clear = image.convert("RGBA")
    below = Image.new("RGBA", clear.size, (*ground, 255))
    return Image.alpha_composite(below, clear).convert("RGB")


def _has_clear_parts(image: Image.Image) -> bool:
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return bool(lowest < 255)  # type: ignore[operator]
