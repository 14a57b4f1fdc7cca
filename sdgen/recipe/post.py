"""What is done to a picture after it was drawn, as a setting: `NAME=AMOUNT`, in the order said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sdgen.recipe.amounts import Amount, parse_amount

MOST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Treatment(Amount):
    """A way of changing a picture; `nothing` is the amount that does nothing, if there is one."""

    nothing: float | None = 1.0


TREATMENTS: Mapping[str, Treatment] = MappingProxyType(
    {
        "brightness": Treatment(0, 4, "so many times as bright; 0 is black"),
        "contrast": Treatment(
            0, 4, "so many times as far from the picture's mean grey; 0 is all grey"
        ),
        "saturation": Treatment(0, 4, "so many times as colourful; 0 is black and white"),
        "gamma": Treatment(0.2, 5, "above 1 the middle tones get lighter, below it darker"),
        "warmth": Treatment(
            -1,
            1,
            "above 0 up to a quarter more red and less blue, below it the other way",
            nothing=0,
        ),
        "sharpen": Treatment(0, 5, "an unsharp mask of 2 pixels, of this strength", nothing=0),
        "denoise": Treatment(0, 1, "the share of a median of 3x3 pixels in the outcome", nothing=0),
        "enlarge": Treatment(1, 4, "so many times as wide and high, by Lanczos (`sdgen upscale`)"),
        "esrgan": Treatment(
            1,
            8,
            "the same by the network that `upscaler` names ([upscaling.md](upscaling.md))",
            nothing=None,
        ),
    }
)
"""All that can be done, by name."""


ENLARGING = ("enlarge", "esrgan")
"""Those after which a picture has another size."""


@dataclass(frozen=True, slots=True)
class PostStep:
    """One treatment, and how much of it."""

    name: str
    amount: float

    def __str__(self) -> str:
        return f"{self.name}={self.amount:g}"


def parse_post(text: str) -> PostStep:
    """Read `contrast=1.1`.

    Raises:
        ValueError: No such treatment, or no amount in its bounds; the message goes on after the
            setting's name.
    """
    return PostStep(*parse_amount(text, TREATMENTS))


def enlarged_size(size: tuple[int, int], post: Sequence[str]) -> tuple[int, int]:
    """Width and height of a picture of `size` after the steps of `post`."""
    for step in map(parse_post, post):
        if step.name in ENLARGING:
            size = (round(size[0] * step.amount), round(size[1] * step.amount))
    return size


def read_post(value: Any) -> tuple[str, ...]:
    """The setting in its one form, from text with commas, a list, or a mapping.

    Raises:
        ValueError: It is none of them, too long, or a step cannot be read.
    """
    if isinstance(value, Mapping):
        value = [f"{name}={amount}" for name, amount in value.items()]
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list | tuple):
        raise ValueError("must be steps such as contrast=1.1")
    steps = [step for one in said for step in _steps(one)]
    if len(steps) > MOST_STEPS:
        raise ValueError(f"has {len(steps)} steps; at most {MOST_STEPS}")
    return tuple(map(str, steps))


def _steps(one: Any) -> list[PostStep]:
    """A step as text, or as YAML writes it in a list: `- contrast: 1.1`."""
    if isinstance(one, Mapping):
        return [parse_post(f"{name}={amount}") for name, amount in one.items()]
    if not isinstance(one, str):
        raise ValueError("must be steps such as contrast=1.1")
    return [parse_post(one)] if one.strip() else []
