"""Whose recipe it is: the readers in the order in which they are asked.

What only one program writes is asked first, then what several share, then what is known by its
absence. `sdgen` itself stands above all: a picture of ours is never read as another's.
"""

from collections.abc import Callable, Mapping

from sdgen.metadata.formats import (
    a1111,
    civitai,
    comfyui,
    draw_things,
    easy_diffusion,
    fooocus,
    invokeai,
    invokeai_old,
    kohya,
    mflux,
    novelai,
    sdcpp,
    spaces,
    stability_matrix,
    swarmui,
)
from sdgen.metadata.formats.foreign import Carried, Foreign
from sdgen.metadata.xmp import record_text

Reader = Callable[[Carried], Foreign | None]

READERS: Mapping[str, Reader] = {
    "NovelAI": novelai.read,
    "Draw Things": draw_things.read,
    "InvokeAI": invokeai.read,
    "Stability Matrix": stability_matrix.read,
    "Civitai": civitai.read,
    "Fooocus": fooocus.read,
    "Easy Diffusion": easy_diffusion.read,
    "SwarmUI": swarmui.read,
    "ComfyUI": comfyui.read,
    "Fooocus, JSON": fooocus.read_json,
    "Spaces": spaces.read,
    "mflux": mflux.read,
    "stable-diffusion.cpp": sdcpp.read,
    "A1111's text": a1111.read,
    "InvokeAI before 3": invokeai_old.read,
    "kohya": kohya.read,
}


def read_foreign(carried: Carried) -> Foreign | None:
    """The recipe of another program in what a file carries; None if no reader knows it.

    Text of any kind is read, and none raises.
    """
    if our_text(carried) is not None:
        return None
    return next((found for read in READERS.values() if (found := read(carried))), None)


def our_text(carried: Carried) -> str | None:
    """The record of sdgen, as text that nobody has judged yet; None if there is none."""
    if "sdgen" in carried.texts:
        return carried.texts["sdgen"]
    return record_text(carried.xmp.encode(errors="replace"))
