"""Stability Matrix: JSON beside the graph that it lets ComfyUI draw."""

from sdgen.metadata.formats.facts import Facts, lenient_object
from sdgen.metadata.formats.foreign import Carried, Foreign


def read(carried: Carried) -> Foreign | None:
    """The recipe in `parameters-json`; None where no project of its is in the picture."""
    found = lenient_object(carried.texts.get("parameters-json", ""))
    if "smproj" not in carried.texts or not found:
        return None
    said = Facts(found)
    return Foreign(
        tool="Stability Matrix",
        prompt=said.text("PositivePrompt"),
        negative_prompt=said.text("NegativePrompt"),
        dialect="comfyui",
        steps=said.whole("Steps"),
        sampler=said.text("Sampler"),
        guidance_scale=said.number("CfgScale"),
        seed=said.whole("Seed"),
        width=said.whole("Width"),
        height=said.whole("Height"),
        noise="CPU",
        model=said.text("ModelName"),
        model_hash=said.text("ModelHash"),
        extras=said.rest(),
    )
