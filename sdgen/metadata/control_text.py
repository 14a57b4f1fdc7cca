"""ControlNets in A1111's text: `ControlNet 0: "Module: canny, Model: edges, Weight: 0.8, …"`.

Keys and words are those of the extension that most people use there (sd-webui-controlnet). It
counts IP-Adapters among ControlNets. The picture itself is in no text.
"""

from collections.abc import Iterator, Mapping

from sdgen.metadata.formats.facts import number, whole
from sdgen.metadata.formats.infotext import read_pairs
from sdgen.recipe.control import Guide, guides_of
from sdgen.recipe.ip_adapter import IpEntry, parse_ip
from sdgen.recipe.settings import Settings

_FITS = {"crop": "Crop and Resize", "pad": "Resize and Fill", "stretch": "Just Resize"}
_MODES = {"balanced": "Balanced", "guess": "ControlNet is more important"}
_MODULES = {"invert": "invert (from white bg & black line)", "blur": "blur_gaussian",
            "grey": "recolor_luminance"}  # fmt: skip
"""The way of making a picture ready → what the extension calls its own like it."""

_WAYS: Mapping[str, str] = {module: way for way, module in _MODULES.items()}


def control_pairs(settings: Settings) -> Iterator[tuple[str, str]]:
    """Keys and values for what `settings` are steered by, and then for what they look at."""
    guides = guides_of(settings) if settings.controlnet else ()
    units = [_unit(guide, settings) for guide in guides] + [
        _looking(parse_ip(text)) for text in settings.ip_adapter
    ]
    for place, unit in enumerate(units):
        yield f"ControlNet {place}", ", ".join(f"{key}: {value}" for key, value in unit.items())


def _unit(guide: Guide, settings: Settings) -> dict[str, object]:
    entry, way = guide.entry, guide.prepare
    thresholds = zip(("Threshold A", "Threshold B"), way.numbers, strict=False)
    return {
        "Module": _MODULES.get(way.name, way.name),
        "Model": entry.source,
        "Weight": entry.scale,
        "Resize Mode": _FITS[settings.control_fit or "crop"],
        **dict(thresholds),
        "Guidance Start": entry.start,
        "Guidance End": entry.end,
        "Pixel Perfect": True,
        "Control Mode": _MODES[settings.control_mode or "balanced"],
    }


def _looking(entry: IpEntry) -> dict[str, object]:
    return {"Module": "ip-adapter-auto", "Model": entry.source, "Weight": entry.scale}


def advice_on(said: str) -> str:
    """How to say in sdgen what such a value says; empty where it cannot be read."""
    unit = read_pairs(said)
    name = unit.get("Model", "").partition(" [")[0].strip()
    if not name or not all(sign.isalnum() or sign in "-_. " for sign in name):
        return ""
    weight = number(unit.get("Weight"))
    scale = 1.0 if weight is None else weight
    module = unit.get("Module", "none").strip()
    if module.lower().startswith("ip-adapter"):
        said = f"--ip-adapter {name}:{scale:g} --ip-adapter-image FILE"
        return f"the picture that it looked at is not in the file; with it: {said}"
    start, end = number(unit.get("Guidance Start")), number(unit.get("Guidance End"))
    start, end = start or 0.0, 1.0 if end is None else end
    part = "" if (start, end) == (0, 1) else f":{start:g}:{end:g}"
    said = f"--controlnet {name}:{scale:g}{part}{_prepare(module, unit)} --control-image FILE"
    return f"the picture that it followed is not in the file; with it: {said}"


def _prepare(module: str, unit: Mapping[str, str]) -> str:
    """The flag for what the extension did to the picture, where sdgen can do it too."""
    if module == "canny":
        low, high = (whole(unit.get(f"Threshold {side}")) for side in "AB")
        is_said = low is not None and high is not None
        return f" --control-prepare canny:{low}:{high}" if is_said else " --control-prepare canny"
    return f" --control-prepare {_WAYS[module]}" if module in _WAYS else ""
