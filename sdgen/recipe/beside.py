"""Settings that mean something only beside another one: what they need, and what they then are."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_SECOND_PASS = ("hires_scale", "hires_size")

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "variation_seed": ("variation_strength",),
        "strength": ("image",),
        "fit": ("image",),
        "extend": ("image",),
        "mask": ("image",),
        "mask_blur": ("mask",),
        "hires_steps": _SECOND_PASS,
        "hires_strength": _SECOND_PASS,
        "hires_upscaler": _SECOND_PASS,
        "control_image": ("controlnet",),
        "control_prepare": ("controlnet",),
        "control_mode": ("controlnet",),
        "control_fit": ("controlnet",),
        "ip_adapter_image": ("ip_adapter",),
        "image_encoder": ("ip_adapter",),
    }
)
"""Setting → those of which it needs one; it is not said, None or empty, without."""

UNSAID = (None, (), "")
"""What a setting is that nobody said, among those beside others."""

WHOLE = (
    "variation_seed", "strength", "mask_blur", "hires_strength", "hires_upscaler",
    "control_image", "control_mode", "control_fit", "ip_adapter_image",
)  # fmt: skip
"""Those that must be there if what they need is."""

STRENGTH = 0.75
"""Share of the steps that are drawn over a picture, as in A1111."""


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with what nobody said of settings beside others."""
    beside: dict[str, Any] = {}
    if values.get("image"):
        beside["strength"] = 1.0 if values.get("extend") else STRENGTH
    if values.get("mask"):
        beside["mask_blur"] = 4
    if any(values.get(name) for name in _SECOND_PASS):
        is_latent = values.get("hires_upscaler") == "latent"
        beside |= {"hires_strength": 0.6 if is_latent else 0.35, "hires_upscaler": "lanczos"}
    if values.get("controlnet"):
        beside |= {"control_mode": "balanced", "control_fit": "crop"}
    return {**values, **{k: v for k, v in beside.items() if values.get(k) is None}}
