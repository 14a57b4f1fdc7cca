"""Easy Diffusion: one PNG text for each value, or the same as JSON; under two kinds of names."""

from typing import Any

from sdgen.metadata.formats.facts import Facts, lenient_object
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora

_MARK = "use_stable_diffusion_model"
_LABEL = "Stable Diffusion model"


def read(carried: Carried) -> Foreign | None:
    """The recipe in texts of its own; None where the model's key is not among them."""
    found = carried.texts or lenient_object(carried.parameters)
    if _MARK not in found and _LABEL not in found:
        return None
    said = Facts(found)
    lora = said.text("use_lora_model", "LoRA model")
    weight = said.number("lora_alpha", "LoRA Strength")
    return Foreign(
        tool="Easy Diffusion",
        prompt=said.text("prompt", "Prompt"),
        negative_prompt=said.text("negative_prompt", "Negative Prompt"),
        steps=said.whole("num_inference_steps", "Steps"),
        sampler=said.text("sampler_name", "Sampler"),
        guidance_scale=said.number("guidance_scale", "Guidance Scale"),
        seed=said.whole("seed", "Seed"),
        width=said.whole("width", "Width"),
        height=said.whole("height", "Height"),
        clip_skip=_skip(said.value("clip_skip"), said.value("Clip Skip")),
        strength=said.number("prompt_strength", "Prompt Strength"),
        model=said.text(_MARK, _LABEL),
        vae=said.text("use_vae_model", "VAE model"),
        loras=(ForeignLora(lora, weight),) if lora not in ("", "None") else (),
        extras=said.rest(),
    )


def _skip(*switches: Any) -> int | None:
    """It has a switch where others count: on is the layer before the last."""
    said = next((str(switch).lower() for switch in switches if switch is not None), "")
    return {"true": 2, "false": 1}.get(said)
