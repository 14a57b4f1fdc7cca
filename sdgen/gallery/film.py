"""A film of the steps: strips, moving pictures, and maps of words laid over the picture."""

import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image

from sdgen.errors import InputError
from sdgen.gallery.grid import Heads, grid_measures, grid_sheet
from sdgen.gallery.sheet import Frame, Tile, contact_sheet, fitted

Motion = Literal["gif", "webp", "mp4"]

STEP_MS, LAST_MS = 140, 1800
"""How long a step is shown, and the finished picture."""

_HOT = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], float)
"""From nothing to most, through colours that are ever lighter, also for who does not tell red from
green."""


def chosen(count: int, most: int) -> list[int]:
    """At most `most` of `count` steps, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(at * (count - 1) / (most - 1)) for at in range(most)] if most > 1 else [count - 1]


def check_steps(count: int, size: tuple[int, int], shown: int) -> None:
    """Refuse a strip of `count` steps that no program would open, before they are drawn.

    Args:
        count: Steps on the strip.
        size: Width and height of the pictures.
        shown: Longest side on the strip.

    Raises:
        InputError: It would be too large.
    """
    grid_measures(_heads([f"step {at + 1}" for at in range(count)]), _shown(size, shown))


def check_words(count: int, size: tuple[int, int], shown: int) -> None:
    """The same for the picture and `count` words.

    Raises:
        InputError: The strip would be too large.
    """
    columns = _columns(count + 1)
    Frame(*_shown(size, shown)).size_of(columns, -(-(count + 1) // columns))


def _shown(size: tuple[int, int], most: int) -> tuple[int, int]:
    """What `fitted` makes of a picture of `size`, rounded down."""
    longest = max(size)
    most = min(most, longest)
    return max(1, size[0] * most // longest), max(1, size[1] * most // longest)


def _heads(steps: Sequence[str]) -> Heads:
    return Heads(list(steps), ["what it got", "what it saw in it"])


def _columns(tiles: int) -> int:
    return min(tiles, 6)


def step_strip(
    noises: Sequence[Image.Image], guesses: Sequence[Image.Image], steps: Sequence[str], size: int
) -> Image.Image:
    """Two rows: what the model got at each step, and what it saw in that."""
    shown = [fitted(image, size) for image in alike([*noises, *guesses])]
    return grid_sheet(_heads(steps), lambda at: Tile(shown[at]), shown[0].size)


def alike(images: Sequence[Image.Image]) -> list[Image.Image]:
    """All in the size of the largest: a second pass draws a larger picture than the first."""
    largest = max((image.size for image in images), key=lambda size: size[0] * size[1])
    return [
        image if image.size == largest else image.resize(largest, Image.Resampling.BICUBIC)
        for image in images
    ]


def overlaid(picture: Image.Image, heat: Image.Image) -> Image.Image:
    """`picture` in grey, with `heat` ("L") over it in colours, the more of them the hotter."""
    grown = heat.resize(picture.size, Image.Resampling.BICUBIC)
    share = np.asarray(grown, dtype=float)[..., None] / 255
    at = share * (len(_HOT) - 1)
    low = np.clip(at.astype(int), 0, len(_HOT) - 2)[..., 0]
    colours = _HOT[low] + (at - low[..., None]) * (_HOT[low + 1] - _HOT[low])
    grey = np.asarray(picture.convert("L").convert("RGB"), dtype=float) * 0.75
    mixed = grey * (1 - 0.8 * share) + colours * 0.8 * share
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def word_strip(
    picture: Image.Image, maps: Sequence[tuple[str, Image.Image]], size: int
) -> Image.Image:
    """The picture, and over it each word's map."""
    tiles = [Tile(fitted(picture, size), "the picture")]
    tiles += [Tile(fitted(overlaid(picture, heat), size), word) for word, heat in maps]
    return contact_sheet(tiles, size, columns=_columns(len(tiles)))


def moving(frames: Sequence[Image.Image], kind: Motion) -> bytes:
    """`frames` one after the other, the last one longer, without end.

    Raises:
        InputError: `kind` is mp4, and the library for it is not installed.
    """
    frames = alike(frames)
    if kind == "mp4":
        return _mp4(frames)
    file = io.BytesIO()
    times = [STEP_MS] * (len(frames) - 1) + [LAST_MS]
    options = {"quality": 82, "method": 4} if kind == "webp" else {"optimize": True}
    first, *others = frames
    first.save(
        file, kind.upper(), save_all=True, append_images=others, duration=times, loop=0, **options
    )
    return file.getvalue()


def without_pyav() -> InputError:
    """What to say where the library for MP4 is missing."""
    return InputError(
        "MP4 needs PyAV, which is not installed", hint="pip install 'sdgen[film]', or --as webp"
    )


def _mp4(frames: Sequence[Image.Image]) -> bytes:
    try:
        import av
    except ImportError:
        raise without_pyav() from None
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1000 // STEP_MS)
        stream.width, stream.height = (side - side % 2 for side in frames[0].size)
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "18"}
        for image in [*frames, *[frames[-1]] * (LAST_MS // STEP_MS)]:
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()
