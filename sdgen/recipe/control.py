"""ControlNets as settings: networks that a picture steers, and how the picture is made ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sdgen.errors import did_you_mean
from sdgen.recipe.loras import MOST_SCALE, is_scale

if TYPE_CHECKING:
    from sdgen.recipe.settings import Settings

MOST = 8
"""ControlNets of one picture."""


@dataclass(frozen=True, slots=True)
class ControlEntry:
    """A ControlNet that a picture is drawn with.

    `source` is a file, a folder or a name; `scale` weighs what it adds; it acts in the steps from
    the share `start` to the share `end` of all.
    """

    source: str
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0

    def __str__(self) -> str:
        """As the setting has it: `edges:0.8`, or `edges:0.8:0:0.5` if it acts in a part of them."""
        part = "" if (self.start, self.end) == (0, 1) else f":{self.start:g}:{self.end:g}"
        return f"{self.source}:{self.scale:g}{part}"


@dataclass(frozen=True, slots=True)
class Way:
    """How a picture may be made ready: the usual numbers behind the name, their most, the use."""

    usual: tuple[int, ...]
    most: int
    meaning: str


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "none": Way((), 0, "as it is: edges, depths, poses that were made before"),
        "canny": Way((100, 200), 2040, "its edges, white on black, by Canny with two thresholds"),
        "invert": Way((), 0, "its negative: black lines on white become white ones on black"),
        "grey": Way((), 0, "without its colours"),
        "blur": Way((4,), 64, "without its details: a Gaussian blur of so many pixels"),
    }
)
"""All that needs no other network, by name."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """A way of making a picture ready, with its numbers."""

    name: str
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        """As the setting has it: `canny:100:200`."""
        return ":".join([self.name, *map(str, self.numbers)])


@dataclass(frozen=True, slots=True)
class Guide:
    """A ControlNet with its picture, by its content, and how that is made ready."""

    entry: ControlEntry
    picture: str
    prepare: Prepare


def guides_of(settings: "Settings") -> tuple[Guide, ...]:
    """What `settings` are steered by, in the order said."""
    entries = [parse_control(text) for text in settings.controlnet]
    pictures = one_each(settings.control_image, len(entries))
    ways = one_each(settings.control_prepare or ("none",), len(entries))
    return tuple(
        Guide(entry, picture, parse_prepare(way))
        for entry, picture, way in zip(entries, pictures, ways, strict=True)
    )


def one_each(said: Sequence[str], count: int) -> Sequence[str]:
    """`said` for so many: one for all, or one for each.

    Raises:
        ValueError: It is neither; the message goes on after the setting's name.
    """
    if len(said) not in (1, count):
        raise ValueError(
            f"has {len(said)}, and there are {count}: say one for all, or one for each"
        )
    return said if len(said) == count else [said[0]] * count


def fault_of(settings: "Settings") -> tuple[str, str] | None:
    """Which setting has another number than there are ControlNets, and what is wrong; or None."""
    for name in ("control_image", "control_prepare") if settings.controlnet else ():
        try:
            one_each(getattr(settings, name) or ("",), len(settings.controlnet))
        except ValueError as error:
            return name, f"{error} ControlNet"
    return None


def parse_control(text: str) -> ControlEntry:
    """Read `FILE`, `NAME:0.8`, or `NAME:0.8:0:0.5`.

    Raises:
        ValueError: No name, two numbers, a scale that is not from -10 to 10, or no part of the
            steps; the message goes on after the setting's name.
    """
    source, numbers = split_numbers(text, 3)
    if not source:
        raise ValueError(f"has no name of a ControlNet: {text!r}")
    if len(numbers) == 2:
        raise ValueError(f"needs NAME:SCALE, or NAME:SCALE:START:END, not {text!r}")
    entry = ControlEntry(source, *numbers)
    if abs(entry.scale) > MOST_SCALE:
        raise ValueError(f"has a scale that is no number from -10 to 10: {text!r}")
    if not 0 <= entry.start < entry.end <= 1:
        raise ValueError(f"must start and end within 0 to 1, the start first: {text!r}")
    return entry


def split_numbers(text: str, most: int) -> tuple[str, list[float]]:
    """`text` without the numbers behind its last colons, at most so many, and these numbers.

    Raises:
        ValueError: A word there is no finite number, and no part of a path.
    """
    source, said = text.strip(), list[str]()
    while len(said) < most and (cut := source.rpartition(":"))[1] and is_scale(cut[2]):
        source, said = cut[0].strip(), [cut[2], *said]
    numbers = [_number(word, text) for word in said]
    return source, numbers


def _number(word: str, text: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise ValueError(f"has {word!r} where a number belongs: {text!r}")
    return value


def parse_prepare(text: str) -> Prepare:
    """Read `canny`, `canny:80:160`, or `blur:8`.

    Raises:
        ValueError: No such way, or not its numbers; the message goes on after the setting's name.
    """
    name, *said = (part.strip() for part in text.split(":"))
    name = name.lower().replace("gray", "grey")
    if name not in WAYS:
        near = did_you_mean(name, WAYS) or f"known are {', '.join(WAYS)}"
        raise ValueError(f"has no {name!r} ({near})")
    way = WAYS[name]
    numbers = tuple(int(word) if word.isascii() and word.isdigit() else -1 for word in said)
    numbers = numbers or way.usual
    is_ordered = list(numbers) == sorted(numbers)
    if len(numbers) != len(way.usual) or not all(0 <= n <= way.most for n in numbers):
        wanted = f"{len(way.usual)} whole numbers from 0 to {way.most}" if way.usual else "nothing"
        raise ValueError(f"{name} takes {wanted} behind it, not {text!r}")
    if not is_ordered:
        raise ValueError(f"{name} takes the lower threshold first, not {text!r}")
    return Prepare(name, numbers)


def texts_in(value: Any, form: str) -> list[str]:
    """Texts from one with commas, or from a list.

    Raises:
        ValueError: It is neither.
    """
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list | tuple) or not all(isinstance(one, str) for one in said):
        raise ValueError(f"must be text or a list of texts, such as {form}")
    return [one.strip() for one in said if one.strip()]


def read_controls(value: Any) -> tuple[str, ...]:
    """The setting `controlnet` in its one form.

    Raises:
        ValueError: It cannot be read, or there are too many.
    """
    entries = [parse_control(one) for one in texts_in(value, "edges:0.8")]
    if len(entries) > MOST:
        raise ValueError(f"has {len(entries)}; at most {MOST} are drawn with")
    return tuple(map(str, entries))


def read_pictures(value: Any) -> tuple[str, ...]:
    """Several pictures in their one form.

    Raises:
        ValueError: They cannot be read, or there are too many.
    """
    said = texts_in(value, "fox.png")
    if len(said) > MOST:
        raise ValueError(f"has {len(said)}; at most {MOST} are looked at")
    return tuple(said)


def read_prepare(value: Any) -> tuple[str, ...]:
    """The setting `control_prepare` in its one form.

    Raises:
        ValueError: It cannot be read.
    """
    return tuple(str(parse_prepare(one)) for one in texts_in(value, "canny"))
