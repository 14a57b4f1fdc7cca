"""Seeds, identities, names and shards: the same in every run, whatever stands around a row."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.batch.jobs import Job, Shard, make_jobs, parse_shard, select
from sdgen.errors import InputError
from tests.batch.conftest import drafts_of
from tests.fakes import FAKE_MODEL


def jobs_of(text: str, base_seed: int = 1, **options) -> list[Job]:
    return make_jobs(drafts_of(text).items, base_seed, **options)


def seeds(text: str, base_seed: int = 1) -> list[int]:
    return [job.settings.seed for job in jobs_of(text, base_seed)]


def test_inserted_rows_leave_the_others_alone() -> None:
    before = {job.id: job.settings.seed for job in jobs_of("a fox\nan owl\na fox")}
    after = {job.id: job.settings.seed for job in jobs_of("a bear\na fox\n\na cat\na fox\nan owl")}
    assert before.items() < after.items()


def test_base_seed_decides_drawn_seeds() -> None:
    assert seeds("a\nb", 1) == seeds("a\nb", 1)
    assert not set(seeds("a\nb", 1)) & set(seeds("a\nb", 2))


def test_equal_rows_get_different_seeds() -> None:
    assert len(set(seeds("a\na\na"))) == 3


def test_rows_that_differ_in_a_setting_share_the_seed() -> None:
    one, other = seeds("matrix: {prompt: [a], steps: [1, 2]}")
    assert one == other


def test_given_seed_counts_up_over_the_pictures_of_a_row() -> None:
    assert seeds('{"prompt": "a", "seed": 7, "n": 3}\n{"prompt": "b", "seed": 7}') == [7, 8, 9, 7]


def test_drawn_seed_counts_up_over_the_pictures_of_a_row() -> None:
    first, second = seeds('{"prompt": "a", "n": 2}')
    assert second == first + 1


def test_equal_pictures_are_different_jobs() -> None:
    ids = [job.id for job in jobs_of("a --d 7,7\n")]
    assert len(set(ids)) == 2


def test_other_weights_are_another_job(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def job_of(content: bytes) -> Job:
        (tmp_path / "w.safetensors").write_bytes(content)
        model = replace(FAKE_MODEL, folder=tmp_path, weights=("w.safetensors",))
        [job] = make_jobs(drafts_of("a --d 1", find=lambda name: model).items, 1)
        return job

    assert job_of(b"one").id == job_of(b"one").id
    assert job_of(b"one").id != job_of(b"two").id


def test_names_come_from_prompt_and_seed() -> None:
    assert [job.stem for job in jobs_of("a red fox --d 7\nb --d 1 --f owl")] == [
        "a-red-fox-7",
        "owl",
    ]


def test_row_of_several_pictures_numbers_its_name() -> None:
    stems = [job.stem for job in jobs_of("b --d 1,2,3 --f owl\na --d 1 --f fox")]
    assert stems == ["owl-1", "owl-2", "owl-3", "fox"]


def test_names_that_meet_are_numbered_and_own_names_go_first() -> None:
    text = "A fox --d 7\na fox --d 7\nx --d 1 --f a-fox-7\nb --d 1 --f a-fox-7-2"
    assert [job.stem for job in jobs_of(text)] == ["A-fox-7-3", "a-fox-7-4", "a-fox-7", "a-fox-7-2"]


def test_template_names_the_rest() -> None:
    stems = [job.stem for job in jobs_of("a\nb --f owl\nc", template="{index:03}")]
    assert stems == ["000", "owl", "002"]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(1, 7), st.none() | st.integers(0, 50))
def test_shards_are_the_whole_and_never_overlap(count: int, shards: int, limit: int | None) -> None:
    jobs = jobs_of("\n".join(f"fox {index}" for index in range(count + 1)))
    parts = [select(jobs, Shard(index + 1, shards), limit) for index in range(shards)]
    drawn = [job.id for part in parts for job in part]
    assert sorted(drawn) == sorted(job.id for job in jobs[:limit])
    assert len(drawn) == len(set(drawn))


def test_shard_is_read() -> None:
    assert parse_shard("2/5") == Shard(2, 5)


@pytest.mark.parametrize("text", ["0/5", "6/5", "1", "a/b", "1/0", "-1/5", "1/5/2", "٢/٥"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="shard must be such as 2/5"):
        parse_shard(text)
