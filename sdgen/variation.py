"""Drawing a recorded picture with changes, and telling its record where it came from."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdgen.engine import Drawing
from sdgen.metadata.record import ParentRecord, Record
from sdgen.models import LocalModel
from sdgen.models.lora import Search
from sdgen.models.resolve import Plan, plan
from sdgen.recipe.layers import DRAWN, Layer
from sdgen.recipe.prompt.wording import AS_WRITTEN, Written
from sdgen.recipe.seeds import DRAWN_BELOW
from sdgen.recipe.settings import PROMPTS


def vary(
    record: Record, flags: Layer, model: LocalModel, lora_dirs: Sequence[Path] = ()
) -> tuple[Plan, Written | None]:
    """The plan of a variation: what the record says, under what the user changed.

    Choices are made in prompts that the user changed; the record's were made already.

    Args:
        record: Of the parent.
        flags: The changes.
        model: From `recorded_model`.
        lora_dirs: Where the user keeps LoRAs.

    Raises:
        InputError: A changed value is wrong.
        ModelError: A LoRA is not here.
    """
    drawn = Layer(DRAWN, {"variation_seed": secrets.randbelow(DRAWN_BELOW)})
    recorded = Layer("record", record.settings.model_dump(exclude_none=True))
    layers = [drawn, recorded, flags]
    planned = plan(layers, find=lambda _: model, search=Search(lora_dirs))
    changed = [name for name in PROMPTS if name in flags.values]
    settings, written = AS_WRITTEN.worded(planned.settings, changed)
    return replace(planned, settings=settings), written


def with_parent(drawing: Drawing, parent: Record) -> Drawing:
    """`drawing` as a variation of `parent`; its record tells the parent and what changed."""
    before, after = parent.settings.model_dump(), drawing.record.settings.model_dump()
    changed: dict[str, Any] = {k: v for k, v in before.items() if v != after[k]}
    lineage = ParentRecord(pixels_sha256=parent.image.sha256, changed=changed)
    return Drawing(drawing.image, drawing.record.model_copy(update={"parent": lineage}))
