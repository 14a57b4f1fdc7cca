"""Fooocus: JSON, or A1111's text with keys of its own; a second text says which."""

from dataclasses import replace
from typing import Any

from sdgen.metadata.formats import a1111
from sdgen.metadata.formats.facts import Facts, lenient_object, number
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora

_STYLED = "styles were added to the prompt; what the model got is in full_prompt"


def read(carried: Carried) -> Foreign | None:
    """The recipe of a picture whose scheme says that Fooocus wrote it; None otherwise."""
    scheme = carried.texts.get("fooocus_scheme") or carried.exif.get("MakerNote", "")
    if scheme not in ("fooocus", "a1111"):
        return None
    if found := read_json(carried):
        return found
    text = a1111.read(carried)
    return replace(text, tool="Fooocus", dialect="comfyui") if text else None


def read_json(carried: Carried) -> Foreign | None:
    """The recipe in Fooocus' JSON, known by its `base_model`; None otherwise."""
    found = lenient_object(carried.parameters)
    if "base_model" not in found or "mflux_version" in found:
        return None
    said = Facts(found)
    width, height = said.size("resolution")
    layer = said.whole("clip_skip")  # from the end; SDXL, all that it draws with, has 2
    said.drop("metadata_scheme")
    return Foreign(
        tool="Fooocus",
        version=said.text("version").removeprefix("Fooocus").strip(),
        prompt=said.text("prompt"),
        negative_prompt=said.text("negative_prompt"),
        dialect="comfyui",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        schedule=said.text("scheduler") or None,
        guidance_scale=said.number("guidance_scale"),
        seed=said.whole("seed"),
        width=width,
        height=height,
        clip_skip=None if layer is None else max(1, layer - 1),
        model=said.text("base_model"),
        model_hash=said.text("base_model_hash"),
        vae=said.text("vae"),
        noise="CPU",
        loras=tuple(_loras(said.value("loras"))),
        extras=said.rest(),
        notices=(_STYLED,) if found.get("full_prompt") else (),
    )


def _loras(said: Any) -> list[ForeignLora]:
    """From `[[name, weight, hash], …]`."""
    rows = [row for row in said if isinstance(row, list)] if isinstance(said, list) else []
    named = [[*row, ""][:3] for row in rows if len(row) >= 2 and isinstance(row[0], str)]
    return [
        ForeignLora(name, number(weight), digest if isinstance(digest, str) else "")
        for name, weight, digest in named
    ]
