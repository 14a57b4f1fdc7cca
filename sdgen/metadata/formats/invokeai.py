"""InvokeAI from version 3 on: JSON in one PNG text."""

from collections.abc import Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, child, lenient_object, number, objects
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora, Noise

_NOISE: Mapping[str, Noise] = {"cpu": "CPU", "cuda": "GPU"}


def read(carried: Carried) -> Foreign | None:
    """The recipe in `invokeai_metadata`; None if there is none."""
    found = lenient_object(carried.texts.get("invokeai_metadata", ""))
    if not found:
        return None
    said = Facts(found)
    model = said.value("model")
    skipped = said.whole("clip_skip")  # layers left out: 0 is the model's own
    return Foreign(
        tool="InvokeAI",
        version=said.text("app_version"),
        prompt=said.text("positive_prompt"),
        negative_prompt=said.text("negative_prompt"),
        dialect="invokeai",
        steps=said.whole("steps"),
        sampler=said.text("scheduler"),
        guidance_scale=said.number("cfg_scale"),
        guidance_rescale=said.number("cfg_rescale_multiplier"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        clip_skip=None if skipped is None else skipped + 1,
        strength=said.number("strength"),
        noise=_NOISE.get(said.text("rand_device"), ""),
        model=_name(model),
        model_hash=_text(child(model).get("hash") or child(model).get("model_hash")),
        vae=_name(said.value("vae")),
        loras=tuple(_lora(each) for each in objects(said.value("loras"))),
        extras=said.rest(),
    )


def _name(model: Any) -> str:
    """A model's name, as versions 4 and 3 write it."""
    return _text(child(model).get("name") or child(model).get("model_name"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _lora(said: Mapping[str, Any]) -> ForeignLora:
    model = said.get("model") or said.get("lora")
    return ForeignLora(_name(model), number(said.get("weight")), _text(child(model).get("hash")))
