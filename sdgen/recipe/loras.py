"""LoRAs as a setting: `NAME[:scale]`, low-rank weights that are added to a model while it draws."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdgen.recipe.prompt.loras import lora_tags

if TYPE_CHECKING:
    from sdgen.recipe.settings import Settings

MOST_SCALE = 10.0

SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class LoraEntry:
    """A LoRA that a picture is drawn with.

    `source` is a file, a folder or a name; `text_scale` and `unet_scale` weigh its two parts.
    """

    source: str
    text_scale: float = 1.0
    unet_scale: float = 1.0

    def __str__(self) -> str:
        """As the setting has it: `dusk:0.8`, or `dusk:0.8:0.5` where the scales are not one."""
        scales = dict.fromkeys((self.text_scale, self.unet_scale))
        return ":".join([self.source, *(f"{scale:g}" for scale in scales)])


def parse_lora(text: str) -> LoraEntry:
    """Read `FILE`, `NAME:0.8` or `NAME:0.8:0.5` (text encoder, then UNet; one number sets both).

    Raises:
        ValueError: No name, or a scale that is no number from -10 to 10; the message goes on after
            the setting's name.
    """
    source, said = text.strip(), list[str]()
    while len(said) < 2 and (cut := source.rpartition(":"))[1] and is_scale(cut[2]):
        source, said = cut[0].strip(), [cut[2], *said]
    if not source:
        raise ValueError(f"has no name of a LoRA: {text!r}")
    scales = [_scale(word, text) for word in said or ["1"]]
    return LoraEntry(source, scales[0], scales[-1])


def is_scale(word: str) -> bool:
    """Whether what stands behind a colon is meant as a scale, right or wrong, and not as a path."""
    return not any(sign in word for sign in "/\\") and not word.lower().endswith(SUFFIX)


def _scale(word: str, text: str) -> float:
    try:
        scale = float(word)
    except ValueError:
        scale = math.nan
    if not abs(scale) <= MOST_SCALE:
        raise ValueError(f"has a scale that is no number from -10 to 10: {text!r}")
    return scale


def read_loras(value: Any) -> tuple[str, ...]:
    """The setting in its one form, from text with commas, or from a list.

    Raises:
        ValueError: It is neither, an entry cannot be read, or one LoRA stands twice.
    """
    said = value.split(",") if isinstance(value, str) else value
    if not isinstance(said, list | tuple) or not all(isinstance(one, str) for one in said):
        raise ValueError("must be text or a list of texts, such as dusk:0.8")
    if isinstance(value, str):
        said = [one for one in said if one.strip()]
    entries = [parse_lora(one) for one in said]
    _refuse_twins(entries)
    return tuple(map(str, entries))


def _refuse_twins(entries: Iterable[LoraEntry]) -> None:
    seen = set()
    for entry in entries:
        if entry.source in seen:
            raise ValueError(f"names {entry.source} twice")
        seen.add(entry.source)


def loras_of(settings: "Settings") -> tuple[LoraEntry, ...]:
    """What `settings` are drawn with: the setting's own, then the tags of the prompt.

    Where both name a LoRA, the setting's scale counts.

    Raises:
        ValueError: A tag of the prompt cannot be read.
    """
    found = {entry.source: entry for entry in map(parse_lora, settings.lora)}
    if settings.prompt_syntax == "a1111":
        for tag in lora_tags(settings.prompt)[1]:
            found.setdefault(tag.name, LoraEntry(tag.name, tag.text_scale, tag.unet_scale))
    return tuple(found.values())
