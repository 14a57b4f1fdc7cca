"""The LoRAs of a foreign recipe as a setting: by their bare names, never by a path."""

from collections.abc import Sequence

from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.formats.reports import FieldReport, Taken, short
from sdgen.recipe.loras import LoraEntry, parse_lora


def loras_taken(found: Foreign) -> Taken:
    """LoRAs with weights become a setting, by their bare names; those without are in the prompt."""
    taken: list[str] = []
    reports: list[FieldReport] = []
    for lora in found.loras:
        said = f"{lora.name} [{lora.hash}]" if lora.hash else lora.name
        if lora.weight is None:
            reason = "by its name in the prompt; whether it is that file, its hash would tell"
            reports.append(FieldReport("lora", short(said), "", "unknown", reason))
            continue
        entry = _entry(lora.name, lora.weight)
        reason = _not_to_be_had(entry, taken)
        if entry is None or reason:
            reports.append(FieldReport("lora", short(said), "", "ignored", reason))
            continue
        taken.append(str(entry))
        reason = "by its name; whether it is that file cannot be told"
        reports.append(FieldReport("lora", short(said), str(entry), "unknown", reason))
    return Taken({"lora": tuple(taken)} if taken else {}, tuple(reports))


def _not_to_be_had(entry: LoraEntry | None, taken: Sequence[str]) -> str:
    if entry is None:
        return "no name that can be looked for, or a scale beyond 10"
    is_twin = any(entry.source == parse_lora(one).source for one in taken)
    return "another of the same name is taken already" if is_twin else ""


def _entry(name: str, weight: float) -> LoraEntry | None:
    """The LoRA of this name, whatever folder of somebody's it stands in; None if it has none."""
    stem = name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors").strip()
    try:
        entry = parse_lora(f"{stem}:{weight:g}")
    except ValueError:
        return None
    return entry if entry.source == stem and stem.strip(".") and "," not in stem else None
