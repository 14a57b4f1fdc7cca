"""Who draws a batch: this process, workers of this machine, or a cluster."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated

import typer

from sdgen import engine
from sdgen.batch.executor import Executor, OpenExecutor
from sdgen.batch.outcomes import Observer
from sdgen.cli.optional import HERE, is_cluster
from sdgen.errors import InputError
from sdgen.stop import Stop

MOST_WORKERS = 256

Gpus = Annotated[
    str | None,
    typer.Option("--gpus", metavar="LIST", help="Draw on several GPUs, a process each: all, 0,2."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, max=MOST_WORKERS, metavar="N",
        help="Draw with N processes on the CPU, which share its cores; with --ray, with N of them.",
    ),
]  # fmt: skip


Ray = Annotated[
    str | None,
    typer.Option(
        "--ray", metavar="[ADDRESS]",
        help="Draw on a Ray cluster: auto, HOST:6379, ray://HOST:10001; alone, on this machine.",
    ),
]  # fmt: skip


def open_here(device: str, kernels: str, offload: str) -> OpenExecutor:
    """The executor of this process."""

    def opened(*_: object) -> AbstractContextManager[Executor]:
        from sdgen.batch.local import open_local  # what draws loads when there is something to draw

        return open_local(partial(engine.open_generator, device, kernels, offload))

    return opened


def executor_for(
    device: str,
    kernels: str,
    offload: str,
    *,
    gpus: str | None = None,
    workers: int | None = None,
    ray: str | None = None,
) -> OpenExecutor:
    """The executor that was asked for; it is opened if there is something to draw.

    Raises:
        InputError: What was asked for does not go together, or is no list of GPUs.
    """
    if ray is not None:
        if gpus is not None:
            raise InputError("--ray draws on all GPUs of the cluster", hint="--workers N takes N")
        return _on_cluster(parse_address(ray), device, kernels, offload, workers)
    if gpus is not None and workers is not None:
        raise InputError("--gpus and --workers cannot be had together", hint="a GPU has one worker")
    if gpus is not None:
        if device != "auto":
            raise InputError(f"--gpus says what draws, and --device {device} something else")
        return _on_gpus(parse_gpus(gpus), kernels, offload)
    if workers is not None:
        if device not in ("auto", "cpu"):
            raise InputError(f"--workers draw on the CPU, not on {device}", hint="--gpus all")
        return _on_the_cpu(workers, kernels, offload)
    return open_here(device, kernels, offload)


def parse_address(text: str) -> str | None:
    """The address of a cluster; None stands for one of this machine's own.

    Raises:
        InputError: It is none.
    """
    if not is_cluster(text):
        raise InputError(
            f"--ray {text!r} is no address of a cluster", hint="auto, HOST:6379, ray://HOST:10001"
        )
    return None if text == HERE else text


def parse_gpus(text: str) -> tuple[int, ...] | None:
    """Read `0,2`; None stands for `all`.

    Raises:
        InputError: It is neither, or names one twice.
    """
    if text.strip().lower() == "all":
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        raise InputError(f"--gpus must be all, or numbers such as 0,2, not {text!r}")
    numbers = tuple(map(int, parts))
    if len(set(numbers)) < len(numbers):
        raise InputError(f"--gpus {text} names one twice")
    return numbers


def _on_cluster(
    address: str | None, device: str, kernels: str, offload: str, workers: int | None
) -> OpenExecutor:
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"--ray chooses the GPU itself, not {device}", hint="--device cuda")

    def opened(stop: Stop, observer: Observer) -> AbstractContextManager[Executor]:
        from sdgen.batch.on_cluster import Wanted, open_cluster

        return open_cluster(address, Wanted(device, kernels, offload, workers), stop, observer)

    return opened


def _on_gpus(wanted: Sequence[int] | None, kernels: str, offload: str) -> OpenExecutor:
    def opened(stop: Stop, _: Observer) -> AbstractContextManager[Executor]:
        from sdgen.batch.seats import gpu_seats
        from sdgen.batch.workers import open_workers

        return open_workers(gpu_seats(wanted, kernels, offload), stop)

    return opened


def _on_the_cpu(count: int, kernels: str, offload: str) -> OpenExecutor:
    def opened(stop: Stop, _: Observer) -> AbstractContextManager[Executor]:
        from sdgen.batch.seats import cpu_seats
        from sdgen.batch.workers import open_workers

        return open_workers(cpu_seats(count, kernels, offload), stop)

    return opened
