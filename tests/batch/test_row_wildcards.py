"""Folders of wildcards that rows name: in place of the command's, from where the job file lies."""

from pathlib import Path

import pytest

from sdgen.batch.drafts import draft_jobs
from sdgen.batch.jobfiles import read_job_file
from sdgen.batch.jobs import make_jobs
from sdgen.errors import InputError
from sdgen.files.wording import wording_of
from tests.batch.conftest import drafts_of
from tests.fakes import find_fake


@pytest.fixture
def folders(tmp_path, monkeypatch) -> Path:
    """`warm` and `cold` in a folder that is not the current one."""
    for name, colour in (("warm", "red"), ("cold", "blue")):
        (tmp_path / "book" / name).mkdir(parents=True)
        (tmp_path / "book" / name / "colour.txt").write_text(f"{colour}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "book"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs.yaml", "- {prompt: a __colour__ fox, wildcards: warm}\n"
                      "- {prompt: a __colour__ fox, wildcards: cold}"),
        ("jobs.yaml", "defaults: {wildcards: warm}\njobs:\n- a __colour__ fox\n"
                      "- {prompt: a __colour__ fox, wildcards: cold}"),
        ("jobs.yaml", "jobs: [a __colour__ fox]\nmatrix: {wildcards: [warm, cold]}"),
        ("jobs.jsonl", '{"prompt": "a __colour__ fox", "wildcards": "warm"}\n'
                       '{"prompt": "a __colour__ fox", "wildcards": "cold"}'),
        ("jobs.csv", "prompt,wildcards\na __colour__ fox,warm\na __colour__ fox,cold\n"),
    ],
)  # fmt: skip
def test_each_dialect_from_where_the_file_lies(folders, name, text):
    (folders / name).write_text(text)
    drafts = draft_jobs(read_job_file(folders / name), find=find_fake)
    jobs = make_jobs(drafts.items, 1)
    assert [job.settings.prompt for job in jobs] == ["a red fox", "a blue fox"]
    assert {job.written.prompt for job in jobs} == {"a __colour__ fox"}
    assert len({job.id for job in jobs}) == 2


def test_they_stand_in_place_of_the_commands(folders):
    wording = wording_of(folders / "warm", [])
    text = "- {prompt: a __colour__ fox, wildcards: book/cold}\n- a __colour__ owl\n"
    text += "- {prompt: a __colour__ cat, wildcards: ''}"
    jobs = make_jobs(drafts_of(text, wording=wording).items, 1, wording=wording)
    assert [job.settings.prompt for job in jobs] == ["a blue fox", "a red owl", "a red cat"]


@pytest.mark.parametrize(
    ("said", "told"),
    [("gone", r":1:\d+: there is no folder of wildcards '.*gone'"),
     ("7", r":1:\d+: wildcards must be a folder, not 7"),
     ("book/warm, prompt: a __size__ fox", r"there is no wildcard 'size'")],
)  # fmt: skip
def test_faults_have_their_place(folders, said, told):
    text = f"- {{wildcards: {said}{'' if 'prompt' in said else ', prompt: a fox'}}}"
    with pytest.raises(InputError, match=told):
        drafts_of(text)
