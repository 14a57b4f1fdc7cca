"""What a person may choose about a batch that is no setting."""

from dataclasses import dataclass

from sdgen.batch.jobs import WHOLE, Shard
from sdgen.files.formats import Format
from sdgen.files.names import DEFAULT_TEMPLATE
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Which of the jobs to draw, and how their files are called."""

    format: Format = "png"
    shard: Shard = WHOLE
    limit: int | None = None
    template: str = DEFAULT_TEMPLATE
    wording: Wording = AS_WRITTEN
    micro_batch: int | None = None
    """Pictures in one pipeline call, 1 to 64; None is what the device does well."""


DEFAULTS = BatchOptions()
