"""What a picture can be found by: facts of our record, or of another program's recipe, by name."""

from typing import Any

from sdgen.metadata.formats.fidelity import settings_of
from sdgen.metadata.formats.foreign import Foreign
from sdgen.metadata.record import Record
from sdgen.recipe.loras import loras_of
from sdgen.recipe.prompt.loras import TAG

Facts = dict[str, Any]
"""Names of settings and of `FACTS` → text, a number, or a list of texts; only what is known."""

FACTS = ("name", "path", "tool", "version", "size", "created", "said", "notices")
"""What a picture has beside its settings; `said` is the sampler in its program's own words."""


def facts_of(recipe: Record | Foreign | None) -> Facts:
    """The facts of a picture with this recipe; none where it has none."""
    if recipe is None:
        return {}
    facts = _of_record(recipe) if isinstance(recipe, Record) else _of_foreign(recipe)
    if facts.get("width") and facts.get("height"):
        facts["size"] = f"{facts['width']}x{facts['height']}"
    return {name: value for name, value in facts.items() if value not in (None, "", [], ())}


def _of_record(record: Record) -> Facts:
    settings = record.settings
    return settings.model_dump(mode="json") | {
        "lora": [entry.source for entry in loras_of(settings)],
        "tool": record.software.name,
        "version": record.software.version,
        "created": record.created.isoformat(),
        "notices": list(record.notices),
    }


def _of_foreign(found: Foreign) -> Facts:
    """What sdgen takes it as, but prompts, seed and names as the program has them."""
    taken = dict(settings_of(found)[0].values)
    taken.pop("prompt_syntax", None)
    said = ", ".join(filter(None, (found.sampler, found.schedule)))
    tagged = [tag["said"].partition(":")[0] for tag in TAG.finditer(found.prompt)]
    return taken | {
        "prompt": found.prompt,
        "negative_prompt": found.negative_prompt,
        "seed": found.seed,
        "model": found.model,
        "scheduler": taken.get("scheduler", said),
        "said": said,
        "lora": list(dict.fromkeys([*(lora.name for lora in found.loras), *tagged])),
        "tool": found.tool,
        "version": found.version,
        "notices": list(found.notices),
    }
