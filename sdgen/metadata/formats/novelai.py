"""NovelAI: a service; `Comment` holds JSON, `Source` names the model."""

from collections.abc import Iterator, Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, child, lenient_object, objects
from sdgen.metadata.formats.foreign import Carried, Foreign

_OTHERS = "its characters have prompts of their own; here they stand in lines of their own"


def read(carried: Carried) -> Foreign | None:
    """The recipe in `Comment`; None where the software is not NovelAI."""
    if not carried.software.startswith("NovelAI"):
        return None
    found = lenient_object(carried.texts.get("Comment") or carried.comment)
    said = Facts(found)
    positive = list(_captions(found, "v4_prompt"))
    negative = list(_captions(found, "v4_negative_prompt"))
    said.drop("v4_prompt", "v4_negative_prompt")
    prompt, unwanted = said.text("prompt"), said.text("uc")
    return Foreign(
        tool="NovelAI",
        prompt="\n".join(positive) or prompt or carried.texts.get("Description", ""),
        negative_prompt="\n".join(negative) or unwanted,
        dialect="novelai",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        schedule=said.text("noise_schedule") or None,
        guidance_scale=said.number("scale"),
        guidance_rescale=said.number("cfg_rescale"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        strength=said.number("strength"),
        model=carried.texts.get("Source", ""),
        extras=said.rest(),
        notices=(_OTHERS,) if len(positive) > 1 else (),
    )


def _captions(found: Mapping[str, Any], side: str) -> Iterator[str]:
    """The picture's text, then each character's, from version 4 on."""
    caption = child(found, side, "caption")
    others = [each.get("char_caption") for each in objects(caption.get("char_captions"))]
    for text in (caption.get("base_caption"), *others):
        if isinstance(text, str) and text:
            yield text
