"""Hugging Face Spaces that draw with diffusers: JSON in A1111's place, with diffusers' names."""

from typing import Any

from sdgen.metadata.formats.facts import Facts, child, lenient_object
from sdgen.metadata.formats.foreign import Carried, Foreign


def read(carried: Carried) -> Foreign | None:
    """The recipe in a Space's JSON; None where model and resolution are not in it."""
    found = lenient_object(carried.parameters)
    if not {"Model", "resolution"} <= found.keys():
        return None
    said = Facts(found)
    width, height = said.size("resolution")
    model, digest = _model(said.value("Model"))
    return Foreign(
        tool="a Space on Hugging Face",
        prompt=said.text("prompt"),
        negative_prompt=said.text("negative_prompt"),
        steps=said.whole("num_inference_steps"),
        sampler=said.text("sampler", "scheduler"),
        guidance_scale=said.number("guidance_scale"),
        seed=said.whole("seed"),
        width=width,
        height=height,
        model=model,
        model_hash=said.text("Model hash") or digest,
        extras=said.rest(),
    )


def _model(said: Any) -> tuple[str, str]:
    """Name and hash; some write an object with both."""
    if isinstance(said, str):
        return said, ""
    both = Facts(child(said))
    return both.text("Model"), both.text("Model hash")
