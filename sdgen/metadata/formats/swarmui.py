"""SwarmUI: JSON of three parts, of which `sui_image_params` is the recipe."""

from collections.abc import Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, child, lenient_object, number, objects
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora


def read(carried: Carried) -> Foreign | None:
    """The recipe in SwarmUI's JSON; None if it is not there."""
    found = lenient_object(carried.parameters)
    recipe = child(found, "sui_image_params")
    if not recipe:
        return None
    said = Facts(recipe)
    layer = said.whole("clipstopatlayer")  # −1 is the last layer, −2 the one before
    model = said.text("model")
    said.drop("comfyuisampler" if "sampler" in recipe else "")
    return Foreign(
        tool="SwarmUI",
        version=said.text("swarm_version"),
        prompt=said.text("prompt"),
        negative_prompt=said.text("negativeprompt"),
        dialect="comfyui",
        steps=said.whole("steps"),
        sampler=said.text("sampler", "comfyuisampler"),
        schedule=said.text("scheduler", "comfyuischeduler") or None,
        guidance_scale=said.number("cfgscale"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        clip_skip=-layer if layer is not None and layer < 0 else None,
        strength=said.number("initimagecreativity"),
        noise="CPU",  # ComfyUI draws for it
        model=model,
        model_hash=_hash(found, model),
        vae=said.text("vae"),
        loras=_loras(said),
        extras={**said.rest(), **Facts(child(found, "sui_extra_data")).rest()},
    )


def _hash(found: Mapping[str, Any], model: str) -> str:
    """The hash that `sui_models` gives for the checkpoint."""
    for each in objects(found.get("sui_models")):
        name, digest = each.get("name"), each.get("hash")
        is_it = each.get("param") == "model" or (isinstance(name, str) and name == model)
        if is_it and isinstance(digest, str):
            return digest.removeprefix("0x")
    return ""


def _loras(said: Facts) -> tuple[ForeignLora, ...]:
    """From two lists that belong together."""
    names, weights = said.value("loras"), said.value("loraweights")
    names = names if isinstance(names, list) else []
    weights = weights if isinstance(weights, list) else []
    weights = [*weights, *[None] * (len(names) - len(weights))]
    pairs = zip(names, weights[: len(names)], strict=True)
    return tuple(ForeignLora(name, number(scale)) for name, scale in pairs if isinstance(name, str))
