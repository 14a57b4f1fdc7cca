"""kohya's sd-scripts: one PNG text for each value; no size and no model."""

from sdgen.metadata.formats.facts import Facts
from sdgen.metadata.formats.foreign import Carried, Foreign


def read(carried: Carried) -> Foreign | None:
    """The recipe in separate texts; None where sampler and scale are not among them."""
    if not {"prompt", "sampler", "scale"} <= carried.texts.keys():
        return None
    said = Facts(carried.texts)
    return Foreign(
        tool="kohya sd-scripts",
        prompt=said.text("prompt"),
        negative_prompt=said.text("negative-prompt"),
        dialect="a1111",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        guidance_scale=said.number("scale"),
        seed=said.whole("seed"),
        extras=said.rest(),
    )
