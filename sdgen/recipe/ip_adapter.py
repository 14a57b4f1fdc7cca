"""IP-Adapters as a setting: `FILE[:SCALE]`, weights that let a model look at pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdgen.recipe.control import MOST, one_each, split_numbers, texts_in
from sdgen.recipe.loras import MOST_SCALE

if TYPE_CHECKING:
    from sdgen.recipe.settings import Settings


@dataclass(frozen=True, slots=True)
class IpEntry:
    """An IP-Adapter: `source` is a file or a name, `scale` weighs what it sees."""

    source: str
    scale: float = 1.0

    def __str__(self) -> str:
        return f"{self.source}:{self.scale:g}"


def parse_ip(text: str) -> IpEntry:
    """Read `FILE`, or `NAME:0.6`.

    Raises:
        ValueError: No name, or a scale that is no number from -10 to 10; the message goes on after
            the setting's name.
    """
    source, numbers = split_numbers(text, 1)
    if not source:
        raise ValueError(f"has no name of an IP-Adapter: {text!r}")
    entry = IpEntry(source, *numbers)
    if abs(entry.scale) > MOST_SCALE:
        raise ValueError(f"has a scale that is no number from -10 to 10: {text!r}")
    return entry


def read_ip_adapters(value: Any) -> tuple[str, ...]:
    """The setting in its one form, from text with commas, or from a list.

    Raises:
        ValueError: It is neither, there are too many, or one stands twice.
    """
    entries = [parse_ip(one) for one in texts_in(value, "look:0.6")]
    if len(entries) > MOST:
        raise ValueError(f"has {len(entries)}; at most {MOST} are drawn with")
    sources = [entry.source for entry in entries]
    for source in sources:
        if sources.count(source) > 1:
            raise ValueError(f"names {source} twice")
    return tuple(map(str, entries))


def pictures_of(settings: "Settings") -> list[Sequence[str]]:
    """For each adapter what it looks at: all pictures if it is the only one, else its own."""
    if len(settings.ip_adapter) == 1:
        return [settings.ip_adapter_image]
    return [[one] for one in one_each(settings.ip_adapter_image, len(settings.ip_adapter))]


def fault_of(settings: "Settings") -> tuple[str, str] | None:
    """What is wrong with the number of pictures, and in which setting; or None."""
    if len(settings.ip_adapter) < 2:
        return None
    try:
        one_each(settings.ip_adapter_image, len(settings.ip_adapter))
    except ValueError as error:
        return "ip_adapter_image", f"{error} IP-Adapter"
    return None
