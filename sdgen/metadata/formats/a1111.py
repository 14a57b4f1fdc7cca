"""A1111's text, as that program, Forge, SD.Next, Fooocus, Civitai and many others write it."""

import re
from collections.abc import Mapping
from typing import Any

from sdgen.metadata.formats.facts import Facts, lenient_json, lenient_object, number, objects
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora, Noise
from sdgen.metadata.formats.infotext import Infotext, read_infotext

_DECISIVE = ("Steps", "Sampler", "Seed", "CFG scale")
"""Without any of these, three words with colons are just text."""

_LORA_TYPES = ("lora", "locon", "lycoris", "dora")
_FROM_VERSION = (
    (re.compile(r"v\d"), "AUTOMATIC1111"),
    (re.compile(r"f\d"), "Forge"),
    (re.compile("ComfyUI"), "ComfyUI"),
    (re.compile("Fooocus"), "Fooocus"),
    (re.compile("sdgen "), "sdgen"),
)
_NOISE: Mapping[str, Noise] = {"GPU": "GPU", "CPU": "CPU", "NV": "NV"}
_UNSAID_NOISE: Mapping[str, Noise] = {
    "AUTOMATIC1111": "GPU", "Forge": "GPU", "ComfyUI": "CPU", "Fooocus": "CPU", "sdgen": "GPU"
}  # fmt: skip
"""Where the noise came from when `RNG` is missing."""


def read(carried: Carried) -> Foreign | None:
    """The recipe in A1111's text, wherever its container keeps that; None if there is none."""
    text = carried.parameters
    if not text or lenient_json(text) is not None:
        return None
    found = read_infotext(text)
    return recipe_of(found) if not found.pairs.keys().isdisjoint(_DECISIVE) else None


def recipe_of(text: Infotext) -> Foreign:
    """The recipe that three blocks of text say."""
    said = Facts(text.pairs)
    tool, version = _tool(text.pairs)
    said.drop("Version", "App")
    hashes = lenient_object(text.pairs.get("Hashes", ""))
    resources = objects(lenient_json(said.text("Civitai resources")))
    width, height = said.size("Size")
    return Foreign(
        tool=tool,
        version=version,
        prompt=text.prompt,
        negative_prompt=text.negative,
        dialect="comfyui" if tool in ("ComfyUI", "Fooocus") else "a1111",
        steps=said.whole("Steps"),
        sampler=said.text("Sampler"),
        schedule=said.text("Schedule type", "Scheduler" if tool != "SD.Next" else "") or None,
        guidance_scale=said.number("CFG scale", "CFG Scale", "Guidance scale"),
        guidance_rescale=said.number("CFG rescale", "CFG Rescale phi"),
        seed=said.whole("Seed"),
        width=width,
        height=height,
        clip_skip=said.whole("Clip skip", "CLiP-skip", "Clip Skip"),
        eta=said.number("Eta DDIM"),
        ensd=said.whole("ENSD", "Eta noise seed delta"),
        strength=said.number("Denoising strength"),
        variation_seed=said.whole("Variation seed"),
        variation_strength=said.number("Variation seed strength"),
        noise=_noise(said, tool),
        model=said.text("Model") or _checkpoint(resources),
        model_hash=said.text("Model hash") or _text_in(hashes, "model"),
        vae=said.text("VAE"),
        loras=(*(_hashed(said) or _with_hashes(hashes)), *_listed(resources)),
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


def _noise(said: Facts, tool: str) -> Noise:
    """Where the noise came from: as written, or as the program does when it writes nothing."""
    source = said.text("RNG")
    if source in _NOISE:
        return _NOISE[source]
    return "" if source else _UNSAID_NOISE.get(tool, "")


def _hashed(said: Facts) -> list[ForeignLora]:
    """LoRAs that A1111 lists with their hashes; their weights are in the prompt's tags."""
    pairs = (part.rpartition(":") for part in said.text("Lora hashes").split(","))
    return [ForeignLora(name.strip(), None, digest.strip()) for name, _, digest in pairs if name]


def _with_hashes(hashes: Mapping[str, Any]) -> list[ForeignLora]:
    """LoRAs of the list that Civitai's extension writes: `lora:name` → hash."""
    keys = [key for key in hashes if key.lower().startswith("lora:")]
    return [ForeignLora(key.partition(":")[2], None, _text_in(hashes, key)) for key in keys]


def _text_in(hashes: Mapping[str, Any], key: str) -> str:
    value = hashes.get(key)
    return value if isinstance(value, str) else ""


def _listed(resources: list[dict[str, Any]]) -> list[ForeignLora]:
    """LoRAs that Civitai lists; its own generator has no tags in the prompt."""
    return [
        ForeignLora(_name(each), number(each.get("weight")))
        for each in resources
        if str(each.get("type", "")).lower() in _LORA_TYPES
    ]


def _checkpoint(resources: list[dict[str, Any]]) -> str:
    named = (_name(each) for each in resources if each.get("type") == "checkpoint")
    return next(named, "")


def _name(resource: Mapping[str, Any]) -> str:
    """The name of a model on Civitai, or else the number of its version."""
    name = resource.get("modelName") or resource.get("air") or resource.get("modelVersionId")
    return str(name or "")
