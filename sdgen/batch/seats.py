"""Where the workers of this machine draw: on its GPUs, one each, or side by side on its CPU."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from sdgen import engine
from sdgen.batch.messages import Opening
from sdgen.batch.process import Seat
from sdgen.errors import InputError

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_THREADS = "OMP_NUM_THREADS"
_COUNT = "import torch; print(torch.cuda.device_count())"


def gpu_seats(
    wanted: Sequence[int] | None,
    kernels: str,
    offload: str = "auto",
    environment: Mapping[str, str] = os.environ,
) -> list[Seat]:
    """A seat on each GPU that is wanted; None wants all that CUDA_VISIBLE_DEVICES lets us see.

    Raises:
        InputError: There is none, or not that one.
    """
    there = count_gpus()
    if not there:
        raise InputError("there is no GPU here", hint="--workers 4 draws with processes on the CPU")
    numbers = range(there) if wanted is None else wanted
    for number in numbers:
        if number >= there:
            last = f"they are 0 to {there - 1}" if there > 1 else "the only one is 0"
            raise InputError(f"there is no GPU {number}", hint=last)
    visible = [one.strip() for one in environment.get(_VISIBLE, "").split(",") if one.strip()]
    opened = partial(engine.open_generator, "cuda", kernels, offload)
    return [
        Seat(
            f"the worker on GPU {number}",
            Opening(
                opened,
                {_VISIBLE: visible[number] if number < len(visible) else str(number)}
                | _threads(len(numbers), environment),
            ),
        )
        for number in numbers
    ]


def cpu_seats(
    count: int,
    kernels: str,
    offload: str = "auto",
    environment: Mapping[str, str] = os.environ,
) -> list[Seat]:
    """So many seats on the CPU, whose cores are shared out between them."""
    opened = partial(engine.open_generator, "cpu", kernels, offload)
    threads = _threads(count, environment)
    return [Seat(f"worker {number}", Opening(opened, threads)) for number in range(1, count + 1)]


def count_gpus() -> int:
    """How many GPUs torch sees, asked in a process of its own: it does not belong in this one."""
    words = [sys.executable, "-c", _COUNT]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    return int(told[-1]) if told and told[-1].isdigit() else 0


def _threads(count: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Cores for each of `count` processes, unless somebody has decided that."""
    if _THREADS in environment:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {_THREADS: str(max(1, (cores or 1) // count))}
