"""How far two pictures are apart, pixel by pixel."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageStat

from sdgen.files.encoding import LOSSY, seen_as
from sdgen.files.formats import can_write

LOSSY_TOLERANCE = 16
"""Levels by which another library may show the same file, or write the same picture."""


@dataclass(frozen=True, slots=True)
class PixelDifference:
    """How far two pictures of one size are apart.

    `largest` is in levels, 0 to 255; `pixels` counts those where any of the three colours differs.
    """

    largest: int
    pixels: int
    total: int

    @property
    def share(self) -> float:
        """The part of all pixels that differ, 0 to 1."""
        return self.pixels / self.total

    def __str__(self) -> str:
        if not self.pixels:
            return "identical"
        share = f"{self.share:.1%}" if self.share >= 0.001 else f"{self.share:.1e}"
        return (
            f"{self.pixels} of {self.total} pixels differ ({share}), "
            f"by at most {self.largest} of 255 levels"
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures look that need not have one pixel in common.

    `mean` is the mean distance of their colours in levels, 0 to 255; `correlation` is that of their
    brightness, -1 to 1: 1 where light and dark lie in the same places, about 0 where they do not,
    None where one of the two is of one brightness all over.
    """

    mean: float
    correlation: float | None

    def __str__(self) -> str:
        told = f"{self.mean:.1f} of 255 levels apart on average"
        return told if self.correlation is None else f"{told}, correlation {self.correlation:.2f}"


def likeness(a: Image.Image, b: Image.Image) -> Likeness:
    """Compare two pictures of any sizes; the second is brought to the size of the first."""
    import numpy as np  # here, since most that compare pixels need none of it

    first, second = (image.convert("RGB") for image in (a, b))
    if first.size != second.size:
        second = second.resize(first.size, Image.Resampling.BICUBIC)
    mean = sum(ImageStat.Stat(ImageChops.difference(first, second)).mean) / 3
    x, y = (np.asarray(image.convert("L"), dtype=np.float64).ravel() for image in (first, second))
    if x.std() == 0 or y.std() == 0:
        return Likeness(mean, None)
    covariance = float(np.mean((x - x.mean()) * (y - y.mean())))
    return Likeness(mean, covariance / float(x.std() * y.std()))


def compare_pixels(a: Image.Image, b: Image.Image) -> PixelDifference:
    """Compare two pictures as RGB.

    Raises:
        ValueError: They have different sizes.
    """
    if a.size != b.size:
        raise ValueError(f"{a.width}x{a.height} and {b.width}x{b.height} cannot be compared")
    apart = ImageChops.difference(a.convert("RGB"), b.convert("RGB"))
    red, green, blue = apart.split()
    histogram = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()
    largest = max(level for level, count in enumerate(histogram) if count)
    return PixelDifference(largest, sum(histogram[1:]), a.width * a.height)


def unlike_lossy(shown: Image.Image, drawn: Image.Image, quality: int | None = None) -> str:
    """How what a lossy file shows differs from such a file of `drawn`; empty where it is one.

    `quality` is that of the file, if it is not the usual one.
    """
    if shown.size != drawn.size:
        return "it has another size"
    told = ""
    for format in filter(can_write, LOSSY if quality is None else (*LOSSY, "webp")):
        distance = compare_pixels(shown, seen_as(format, drawn, quality))
        if distance.largest <= LOSSY_TOLERANCE:
            return ""
        told = told or str(distance)
    return told
