"""What a run would do, without doing any of it."""

from dataclasses import dataclass, replace

from sdgen.batch.destination import Folder, destination_of
from sdgen.batch.drafts import Drafts
from sdgen.batch.jobs import Job, make_jobs, select
from sdgen.batch.options import DEFAULTS, BatchOptions, check_tokens
from sdgen.files.formats import suffix_of
from sdgen.recipe.settings import PROMPTS


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do about one job: nothing if it is `done`.

    The seed, and with it id and name, are not final where `is_seed_open`: the first real run in the
    folder draws the base seed. Choices of its prompts are open then, too.
    """

    job: Job
    done: bool
    is_seed_open: bool


def preview_batch(
    drafts: Drafts, folder: Folder, options: BatchOptions = DEFAULTS
) -> list[Preview]:
    """What `run_batch` would do with the same arguments; writes nothing, loads nothing.

    Raises:
        InputError: What earlier runs left in the folder cannot be read, or the template is wrong.
    """
    destination = destination_of(folder)
    kept = destination.base_seed()
    jobs = make_jobs(drafts.items, kept or 0, template=options.template, wording=options.wording)
    check_tokens(jobs, options)
    chosen = select(jobs, options.shard, options.limit)
    finished = destination.finished(chosen, destination.noted(), suffix_of(options.format))
    previews = []
    for job in chosen:
        is_open = kept is None and not job.has_seed
        shown = _unchosen(job) if is_open else job
        previews.append(Preview(shown, job.id in finished.done, is_seed_open=is_open))
    return previews


def _unchosen(job: Job) -> Job:
    """`job` with its prompts as they stand in the file."""
    if job.written is None:
        return job
    texts = {name: getattr(job.written, name) for name in PROMPTS}
    return replace(job, settings=job.settings.model_copy(update=texts))
