"""`--ray` and what may stand behind it; the cluster itself is in tests/batch/test_on_cluster.py."""

import pytest

from sdgen.cli.optional import with_values


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("batch a.txt --ray", "batch a.txt --ray local"),
        ("batch --ray a.txt", "batch --ray local a.txt"),
        ("batch --ray --dry-run a.txt", "batch --ray local --dry-run a.txt"),
        ("batch --ray auto a.txt", "batch --ray auto a.txt"),
        ("batch --ray head-1.example:6379 a", "batch --ray head-1.example:6379 a"),
        ("batch --ray ray://[::1]:10001 a", "batch --ray ray://[::1]:10001 a"),
        ("batch --ray=auto a.txt", "batch --ray=auto a.txt"),
    ],
)
def test_it_may_stand_alone(typed: str, meant: str):
    assert with_values(typed.split()) == meant.split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ray=head",), "no address of a cluster"),
        (("--ray=http://head:1",), "no address of a cluster"),
        (("--ray", "--gpus", "all"), "--ray draws on all GPUs"),
        (("--ray", "--device", "cuda:1"), "--ray chooses the GPU itself"),
    ],
)
def test_what_does_not_go_together_is_refused(sdgen, jobs, words, said: str):
    refused = sdgen("batch", jobs, *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_without_the_package_its_extra_is_named(sdgen, jobs, monkeypatch):
    monkeypatch.setattr("sdgen.batch.on_cluster.find_spec", lambda name: None)
    refused = sdgen("batch", jobs, "--ray")
    assert refused.exit_code == 2
    assert "pip install 'sdgen[ray]'" in refused.stderr


def test_only_one_file_imports_ray():
    from tests.cli.processes import ROOT

    found = [p.name for p in (ROOT / "sdgen").rglob("*.py") if "import ray\n" in p.read_text()]
    assert found == ["cluster.py"]
