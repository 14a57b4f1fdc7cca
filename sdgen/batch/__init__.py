"""Many: job files become jobs, jobs become outcomes.

The way of a batch, each step a function of its own: `jobfiles.read_job_file` (a text in some
dialect), `drafts.draft_jobs` (every row merged and checked), then `preview.preview_batch` or
`run.run_batch`.
"""
