"""What is done to a picture after it was drawn: colour, contrast, sharpness, noise, by Pillow."""

from collections.abc import Callable, Mapping, Sequence

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from sdgen.recipe.post import TREATMENTS, enlarged_size, parse_post

SHARPENED_RADIUS = 2
"""Pixels: how far around itself a pixel is sharpened against."""


Enlarge = Callable[[Image.Image, tuple[int, int]], Image.Image]
"""Gives a picture in a larger size, by a network."""


def processed(
    image: Image.Image, steps: Sequence[str], enlarge: Enlarge | None = None
) -> Image.Image:
    """`image` (RGB) after `steps` in their order; itself where there are none.

    `enlarge` does what Pillow does not: the step esrgan, which cannot do without it.
    """
    for step in map(parse_post, steps):
        if step.name == "esrgan":
            assert enlarge is not None
            image = enlarge(image, enlarged_size(image.size, [str(step)]))
        elif step.amount != TREATMENTS[step.name].nothing:
            image = _DOING[step.name](image, step.amount)
    return image


def _gamma(image: Image.Image, gamma: float) -> Image.Image:
    """Level → 255 * (level / 255) ^ (1 / gamma), the same for each colour."""
    table = [round(255 * (level / 255) ** (1 / gamma)) for level in range(256)]
    return image.point(table * 3)


def _warmed(image: Image.Image, warmth: float) -> Image.Image:
    """Red by up to a quarter more and blue by as much less, or the other way round."""
    factors = (1 + warmth / 4, 1.0, 1 - warmth / 4)
    table = [min(255, round(level * factor)) for factor in factors for level in range(256)]
    return image.point(table)


def _sharpened(image: Image.Image, strength: float) -> Image.Image:
    mask = ImageFilter.UnsharpMask(SHARPENED_RADIUS, percent=round(100 * strength), threshold=0)
    return image.filter(mask)


def _denoised(image: Image.Image, share: float) -> Image.Image:
    return ImageChops.blend(image, image.filter(ImageFilter.MedianFilter(3)), share)


def _enlarged(image: Image.Image, scale: float) -> Image.Image:
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)


_DOING: Mapping[str, Callable[[Image.Image, float], Image.Image]] = {
    "brightness": lambda image, amount: ImageEnhance.Brightness(image).enhance(amount),
    "contrast": lambda image, amount: ImageEnhance.Contrast(image).enhance(amount),
    "saturation": lambda image, amount: ImageEnhance.Color(image).enhance(amount),
    "gamma": _gamma,
    "warmth": _warmed,
    "sharpen": _sharpened,
    "denoise": _denoised,
    "enlarge": _enlarged,
}
