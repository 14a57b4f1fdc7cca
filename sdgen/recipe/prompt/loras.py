"""LoRA tags in a prompt: `<lora:name:0.8>`, which name weights and are not painted."""

import re
from dataclasses import dataclass

TAG = re.compile(r"<(?P<kind>lora|lyco|hypernet):(?P<said>[^<>]*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoraTag:
    """A LoRA that a prompt asks for.

    `name` is as written, mostly the stem of a file; `text_scale` and `unet_scale` are the weights
    of its two parts: one number sets both, 1 where there is none.
    """

    name: str
    text_scale: float = 1.0
    unet_scale: float = 1.0


def lora_tags(prompt: str) -> tuple[str, tuple[LoraTag, ...]]:
    """The prompt without its tags, and what they ask for, in their order.

    Read as A1111 does: `<lora:name>`, `<lora:name:0.8>`, `<lora:name:0.8:0.5>` (text encoder,
    then UNet), `<lora:name:te=0.8:unet=0.5>`.

    Raises:
        ValueError: A tag cannot be read; the message goes on after the setting's name.
    """
    tags = [_read(match) for match in TAG.finditer(prompt)]
    return TAG.sub("", prompt), tuple(tags)


def _read(match: re.Match[str]) -> LoraTag:
    name, *said = match["said"].split(":")
    if match["kind"].lower() != "lora" or not name.strip():
        raise ValueError(f"has the tag {match[0]}, which is none of a LoRA: <lora:name:0.8>")
    named = {"te": 1.0}
    for place, word in zip(("te", "unet", "dyn"), said, strict=False):
        key, equals, value = word.rpartition("=")
        named[key.strip() if equals else place] = _scale(value, match[0])
    if len(said) > 2 or not named.keys() <= {"te", "unet"}:
        raise ValueError(f"has the tag {match[0]}; sdgen reads <lora:name:0.8> and te=, unet=")
    return LoraTag(name.strip(), named["te"], named.get("unet", named["te"]))


def _scale(text: str, tag: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = float("nan")
    if not -10 <= scale <= 10:
        raise ValueError(f"has the tag {tag}, whose weight {text!r} is no number from -10 to 10")
    return scale
