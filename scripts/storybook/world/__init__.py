"""The world of the built-in model: random scenes, their pictures and their captions."""

from world.draw.effects import render, render_with_focus
from world.draw.layouts import render_svg
from world.sample import sample_scene
from world.say.captions import caption
from world.say.known import known_words
from world.scene import Scene, Thing, attributes, is_held_out
from world.vocabulary import VOCABULARY

__all__ = [
    "VOCABULARY",
    "Scene",
    "Thing",
    "attributes",
    "caption",
    "is_held_out",
    "known_words",
    "render",
    "render_svg",
    "render_with_focus",
    "sample_scene",
]
