"""How a lack of memory is told, by Python, the system's loader, the allocators and the devices."""

import errno
import re
from collections.abc import Iterator

_SIGNS = re.compile(
    "allocate memory|out of memory|ALLOC_FAILED|could not create a primitive(?! descriptor)"
    "|failed to map segment",
    re.IGNORECASE,
)
"""In a plain RuntimeError: the CPU's allocator, CUDA, cuBLAS and cuDNN, oneDNN; in an ImportError:
the loader of shared libraries."""


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether `error`, or what it was raised from, is one of the many ways to say so."""
    return any(map(_says_so, _with_causes(error)))


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError | ImportError) and bool(_SIGNS.search(str(error)))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
