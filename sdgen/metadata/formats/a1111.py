"""A1111's text, as that program, Forge, SD.Next, Fooocus, Civitai and many others write it."""

import re
from collections.abc import Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, lenient_json, number, objects
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora, Noise
from sdgen.metadata.formats.infotext import Infotext, read_infotext

_SIZE = re.compile(r"(\d{1,6})\s*[xX×]\s*(\d{1,6})")
_HASHED = re.compile(r"([^,:]+):\s*([0-9a-fA-F]{6,64})")
_FROM_VERSION = (
    (re.compile(r"v\d"), "AUTOMATIC1111"),
    (re.compile(r"f\d"), "Forge"),
    (re.compile("ComfyUI"), "ComfyUI"),
    (re.compile("Fooocus"), "Fooocus"),
    (re.compile("sdgen "), "sdgen"),
)
_NOISE: Mapping[str, Noise] = {"GPU": "GPU", "CPU": "CPU", "NV": "NV"}
_UNSAID_NOISE: Mapping[str, Noise] = {
    "AUTOMATIC1111": "GPU", "Forge": "GPU", "ComfyUI": "CPU", "Fooocus": "CPU"
}  # fmt: skip
"""Where the noise came from when `RNG` is missing."""


def read(carried: Carried) -> Foreign | None:
    """The recipe in A1111's text, wherever its container keeps that; None if there is none."""
    text = carried.parameters
    found = read_infotext(text) if "\n" in text or ": " in text else None
    return recipe_of(found) if found and found.pairs else None


def recipe_of(text: Infotext) -> Foreign:
    """The recipe that three blocks of text say."""
    said = Facts(text.pairs)
    tool, version = _tool(text.pairs)
    said.drop("Version", "App")
    width, height = _size(said.text("Size"))
    return Foreign(
        tool=tool,
        version=version,
        prompt=text.prompt,
        negative_prompt=text.negative,
        dialect="comfyui" if tool in ("ComfyUI", "Fooocus") else "a1111",
        steps=said.whole("Steps"),
        sampler=said.text("Sampler"),
        schedule=said.text("Schedule type", "Scheduler") or None,
        guidance_scale=said.number("CFG scale", "CFG Scale", "Guidance scale"),
        guidance_rescale=said.number("CFG rescale", "CFG Rescale phi"),
        seed=said.whole("Seed"),
        width=width,
        height=height,
        clip_skip=said.whole("Clip skip", "CLiP-skip", "Clip Skip"),
        eta=said.number("Eta DDIM"),
        strength=said.number("Denoising strength"),
        noise=_NOISE.get(said.text("RNG"), _UNSAID_NOISE.get(tool, "")),
        model=said.text("Model"),
        model_hash=said.text("Model hash"),
        vae=said.text("VAE"),
        loras=_loras(said),
        extras=said.rest(),
        notices=text.notices,
    )


def _tool(pairs: Mapping[str, str]) -> tuple[str, str]:
    """Who wrote the text, and which version of it."""
    version, app = pairs.get("Version", ""), pairs.get("App", "")
    if app.lower() in ("sd.next", "sdnext"):
        return "SD.Next", version
    for pattern, tool in _FROM_VERSION:
        if pattern.match(version):
            return tool, version.removeprefix(tool).lstrip()
    if "Civitai resources" in pairs or "Civitai metadata" in pairs:
        return "Civitai", version
    return "a program that writes as AUTOMATIC1111 does", version


def _size(text: str) -> tuple[int | None, int | None]:
    match = _SIZE.fullmatch(text.strip())
    return (int(match[1]), int(match[2])) if match else (None, None)


def _loras(said: Facts) -> tuple[ForeignLora, ...]:
    """LoRAs that are listed with their hashes, by A1111 or by Civitai; weights are in the prompt.

    Civitai's own generator names a model's version by a number, and has no tags in the prompt.
    """
    hashed = [ForeignLora(m[1].strip(), None, m[2]) for m in _HASHED.finditer(_hashes(said))]
    resources = objects(lenient_json(said.text("Civitai resources")))
    return (*hashed, *(_resource(each) for each in resources if _is_lora(each)))


def _hashes(said: Facts) -> str:
    return said.text("Lora hashes")


def _is_lora(resource: Mapping[str, Any]) -> bool:
    return str(resource.get("type", "")).lower() in ("lora", "locon", "lycoris", "dora")


def _resource(resource: Mapping[str, Any]) -> ForeignLora:
    name = resource.get("modelName") or resource.get("air") or resource.get("modelVersionId")
    return ForeignLora(str(name), number(resource.get("weight")))
