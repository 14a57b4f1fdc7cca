"""What else a recipe says: effects that sdgen does not have, and what does not matter."""

import re
from collections.abc import Iterator, Mapping

from sdgen.metadata.control_text import advice_on
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import FieldReport, short

_EFFECTS: Mapping[str, str] = {
    r"Hires|hrf_|pass \d|refinerupscale": "the first pass was enlarged and drawn over",
    r"ADetailer": "faces or hands were drawn over afterwards",
    r"ControlNet|controlnet|T2I|t2iAdapters|ipAdapters|IP-Adapter": "another picture guided it",
    r"Refiner|refiner|end_at_step|start_at_step": "another model, or other steps, drew a part",
    r"Variation seed|Variation strength|variations|subseed": "its noise is mixed of two seeds",
    r"Seed resize": "its noise was drawn for another size",
    r"Face restoration|Postprocess|use_face_correction|use_upscale|use_upscaler": (
        "it was changed after drawing"
    ),
    r"Token merging|ToMe|FreeU|HyperTile|Hypertile|PAG|NGMS|Skip Early CFG": (
        "the model computed in another way"
    ),
    r"Tiling|seamless|tiling": "its edges were made to fit",
    r"Init image|init_image|image_path|Mask|Inpaint|Masked|Soft inpainting": (
        "it was drawn from another picture"
    ),
    r"TI hashes|textual_inversions": (
        "words of the prompt are embeddings; where they lie, --embedding FILE:WORD says"
    ),
    r"Styles|styles|sdxl_style|full_prompt|full_negative_prompt|Performance|performance": (
        "the program changed prompt or steps by it"
    ),
    r"[Ss]harpness|ADM|adm_guidance|Distilled CFG|guidance$": "a switch that sdgen does not have",
    r"sm$|sm_dyn|dynamic_thresholding|skip_cfg|uncond_scale": "a switch that sdgen does not have",
    r"Emphasis": "another way of weighing words",
}
"""The beginning of a key → what was done to the picture."""

_COMPILED = tuple((re.compile(pattern), reason) for pattern, reason in _EFFECTS.items())

_HARMLESS = re.compile(
    "Hashes|date|Date|Created|generation_time|Generation time|n_samples|num_outputs|Civitai|"
    "request_type|User|Pipeline|Parser|Operations|aspectratio|images$|app_|created_at|vram|"
    "workflowId|resources|generation_mode|threshold|perlin|type$|Template|Negative Template|"
    "Raw prompt|Raw negative|Lora weights|original_prompt|TE$|Unet$|signed_hash|Scheduler$|"
    "automaticvae|metadata_version|quantize|precision|base_model|clip-prompt|raw-prompt"
)
"""Keys that say how, when or for whom it was drawn, or again what another key says."""

_OFF = ("false", "none", "off", "0", "0.0", "[]", "(none)", "None", "null", "")
"""Values with which an effect is switched off."""


def reports_of_extras(found: Foreign) -> Iterator[FieldReport]:
    """What the program's further words did to the picture; nothing for what did nothing."""
    for key, value in found.extras.items():
        if value.strip().lower() in _OFF or _HARMLESS.match(key):
            continue
        advice = advice_on(value) if key.startswith("ControlNet") else ""
        reason = advice or next((why for pattern, why in _COMPILED if pattern.match(key)), "")
        if reason:
            yield FieldReport(key, short(value), "", "ignored", reason)
        else:
            unsure = "sdgen does not know what it does"
            yield FieldReport(key, short(value), "", "unknown", unsure)
