"""Batches of painted pictures: rows as text, a folder, a generator that counts what it drew."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdgen.batch.drafts import Drafts, draft_jobs
from sdgen.batch.jobfiles import read_job_file
from sdgen.batch.outcomes import BatchSummary
from sdgen.batch.run import run_batch
from sdgen.files.reading import read_record_of
from tests.fakes import PaintedGenerator, find_fake

DraftsOf = Callable[..., Drafts]
Run = Callable[..., BatchSummary]


def drafts_of(text: str | bytes, dialect: str | None = None, **options: Any) -> Drafts:
    """Check `text` as a job file from stdin."""
    data = text.encode() if isinstance(text, str) else text
    job_file = read_job_file(io.BytesIO(data), dialect=dialect)
    return draft_jobs(job_file, find=options.pop("find", find_fake), **options)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def painter() -> PaintedGenerator:
    return PaintedGenerator()


@pytest.fixture
def run(out: Path, painter: PaintedGenerator) -> Run:
    """Run rows into `out`."""

    def run(text: str, *args: Any, **options: Any) -> BatchSummary:
        return run_batch(drafts_of(text), out, lambda: painter, *args, **options)

    return run


def pictures(folder: Path) -> dict[str, str]:
    """Every picture in `folder`: its name → the fingerprint of its pixels; all complete."""
    found = {}
    for path in sorted(folder.rglob("*.png")):
        record = read_record_of(path)
        assert read_record_of(path.with_suffix(".json")) == record
        found[path.relative_to(folder).as_posix()] = record.image.sha256
    return found


def job_ids(folder: Path) -> list[str]:
    """The job of every picture in `folder`."""
    records = [read_record_of(path) for path in sorted(folder.rglob("*.png"))]
    return [record.job.id for record in records if record.job]
