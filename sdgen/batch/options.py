"""What a person may choose about a batch that is no setting."""

from collections.abc import Iterable
from dataclasses import dataclass

from sdgen.batch.jobs import WHOLE, Job, Shard
from sdgen.files.formats import Format, Inside
from sdgen.files.names import DEFAULT_TEMPLATE
from sdgen.files.signing import Signing
from sdgen.models.prompts import refuse_losses
from sdgen.recipe.prompt.wording import AS_WRITTEN, Wording


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Which of the jobs to draw, and how their files are called."""

    format: Format = "png"
    shard: Shard = WHOLE
    limit: int | None = None
    template: str = DEFAULT_TEMPLATE
    wording: Wording = AS_WRITTEN
    strict_tokens: bool = False
    """Refuse all where a model does not read or know some words."""
    inside: Inside = "record"
    """What the pictures themselves tell; the records beside them are whole."""
    micro_batch: int | None = None
    """Pictures in one pipeline call, 1 to 64; None is what the device does well."""
    signing: Signing | None = None
    """What the pictures are signed with."""


DEFAULTS = BatchOptions()


def check_tokens(jobs: Iterable[Job], options: BatchOptions) -> None:
    """Refuse words that are not read or known, if that was asked for.

    Raises:
        InputError: There are some, in any job, with the line of each.
    """
    if options.strict_tokens:
        refuse_losses((f"{job.source}: ", job.settings, job.model) for job in jobs)
