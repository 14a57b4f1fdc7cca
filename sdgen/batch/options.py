"""What a person may choose about a batch that is no setting."""

from dataclasses import dataclass

from sdgen.batch.jobs import WHOLE, Shard
from sdgen.files.formats import Format
from sdgen.files.names import DEFAULT_TEMPLATE


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Which of the jobs to draw, and how their files are called."""

    format: Format = "png"
    shard: Shard = WHOLE
    limit: int | None = None
    template: str = DEFAULT_TEMPLATE
    micro_batch: int | None = None
    """Pictures in one pipeline call, 1 to 64; None is what the device does well."""


DEFAULTS = BatchOptions()
