"""How the tests are shared out; tiny real pipelines, built once in each test process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST_WORKERS = 8
"""Each holds torch in its memory and builds the tiny models for itself."""

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch is there: threads of several workers would wait for each other, spinning.
    os.environ["OMP_NUM_THREADS"] = "1"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core; none for a file or a test by its name, or for the one GPU."""
    files = {argument.partition("::")[0] for argument in config.args}
    is_small = len(files) == 1 and all(file.endswith(".py") for file in files)
    if is_small or config.option.markexpr == "gpu":
        return 0
    return min(_cores(), MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: at the end, when nothing is left to share, a worker would do them alone.

    They fork, too, which costs least while the process has no torch.
    """
    items.sort(key=lambda item: "faults" not in item.path.parts)


def _cores() -> int:
    """The cores that this process may use, which are fewer than the machine's in a container."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion folder of random weights, native size 64x64."""
    from tests.tiny_models import build_sd

    return build_sd(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def tiny_sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in the shape of SDXL."""
    from tests.tiny_models import build_sdxl

    return build_sdxl(tmp_path_factory.mktemp("models") / "tiny-sdxl")


@pytest.fixture
def float32_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` is float32 on every CPU, for tests that compare with float32 or share its model.

    Where a CPU has bfloat16 of its own, auto is that.
    """
    from sdgen.engine import devices

    real = devices.usual_dtype
    monkeypatch.setattr(
        devices, "usual_dtype", lambda on: "float32" if on.type == "cpu" else real(on)
    )


@pytest.fixture(scope="session")
def storage_server() -> Iterator[str]:
    """The address of an S3 server."""
    from tests.storage import serving

    with serving() as address:
        yield address


@pytest.fixture
def storage(storage_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same with one empty bucket, and keys for it in the environment."""
    from tests.storage import control, empty_bucket, forget, use

    use(monkeypatch, storage_server)
    empty_bucket(storage_server)
    yield storage_server
    control(storage_server, "reset-auth", "9999999")
    forget()
