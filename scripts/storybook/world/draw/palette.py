"""Colours: the named ones, and how light changes them."""

import colorsys
import random
from functools import lru_cache

Rgb = tuple[float, float, float]

NAMED: dict[str, tuple[str, ...]] = {
    "red": ("#d9302c", "#e23b3b", "#c92a30"),
    "orange": ("#f0832a", "#ee7a1f", "#f5923a"),
    "yellow": ("#f7cf3c", "#f9d84a", "#f2c52e"),
    "green": ("#3f9e4d", "#4caf50", "#2f8f46"),
    "blue": ("#2f6fd0", "#3a7be0", "#2b62bd"),
    "purple": ("#8547b5", "#7b3fae", "#9453c4"),
    "pink": ("#f08fb4", "#f49ac0", "#ee80ab"),
    "brown": ("#8a5a36", "#7d4f2d", "#96633c"),
    "black": ("#2b2a30", "#25262c", "#323038"),
    "white": ("#f8f6f1", "#fbfaf7", "#f5f3ee"),
    "grey": ("#8f959c", "#9aa0a6", "#858b93"),
}
COLOURS = tuple(NAMED)
SKINS = ("#ffdcc2", "#f9cfae", "#efbd97", "#d99b6c", "#b57a4c", "#8c5a38")
HAIR = {
    "black": "#2a2428",
    "brown": "#6b4226",
    "blond": "#f0c95a",
    "red": "#c8542a",
    "grey": "#a9abb0",
    "white": "#efefec",
}


@lru_cache(maxsize=65536)
def rgb(colour: str) -> Rgb:
    """Channels 0…255 of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hexed(channels: Rgb) -> str:
    """``#rrggbb`` of channels, clipped to 0…255."""
    red, green, blue = (min(255, max(0, round(value))) for value in channels)
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=65536)
def mix(first: str, second: str, share: float) -> str:
    """``first`` moved towards ``second`` by ``share`` (0…1)."""
    pairs = zip(rgb(first), rgb(second), strict=True)
    red, green, blue = (a + (b - a) * share for a, b in pairs)
    return hexed((red, green, blue))


@lru_cache(maxsize=65536)
def multiply(first: str, second: str) -> str:
    """``first`` seen under a light of colour ``second``."""
    pairs = zip(rgb(first), rgb(second), strict=True)
    red, green, blue = (a * b / 255 for a, b in pairs)
    return hexed((red, green, blue))


def darker(colour: str, share: float = 0.2) -> str:
    """A shade of the colour: darker and a little bluer."""
    return mix(colour, "#20183a", share)


def lighter(colour: str, share: float = 0.25) -> str:
    """A tint of the colour."""
    return mix(colour, "#fff8ea", share)


def jitter(rng: random.Random, colour: str, amount: float = 0.04) -> str:
    """The colour with hue, saturation and lightness moved a little, never to another name."""
    hue, light, saturation = colorsys.rgb_to_hls(*(value / 255 for value in rgb(colour)))
    hue = (hue + rng.uniform(-amount, amount) * 0.35) % 1
    light = min(1, max(0, light + rng.uniform(-amount, amount)))
    saturation = min(1, max(0, saturation * (1 + rng.uniform(-amount, amount) * 2)))
    red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return hexed((red * 255, green * 255, blue * 255))


def named(rng: random.Random, colour: str) -> str:
    """One of the shades that people call by this name."""
    return jitter(rng, rng.choice(NAMED[colour]), 0.02)
