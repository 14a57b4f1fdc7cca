"""mflux (FLUX on Apple's MLX): JSON in EXIF, or in a file beside the picture."""

from typing import Any

from sdgen.metadata.formats.facts import Facts, lenient_object, number
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora


def read(carried: Carried) -> Foreign | None:
    """The recipe in mflux's JSON; None where its version is not in it."""
    found = lenient_object(carried.comment or carried.plain)
    if "mflux_version" not in found:
        return None
    said = Facts(found)
    kept = said.number("image_strength")  # of the given picture: 0 keeps nothing, others' 1
    return Foreign(
        tool="mflux",
        version=said.text("mflux_version"),
        prompt=said.text("prompt"),
        negative_prompt=said.text("negative_prompt"),
        steps=said.whole("steps"),
        guidance_scale=said.number("guidance"),
        seed=said.whole("seed"),
        width=said.whole("width"),
        height=said.whole("height"),
        strength=None if kept is None else 1 - kept,
        model=said.text("model"),
        loras=_loras(said.value("lora_paths"), said.value("lora_scales")),
        extras=said.rest(),
    )


def _loras(paths: Any, scales: Any) -> tuple[ForeignLora, ...]:
    """From two lists that belong together; of a path, which is somebody's own, only the name."""
    paths = paths if isinstance(paths, list) else []
    scales = scales if isinstance(scales, list) else []
    scales = [*scales, *[None] * len(paths)]
    return tuple(
        ForeignLora(path.replace("\\", "/").rpartition("/")[2], number(scale))
        for path, scale in zip(paths, scales, strict=False)
        if isinstance(path, str)
    )
