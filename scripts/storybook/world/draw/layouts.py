"""The whole picture as SVG: scenes and the kinds that are not scenes."""

import random
from collections.abc import Callable

from world.draw.compose import draw_scene
from world.draw.motifs import motif
from world.draw.patterns import pattern
from world.draw.pen import Box, Pen
from world.draw.posters import poster
from world.scene import Scene

DRAWN: dict[str, Callable[[Pen, Scene], None]] = {
    "poster": poster,
    "motif": motif,
    "pattern": pattern,
}


def render_svg(scene: Scene, seed: int) -> str:
    """The scene as SVG text: the same for the same scene and seed, on every machine."""
    return compose(scene, seed)[0]


def compose(scene: Scene, seed: int) -> tuple[str, list[Box]]:
    """The SVG text, and boxes around the figures and objects in it, which may reach outside."""
    pen = Pen(scene.width, scene.height, random.Random(seed), ink=scene.style == "ink")
    DRAWN.get(scene.kind, draw_scene)(pen, scene)
    return pen.svg(), pen.focus
