"""What SVG cannot do cheaply: the paper and inks of each style, in a few milliseconds of numpy."""

import io
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image, ImageFilter

from world.draw.layouts import compose
from world.draw.pen import Box
from world.scene import Scene

Field = npt.NDArray[np.floating[Any]]
_LUMA = np.array([0.3, 0.59, 0.11], dtype=np.float32)
_FIELD = 1024


def render(scene: Scene, seed: int) -> Image.Image:
    """The finished picture, RGB, ``scene.width`` by ``scene.height``."""
    return render_with_focus(scene, seed)[0]


def render_with_focus(scene: Scene, seed: int) -> tuple[Image.Image, list[Box]]:
    """The finished picture, and boxes around the figures and objects in it."""
    svg, boxes = compose(scene, seed)
    png: Any = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    effect = EFFECTS.get(scene.style)
    if effect is not None:
        image = effect(image, random.Random(seed + 1), scene.kind != "pattern")
    return image, boxes


@lru_cache(maxsize=8)
def _noise(cells_x: int, cells_y: int, seed: int) -> Field:
    """A smooth field of 1024 by 1024 in -1…1 with so many cells each way."""
    grid = np.random.default_rng(seed).uniform(-1, 1, (cells_y, cells_x)).astype(np.float32)
    big = Image.fromarray(grid).resize((_FIELD, _FIELD), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(big, dtype=np.float32), -1, 1)


def _patch(field: Field, size: tuple[int, int], rng: random.Random) -> Field:
    """A random window of a field, (height, width)."""
    width, height = size
    x, y = rng.randrange(_FIELD - width), rng.randrange(_FIELD - height)
    return field[y : y + height, x : x + width]


def _pixels(image: Image.Image) -> Field:
    return np.asarray(image, dtype=np.float32) / 255


def _image(pixels: Field) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def _wobble(image: Image.Image, rng: random.Random, amount: float) -> Image.Image:
    """The picture on a mesh whose knots are moved a little, as a hand would waver."""
    step = 32
    w, h = image.size
    across, down = w // step, h // step

    def knot(i: int, j: int) -> tuple[float, float]:
        inside = 0 < i < across and 0 < j < down
        move = amount if inside else 0.0
        return i * step + rng.uniform(-move, move), j * step + rng.uniform(-move, move)

    knots = [[knot(i, j) for i in range(across + 1)] for j in range(down + 1)]
    mesh = []
    for j in range(down):
        for i in range(across):
            corners = (knots[j][i], knots[j + 1][i], knots[j + 1][i + 1], knots[j][i + 1])
            box = (i * step, j * step, (i + 1) * step, (j + 1) * step)
            mesh.append((box, tuple(value for corner in corners for value in corner)))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _border(size: tuple[int, int], rng: random.Random, width: float, soft: float) -> Field:
    """1 inside, 0 at the edge of the sheet; the edge is uneven."""
    w, h = size
    x = np.minimum(np.arange(w), np.arange(w)[::-1]).astype(np.float32)
    y = np.minimum(np.arange(h), np.arange(h)[::-1]).astype(np.float32)
    away = np.minimum(x[None, :], y[:, None])
    away = away + _patch(_noise(48, 48, 3), size, rng) * width * 0.8
    inside: Field = np.clip((away - width * 0.35) / soft, 0, 1)[..., None]
    return inside


def watercolour(image: Image.Image, rng: random.Random, framed: bool) -> Image.Image:
    """Pigment in clouds, darker where a wash ends, an uneven white edge of paper."""
    image = _wobble(image, rng, 3.0) if framed else image
    pixels = _pixels(image)
    soft = _pixels(image.filter(ImageFilter.BoxBlur(4)))
    edge = np.abs(pixels - soft) @ _LUMA
    wash = _patch(_noise(26, 26, 1), image.size, rng) + 0.5 * _patch(
        _noise(70, 70, 2), image.size, rng
    )
    paper = np.array([1.0, 0.99, 0.96], dtype=np.float32)
    thin = np.clip(0.2 + 0.13 * wash, 0, 1)[..., None]
    pixels = pixels + (paper - pixels) * thin
    pixels *= 1 - np.clip(edge * 1.1, 0, 0.32)[..., None]
    if framed:
        pixels = paper + (pixels - paper) * _border(image.size, rng, 8, 6)
    return _image(pixels)


def ink(image: Image.Image, rng: random.Random, framed: bool) -> Image.Image:
    """Pale washes under the dark lines that the pen has drawn, on warm paper."""
    pixels = _pixels(image)
    light = pixels @ _LUMA
    keep = (0.64 + 0.34 * np.clip((0.3 - light) / 0.14, 0, 1))[..., None]
    paper = np.array([0.985, 0.965, 0.92], dtype=np.float32)
    grey = light[..., None]
    faded = grey + (pixels - grey) * 0.95
    return _image(paper * (1 - keep) + faded * keep * np.array([1.0, 0.98, 0.96], dtype=np.float32))


def pastel(image: Image.Image, rng: random.Random, framed: bool) -> Image.Image:
    """Chalk: light, soft-edged, with broad slanted strokes."""
    pixels = _pixels(image.filter(ImageFilter.BoxBlur(0.5)))
    strokes = _patch(_noise(64, 40, 4), image.size, rng)
    grain = _patch(_noise(60, 60, 5), image.size, rng)
    light = (pixels @ _LUMA)[..., None]
    pixels = light + (pixels - light) * 0.82
    pixels = pixels * 0.71 + 0.29 * np.array([1.0, 0.965, 0.95], dtype=np.float32)
    return _image(pixels + (0.014 * strokes + 0.012 * grain)[..., None])


def _stretched(pixels: Field) -> Field:
    """Darkest and lightest tones moved towards the ends: faint pictures print badly."""
    light = (pixels[::6, ::6] @ _LUMA).ravel()
    low, high = np.sort(light)[[len(light) // 40, -len(light) // 40]]
    low, high = low * 0.8, high + (1 - high) * 0.35
    wide: Field = np.clip((pixels - low) / max(high - low, 0.25), 0, 1) ** 0.9
    return wide


def retro(image: Image.Image, rng: random.Random, framed: bool) -> Image.Image:
    """A few faded inks on cream, a plate a little out of register, a frame of bare paper."""
    pixels = _stretched(_pixels(image))
    light = (pixels @ _LUMA)[..., None]
    steps = np.round(light * 5.5) / 5.5
    level = light + (steps - light) * 0.75
    pixels = level + (pixels - light) * 0.85
    dx, dy = rng.choice((-2, 2)), rng.choice((-1, 1))
    pixels[..., 0] = np.roll(pixels[..., 0], (dy, dx), (0, 1))
    dark = np.array([0.16, 0.1, 0.17], dtype=np.float32)
    cream = np.array([0.97, 0.9, 0.75], dtype=np.float32)
    pixels = dark + np.clip(pixels, 0, 1) * (cream - dark)
    if framed:
        frame = max(7, min(image.size) // 28)
        pixels[:frame] = pixels[-frame:] = cream
        pixels[:, :frame] = pixels[:, -frame:] = cream
    return _image(pixels)


EFFECTS: dict[str, Callable[[Image.Image, random.Random, bool], Image.Image]] = {
    "watercolour": watercolour,
    "ink": ink,
    "pastel": pastel,
    "retro": retro,
}
