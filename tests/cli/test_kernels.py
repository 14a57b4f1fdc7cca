"""`--kernels`: what is refused, in words and with the exit code."""

from tests.cli.processes import REAL, run


def test_kernels_that_are_not_there_are_refused():
    done = run(*REAL, "a red fox", "--device", "cpu", "--kernels", "fused")
    assert done.returncode == 2
    assert "there are no fused kernels for the cpu" in done.stderr
