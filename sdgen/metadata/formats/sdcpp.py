"""stable-diffusion.cpp: A1111's text with names of its own, and JSON at its end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sdgen.metadata.formats.a1111 import recipe_of
from sdgen.metadata.formats.facts import child, lenient_object, number, objects, whole
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora, Noise
from sdgen.metadata.formats.infotext import read_infotext
from sdgen.metadata.formats.xmp_text import element

_JSON = ", SDCPP: {"
_VERSION = "Version: stable-diffusion.cpp"
_NOISE: Mapping[str, Noise] = {"cuda": "NV", "cpu": "CPU"}
"""Its `cuda` imitates a GPU's stream on any device, as A1111's NV does."""


def read(carried: Carried) -> Foreign | None:
    """The recipe that stable-diffusion.cpp wrote; None if it did not."""
    text = carried.parameters or element(carried.xmp, "sdcpp:parameters")
    if _VERSION not in text:
        return None
    head, mark, tail = text.partition(_JSON)  # its commas would shred a reader of pairs
    found = read_infotext(head)
    if not found.pairs:
        return None
    recipe = replace(
        recipe_of(found),
        tool="stable-diffusion.cpp",
        version="",
        schedule=None,
        noise=_NOISE.get(found.pairs.get("RNG", ""), ""),
    )
    return _with_json(recipe, lenient_object("{" + tail)) if mark else recipe


def _with_json(recipe: Foreign, said: Mapping[str, Any]) -> Foreign:
    """`recipe` with what only the JSON says to the letter, and with nothing for what it lacks."""
    prompts, generator = child(said, "prompt"), child(said, "generator")
    positive, negative = prompts.get("positive"), prompts.get("negative")
    seed, rng = whole(said.get("seed")), said.get("rng")
    return replace(
        recipe,
        version=str(generator.get("version") or generator.get("commit") or ""),
        prompt=positive if isinstance(positive, str) else recipe.prompt,
        negative_prompt=negative if isinstance(negative, str) else recipe.negative_prompt,
        seed=recipe.seed if seed is None else seed,
        noise=_NOISE.get(rng, recipe.noise) if isinstance(rng, str) else recipe.noise,
        loras=tuple(
            ForeignLora(str(each.get("name", "")), number(each.get("multiplier")))
            for each in objects(said.get("loras"))
        ),
    )
