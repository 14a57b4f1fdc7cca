"""The executor of a Ray cluster: the rules of `workers.py` for workers on many machines.

One actor a GPU, or a share of the CPUs, each of which loads a model once and is given one unit at a
time; the rest waits here. Where the cluster grows, so does the number of workers.
"""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from sdgen import engine
from sdgen.batch.cluster_link import Link
from sdgen.batch.cluster_messages import Arrived, Dismiss, Gone, Hire, Said, Tell
from sdgen.batch.elsewhere import carried
from sdgen.batch.executor import Executor
from sdgen.batch.hired import versions
from sdgen.batch.messages import Ask, Ended, Opening, Order
from sdgen.batch.outcomes import Observer
from sdgen.batch.process import Heard, Seat, Worker
from sdgen.batch.units import Unit
from sdgen.batch.workers import WorkersExecutor
from sdgen.errors import GenerationError, InputError
from sdgen.files.folders import OpenFolder, writing
from sdgen.stop import Stop

PATIENCE_SECONDS = 30.0
"""After so long, it is told that nobody has come yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workers are wanted.

    Attributes:
        device: cuda has workers on GPUs, cpu on CPUs, auto on GPUs where there are any.
        kernels, offload: As for `open_generator`.
        workers: So many, whether or not there is room by now; None takes all that there is.
    """

    device: str = "auto"
    kernels: str = "eager"
    offload: str = "auto"
    workers: int | None = None


@contextmanager
def open_cluster(
    address: str | None, wanted: Wanted, stop: Stop, observer: Observer
) -> Iterator[Executor]:
    """The executor of the cluster at `address`; None begins one on this machine, for this run.

    Args:
        address: `auto`, `host:6379` or `ray://host:10001`.
        wanted: The workers.
        stop: Looked at while nobody has come yet.
        observer: Hears that one waits.

    Raises:
        InterruptedRunError: `stop` was requested.
        InputError: ray is not installed; the cluster is not there, refuses us, or has no GPU.
    """
    if find_spec("ray") is None:
        raise InputError("--ray needs ray, which is not installed", hint="pip install 'sdgen[ray]'")
    with ExitStack() as stack:
        link = stack.enter_context(Link.to(address))
        crew = ClusterExecutor(link, wanted, stop, observer)
        stack.callback(crew.end)
        crew.open()
        yield crew


class HiredWorker(Worker):
    """A worker of the cluster, from the wish to have it on."""

    def __init__(self, crew: "ClusterExecutor", seat: Seat, heard: Heard) -> None:
        super().__init__(seat)
        self.number = crew.next_number()
        self._crew, self._heard = crew, heard
        self._how = "was lost with the cluster"
        crew.link.add(self)
        crew.link.send(Hire(self.number, seat.opening, crew.cpus, crew.gpus))

    def send(self, order: Order) -> None:
        """Say something, with what another machine needs to understand it."""
        if isinstance(order, Unit | Ask):
            probe = self._crew.probe_in(order) if isinstance(order, Unit) else ""
            self._crew.link.send(Tell(self.number, carried(order, probe)))
        else:
            self._crew.link.send(Tell(self.number, order))

    def end(self) -> str:
        """Let the cluster have its place back."""
        self._crew.link.send(Dismiss(self.number))
        return self._how

    def hear(self, news: Arrived | Said | Gone | None) -> None:
        """What is told of this worker; None where the link is gone."""
        match news:
            case Arrived(_, machine, found):
                name = self.seat.name.partition(" on ")[0]
                self.seat = Seat(f"{name} on {machine}", self.seat.opening)
                fault = self._crew.fault_in(found)
                if fault:
                    self._heard.put((self, Ended(InputError(f"{machine} {fault}", hint=_SAME))))
            case Said(_, reply):
                self._heard.put((self, reply))
            case Gone(_, how, fault):
                self._how = how
                self._heard.put((self, Ended(InputError(fault, hint=_SAME)) if fault else None))
            case None:
                hint = "the same command goes on from here"
                error = GenerationError("the Ray cluster is gone", hint=hint)
                self.is_ready = True  # the end of all of them, not of this one alone
                self._heard.put((self, Ended(error)))


_SAME = "install the same sdgen, with the same packages, on all machines"


class ClusterExecutor(WorkersExecutor):
    """Gives units to workers of a cluster, as many as it has room for."""

    def __init__(self, link: Link, wanted: Wanted, stop: Stop, observer: Observer) -> None:
        super().__init__([], stop, partial(HiredWorker, self))
        self.link = link
        self._observer, self._workers_wanted = observer, wanted.workers
        self._waits_since, self._has_told = time.monotonic(), False
        there = link.resources
        is_gpu = wanted.device == "cuda" or (wanted.device == "auto" and there.gpus > 0)
        if is_gpu and not there.gpus and wanted.workers is None:
            hint = "--workers N waits for N of them; --device cpu draws without"
            raise InputError("the Ray cluster has no GPU", hint=hint)
        self.gpus = 1.0 if is_gpu else 0.0
        self.cpus = 1.0 if is_gpu else float(_cpus_each(there.cpus, wanted.workers))
        self._seats = self._numbers = 0
        self._opening = Opening(
            partial(
                engine.open_generator, "cuda" if is_gpu else "cpu", wanted.kernels, wanted.offload
            ),
            {} if is_gpu else {"OMP_NUM_THREADS": _threads(int(self.cpus))},
        )
        self._versions: Mapping[str, str] = {}
        self._probes = ExitStack()
        self._probe: dict[Path, str] = {}
        self._kinds: tuple[str, ...] = ()
        self._grow()

    def next_number(self) -> int:
        """A number that no other worker has."""
        self._numbers += 1
        return self._numbers

    def fault_in(self, found: Mapping[str, str]) -> str:
        """What is wrong with a worker's versions: its sdgen must be ours, the rest all alike."""
        ours = versions()["sdgen"]
        if found["sdgen"] != ours:
            return f"has sdgen {found['sdgen']}, and this is {ours}"
        self._versions = self._versions or found
        for name, version in self._versions.items():
            if found[name] != version:
                return f"has {name} {found[name]}, and others {version}: its pictures would differ"
        return ""

    def probe_in(self, unit: Unit) -> str:
        """The name of a file that lies in the unit's folder for the time of the run."""
        folder = unit.target.folder
        if not isinstance(folder, Path):
            return ""
        if folder not in self._probe:
            with writing(folder):
                home = self._probes.enter_context(OpenFolder.real(folder))
                name = f"probe-{secrets.token_hex(8)}"
                self._probe[folder] = self._probes.enter_context(home.temporary(name, b"sdgen\n"))
        return self._probe[folder]

    def end(self) -> None:
        """Let no worker be left."""
        super().end()
        self._probes.close()

    def _hear(self) -> None:
        """As for workers of this machine; and while nobody has come yet, one may stop waiting."""
        super()._hear()
        if any(worker.is_ready for worker in self._workers):
            self._has_told = True
            return
        self._stop.check()
        if not self._has_told and time.monotonic() > self._waits_since + PATIENCE_SECONDS:
            self._has_told = True
            self._observer.warned(
                "no worker has come yet: the cluster is full, or still growing; sdgen waits"
            )

    def _give_out(self, units: Iterator[Unit]) -> None:
        self._grow()
        super()._give_out(units)

    def _grow(self) -> None:
        """Take seats for what has come to the cluster."""
        there = self.link.resources
        room = there.gpus if self.gpus else len(there.cpus)
        wanted = room if self._workers_wanted is None else self._workers_wanted
        for number in range(self._seats, wanted):
            self._empty.append(Seat(f"worker {number + 1}", self._opening))
        self._seats = max(self._seats, wanted)
        if self.gpus and len(there.kinds) > 1 and there.kinds != self._kinds:
            self._kinds = there.kinds
            self._warn(
                f"the cluster has different GPUs ({', '.join(there.kinds)}): a picture may differ "
                "by a level from one to the other; its record says which drew it"
            )


def _cpus_each(nodes: tuple[float, ...], most: int | None) -> int:
    """CPUs for a worker: all of a node, or an equal part of the cluster's."""
    if not nodes:
        return 1
    share = sum(nodes) // most if most else nodes[0]
    return max(1, int(min(share, nodes[-1])))


def _threads(cpus: int) -> str:
    return os.environ.get("OMP_NUM_THREADS") or str(cpus)
