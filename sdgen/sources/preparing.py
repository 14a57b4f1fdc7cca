"""What ControlNets look at: a picture brought to the drawn size, and made ready."""

from collections.abc import Callable, Mapping

from PIL import Image, ImageFilter, ImageOps

from sdgen.recipe.control import Guide, Prepare
from sdgen.recipe.settings import Settings
from sdgen.sources.canny import canny
from sdgen.sources.fitting import fitted
from sdgen.sources.store import pixels_named


def guiding_picture(guide: Guide, settings: Settings) -> Image.Image:
    """What the ControlNet of `guide` sees: RGB, in the size of `settings`.

    It is brought to size first, so that edges are as fine as what is drawn, in a second pass too.

    Raises:
        InputError: The picture was changed or taken away since it was found.
    """
    image = pixels_named(guide.picture)
    return prepared(
        fitted(image, (settings.width, settings.height), settings.control_fit), guide.prepare
    )


def prepared(image: Image.Image, way: Prepare) -> Image.Image:
    """`image`, RGB, made ready in this way."""
    return _WAYS[way.name](image, *way.numbers)


def _as_it_is(image: Image.Image) -> Image.Image:
    return image


def _grey(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def _blurred(image: Image.Image, radius: int) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


_WAYS: Mapping[str, Callable[..., Image.Image]] = {
    "none": _as_it_is, "canny": canny, "invert": ImageOps.invert, "grey": _grey, "blur": _blurred
}  # fmt: skip
