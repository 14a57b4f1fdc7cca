"""Edges of a picture, as ControlNets for edges were trained on: Canny's, as OpenCV computes them.

Source: Canny 1986, A Computational Approach to Edge Detection. What it leaves open is as in OpenCV
(aperture 3, gradients by sums of magnitudes, no smoothing before), so that thresholds mean what
people know: gradients by Sobel, of the channel where they are largest; the directions of edges in
four sectors; edges are followed over corners too.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Whole = NDArray[np.int32]
_Mask = NDArray[np.bool_]

_TAN_22 = 13573
"""The tangent of 22.5 degrees in 2**15 parts."""


def canny(image: Image.Image, low: int, high: int) -> Image.Image:
    """White edges on black, one pixel wide, of the size of `image`.

    Args:
        image: RGB.
        low: What the gradient of an edge exceeds all along, 0 to 2040.
        high: What it exceeds somewhere.

    Returns:
        RGB, of 0 and 255 only.
    """
    across, down = _gradients(np.asarray(image.convert("RGB")).astype(np.int32))
    size = np.abs(across) + np.abs(down)
    thin = _is_crest(across, down, size) & (size > low)
    edges = _connected(thin, thin & (size > high))
    return Image.fromarray(edges.astype(np.uint8) * 255).convert("RGB")


def _gradients(levels: _Whole) -> tuple[_Whole, _Whole]:
    """Sobel's sums to the right and down, each (height, width), of the channel with the largest."""
    wide = np.pad(levels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    beside = wide[:, 2:] - wide[:, :-2]
    across = beside[:-2] + 2 * beside[1:-1] + beside[2:]
    below = wide[2:] - wide[:-2]
    down = below[:, :-2] + 2 * below[:, 1:-1] + below[:, 2:]
    largest = (np.abs(across) + np.abs(down)).argmax(axis=2)[..., None]
    return (
        np.take_along_axis(across, largest, axis=2)[..., 0],
        np.take_along_axis(down, largest, axis=2)[..., 0],
    )


def _is_crest(across: _Whole, down: _Whole, size: _Whole) -> _Mask:
    """Where the gradient is larger than on either side of the edge; outside there is none."""
    wide = np.pad(size, 1)
    height, width = size.shape

    def beside(rows: int, columns: int) -> _Whole:
        return wide[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    x, y = np.abs(across).astype(np.int64), np.abs(down).astype(np.int64) << 15
    is_flat, is_steep = y < x * _TAN_22, y > x * (_TAN_22 + (1 << 16))
    is_falling = (across < 0) != (down < 0)
    upper = np.where(is_falling, beside(-1, 1), beside(-1, -1))
    lower = np.where(is_falling, beside(1, -1), beside(1, 1))
    horizontal = (size > beside(0, -1)) & (size >= beside(0, 1))
    vertical = (size > beside(-1, 0)) & (size >= beside(1, 0))
    diagonal = (size > upper) & (size > lower)
    found: _Mask = np.where(is_flat, horizontal, np.where(is_steep, vertical, diagonal))
    return found


def _connected(thin: _Mask, certain: _Mask) -> _Mask:
    """The connected parts of `thin` that hold a pixel of `certain`; corners connect."""
    from scipy import ndimage  # loads slowly, and is asked for here alone

    parts, count = ndimage.label(thin, structure=np.ones((3, 3), int))
    kept = np.zeros(count + 1, bool)
    kept[parts[certain]] = True
    kept[0] = False
    found: _Mask = kept[parts]
    return found
