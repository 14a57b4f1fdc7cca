"""How much memory is free: of this machine, and of a GPU. Without torch until a GPU is asked."""

from functools import cache
from pathlib import Path
from typing import Any


def main_memory() -> int | None:
    """Bytes that the system has and the container may take; None where nobody tells."""
    found = []
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024)
    limit, used = (_lines(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit and used and limit[0].isdigit():
        found.append(int(limit[0]) - int(used[0]))
    return min(found) if found else None


@cache
def at_first() -> int | None:
    """`main_memory` when it was first asked: before this process took any for a model."""
    return main_memory()


def free_on(device: Any) -> int | None:
    """Bytes that a model may take on `device`, a torch.device, that of the last one included."""
    if device.type == "cpu":
        return at_first()
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(free) + torch.cuda.memory_reserved(device)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
