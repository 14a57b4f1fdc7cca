"""Many: job files become jobs, jobs become outcomes.

The way of a batch, each step a function of its own: `read_job_file` (a text in some dialect),
`draft_jobs` (every row merged and checked), then `preview_batch` or `run_batch`.
"""

from sdgen.batch.draft import Draft
from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.jobfiles import DIALECTS, JobFile, read_job_file
from sdgen.batch.jobs import WHOLE, Job, Shard, parse_shard
from sdgen.batch.options import BatchOptions
from sdgen.batch.outcomes import BatchSummary, Failure, Observer
from sdgen.batch.preview import Preview, preview_batch
from sdgen.batch.run import run_batch

__all__ = [
    "DIALECTS",
    "WHOLE",
    "BatchOptions",
    "BatchSummary",
    "Draft",
    "Drafts",
    "Failure",
    "Job",
    "JobFile",
    "Observer",
    "Preview",
    "Shard",
    "draft_jobs",
    "parse_shard",
    "preview_batch",
    "read_job_file",
    "run_batch",
]
