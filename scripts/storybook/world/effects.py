"""What SVG cannot do cheaply: the paper and inks of each style, in numpy, in a few milliseconds."""

import io

import resvg_py
from PIL import Image

from world.compose import render_svg
from world.scene import Scene


def render(scene: Scene, seed: int) -> Image.Image:
    """The finished picture, RGB."""
    png = resvg_py.svg_to_bytes(svg_string=render_svg(scene, seed), skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")
