"""Pictures and masks brought to the size that is drawn, and extended beyond their edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from sdgen.recipe.outpaint import Margins, margins_of
from sdgen.recipe.settings import Settings
from sdgen.recipe.sizes import Size
from sdgen.sources.store import pixels_named

WHITE_FROM = 128
"""Levels of a mask from here on are white: repainted."""

Grid = NDArray[np.float32]

_LANCZOS = Image.Resampling.LANCZOS


@dataclass(frozen=True, slots=True)
class Given:
    """A picture of the size that is drawn, and what of it is repainted: white, 0 or 255; or all."""

    image: Image.Image
    mask: Image.Image | None


def given(settings: Settings) -> Given | None:
    """What `settings` draw from; None where they draw from noise alone.

    Raises:
        InputError: A picture was changed or taken away since it was found.
    """
    if settings.image is None:
        return None
    margins = margins_of(settings.extend)
    size = (settings.width, settings.height)
    inner = (size[0] - margins.left - margins.right, size[1] - margins.top - margins.bottom)
    image = extended(fitted(pixels_named(settings.image), inner, settings.fit), margins)
    if settings.mask is None and settings.extend is None:
        return Given(image, None)
    mask = Image.new("L", inner, 0)
    if settings.mask is not None:
        seen = pixels_named(settings.mask).convert("L")
        mask = fitted(seen, inner, settings.fit).point(lambda level: 255 * (level >= WHITE_FROM))
    return Given(image, ImageOps.expand(mask, tuple(vars_of(margins)), fill=255))


def vars_of(margins: Margins) -> Size | tuple[int, ...]:
    """Left, top, right, bottom: the order of Pillow."""
    return margins.left, margins.top, margins.right, margins.bottom


def fitted(image: Image.Image, size: Size, fit: str | None) -> Image.Image:
    """`image` in `size`: cut at two edges, with edges added, or stretched; always by Lanczos.

    Args:
        image: RGB, or L for a mask.
        size: Width and height in pixels.
        fit: None for a picture that has the size.
    """
    return image if image.size == size else _FITS[fit or "stretch"](image, size)


def _cropped(image: Image.Image, size: Size) -> Image.Image:
    return ImageOps.fit(image, size, _LANCZOS)


def _padded(image: Image.Image, size: Size) -> Image.Image:
    """The whole picture, in the middle; what is left at two edges is filled as margins are."""
    inner = ImageOps.contain(image, size, _LANCZOS)
    left, top = (size[0] - inner.width) // 2, (size[1] - inner.height) // 2
    margins = Margins(left, top, size[0] - inner.width - left, size[1] - inner.height - top)
    return extended(inner, margins)


def _stretched(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, _LANCZOS)


_FITS: Mapping[str, Callable[[Image.Image, Size], Image.Image]] = {
    "crop": _cropped, "pad": _padded, "stretch": _stretched
}  # fmt: skip


def extended(image: Image.Image, margins: Margins) -> Image.Image:
    """`image` with margins in the colours of its edges, the further out the more blurred."""
    left, top, right, bottom = vars_of(margins)
    widest = max(left, top, right, bottom)
    if not widest:
        return image
    width = ((top, bottom), (left, right), (0, 0))[: np.asarray(image).ndim]
    canvas = Image.fromarray(np.pad(np.asarray(image), width, mode="edge"))
    canvas = canvas.filter(ImageFilter.GaussianBlur(widest / 8))
    canvas.paste(image, (left, top))
    return canvas


def repainted(settings: Settings, drawn: Image.Image) -> Image.Image:
    """`drawn`, with the very pixels of its picture wherever the mask is not white.

    Inside the white, the picture fades into the drawing over `mask_blur` pixels, so that there is
    no seam and no pixel outside is touched.
    """
    is_masked = settings.mask is not None or settings.extend is not None
    picture = given(settings) if is_masked else None
    if picture is None or picture.mask is None:
        return drawn
    share = faded(picture.mask, settings.mask_blur or 0)
    return Image.composite(drawn, picture.image, share)


def faded(mask: Image.Image, blur: int) -> Image.Image:
    """`mask`, whose white rises from 0 at its edge to 255 within about two times `blur` pixels."""
    if not blur:
        return mask
    soft = mask.filter(ImageFilter.GaussianBlur(blur))
    inner = soft.point(lambda level: max(0, min(255, 2 * level - 255)))
    return Image.composite(inner, Image.new("L", mask.size, 0), mask)


def in_latents(mask: Image.Image, factor: int) -> Grid:
    """`mask` on the grid of latents: 1 where any pixel of a latent's square is white, else 0.

    Args:
        mask: Width and height are multiples of `factor`.
        factor: Pixels of a latent, in each direction.

    Returns:
        Shape (height, width) in latents, float32.
    """
    levels = np.asarray(mask)
    height, width = levels.shape[0] // factor, levels.shape[1] // factor
    squares = levels.reshape(height, factor, width, factor)
    whites: Grid = (squares.max(axis=(1, 3)) >= WHITE_FROM).astype(np.float32)
    return whites
