"""How alike two pictures are: numbers that can be told by looking."""

import pytest
from PIL import Image, ImageOps

from sdgen.files.compare import likeness, unlike_lossy
from sdgen.files.encoding import seen_as
from tests.metadata.records import fox_image


def test_a_picture_is_like_itself_in_any_size():
    image = fox_image(64, 64)
    assert (likeness(image, image).mean, likeness(image, image).correlation) == (
        0,
        pytest.approx(1),
    )
    smaller = image.resize((32, 32))
    assert likeness(image, smaller).correlation > 0.95


def test_light_and_dark_the_other_way_round_is_told():
    image = Image.linear_gradient("L").convert("RGB")
    turned = likeness(image, ImageOps.invert(image))
    assert turned.correlation == pytest.approx(-1)
    assert 100 < turned.mean < 155


def test_one_colour_has_nothing_to_correlate():
    found = likeness(Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "black"))
    assert (found.mean, found.correlation) == (255 / 3, None)
    assert str(found) == "85.0 of 255 levels apart on average"


@pytest.mark.parametrize(("format", "quality"), [("jpeg", None), ("avif", None), ("webp", 40)])
def test_what_a_lossy_file_shows_is_known_again(format, quality):
    image = fox_image(64, 64)
    assert unlike_lossy(seen_as(format, image, quality), image, quality) == ""
    assert "pixels differ" in unlike_lossy(ImageOps.mirror(image), image, quality)
    assert unlike_lossy(image.resize((8, 8)), image) == "it has another size"
