"""The record of a drawn picture."""

import math
from typing import Any

import torch
from PIL import Image

from sdgen.engine import Drawing
from sdgen.engine.environment import environment
from sdgen.engine.features import added_records, all_notices
from sdgen.engine.loader import LoadedModel
from sdgen.engine.post import processed
from sdgen.engine.safety import outcome_of
from sdgen.engine.together import Drawn
from sdgen.engine.upscaling import upscaled
from sdgen.metadata.record import (
    BatchRecord,
    ModelRecord,
    Record,
    SchedulerRecord,
    now,
    pixels_of,
    pixels_sha256,
)
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.sources import sources_of


def recorded(
    drawn: Drawn,
    settings: Settings,
    model: LocalModel,
    loaded: LoadedModel,
    place: BatchRecord,
    device: torch.device,
) -> Drawing:
    """`drawn`, after what the settings do to it in the end, with its record.

    Args:
        drawn: From `draw_together`.
        settings: Of this picture, with the number format that it was drawn in.
        model: Its name and commit.
        loaded: Its hashes, and the scheduler of the call.
        place: Size of the call, and the slot.
        device: Which drew.

    Raises:
        LackOfMemoryError: In an enlargement.
        SdgenError: There is no picture, since an enlargement failed.
    """
    scheduler = loaded.pipeline.scheduler

    def enlarge(image: Image.Image, size: tuple[int, int]) -> Image.Image:
        return upscaled(image, model.upscaler, size, device, drawn.upscale_tile)

    image = processed(drawn.image, settings.post, enlarge)
    before = pixels_sha256(drawn.image) if settings.post else None
    record = Record(
        created=now(),
        settings=settings,
        model=ModelRecord(
            name=model.name,
            pipeline=model.pipeline,
            repository=model.repository or None,
            revision=model.revision,
            files=loaded.hashes,
        ),
        added=added_records(loaded, model, settings),
        sources=[source.record for source in sources_of(settings)],
        scheduler=SchedulerRecord(
            class_name=type(scheduler).__name__, config=_plain(dict(scheduler.config))
        ),
        environment=environment(device) | drawn.how | outcome_of(loaded, settings),
        batch=place,
        image=pixels_of(image).model_copy(update={"before_post": before}),
        notices=[*all_notices(loaded, model, settings), *drawn.notices],
    )
    return Drawing(image, record)


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's configuration as JSON can carry it, without the library's private keys."""
    return {key: _as_json(value) for key, value in config.items() if not key.startswith("_")}


def _as_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity, which is lambda_min_clipped's usual value
    return value.tolist() if hasattr(value, "tolist") else value
