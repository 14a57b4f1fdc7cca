"""What a run says to the process that speaks with a cluster for it, and what it hears."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdgen.batch.elsewhere import Carried
from sdgen.batch.messages import Opening, Reply, StopNow


@dataclass(frozen=True, slots=True)
class Join:
    """The first word: which cluster; `address` is None for a new one on this machine."""

    address: str | None


@dataclass(frozen=True, slots=True)
class Hire:
    """Have a worker come, when the cluster has room: so many CPUs and GPUs for it alone."""

    number: int
    opening: Opening
    cpus: float
    gpus: float


@dataclass(frozen=True, slots=True)
class Tell:
    """An order for one worker."""

    number: int
    order: Carried | StopNow


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Let a worker be gone at once."""

    number: int


Request = Join | Hire | Tell | Dismiss


@dataclass(frozen=True, slots=True)
class Resources:
    """What the cluster has now: the CPUs of each node, GPUs in all, and their kinds."""

    cpus: tuple[float, ...]
    gpus: int
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A worker is there: on which machine, and with which versions of what decides pixels."""

    number: int
    machine: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker said."""

    number: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker is no more; why, in words. `fault` is what will happen to any other, too."""

    number: int
    how: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The cluster cannot be joined: one of a few known reasons, or `other` and what was said."""

    reason: str
    said: str = ""


News = Resources | Arrived | Said | Gone | Refused
