"""Where the pictures of a batch lie, after it ran."""

from collections.abc import Mapping
from pathlib import Path

from sdgen.batch.drafts import Drafts
from sdgen.batch.finished import find_finished
from sdgen.batch.jobs import Job, make_jobs
from sdgen.batch.options import BatchOptions
from sdgen.batch.state import read_base_seed, read_noted
from sdgen.files.formats import suffix_of


def pictures_of(
    drafts: Drafts, folder: Path, options: BatchOptions
) -> tuple[list[Job], Mapping[str, Path]]:
    """The jobs that `run_batch` makes of the same arguments, and job id → picture, if it is there.

    Raises:
        InputError: What earlier runs left in the folder cannot be read.
    """
    base_seed = read_base_seed(folder) or 0
    jobs = make_jobs(drafts.items, base_seed, template=options.template, wording=options.wording)
    noted = read_noted(folder)
    return jobs, find_finished(jobs, folder, noted, suffix_of(options.format)).done
