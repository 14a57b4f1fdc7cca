"""Civitai's generator: JSON in JSON, beside the graph that drew; its text is A1111's."""

from typing import Any

from sdgen.metadata.formats.facts import Facts, lenient_object
from sdgen.metadata.formats.foreign import Carried, Foreign

_KEY = "extraMetadata"


def read(carried: Carried) -> Foreign | None:
    """The recipe in `extraMetadata`, a text of its own or inside of another; None without it."""
    found = _metadata(carried)
    if not found:
        return None
    said = Facts(found)
    return Foreign(
        tool="Civitai",
        prompt=said.text("prompt"),
        negative_prompt=said.text("negativePrompt"),
        dialect="a1111",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        guidance_scale=said.number("cfgScale"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        clip_skip=said.whole("clipSkip"),
        model=said.text("baseModel"),
        extras=said.rest(),
        notices=(_NUMBERED,) if "resources" in found else (),
    )


_NUMBERED = "checkpoint and LoRAs are named by Civitai's numbers only, in resources"


def _metadata(carried: Carried) -> dict[str, Any]:
    own = carried.texts.get(_KEY, "")
    holders = (carried.parameters, carried.texts.get("prompt", ""))
    inside = (lenient_object(text).get(_KEY) for text in holders)
    said = own or next(filter(None, inside), None)
    if isinstance(said, dict):
        return said
    return lenient_object(said) if isinstance(said, str) else {}
