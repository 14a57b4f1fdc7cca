"""A process of its own that speaks with a Ray cluster for a run: the only file that imports ray.

Apart from the run, since ray takes over signals, prints where and what it likes, and ends its
process where it loses the cluster. Requests come from stdin, news go to stdout; what ray prints
goes to stderr, which the run keeps from people. When the run is gone, so are this process and, with
it, its workers.
"""

import logging
import os
import pickle
import queue
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sdgen.batch.cluster_messages import (
    Arrived,
    Dismiss,
    Gone,
    Hire,
    Join,
    News,
    Refused,
    Request,
    Resources,
    Said,
    Tell,
)

LOOK_SECONDS = 0.05
RESOURCE_SECONDS = 3.0
ABANDONED = 75


def main() -> None:
    """Serve one run until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run hears it, and decides
    requests, news = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    join: Join = pickle.load(requests)
    try:
        _join(join.address)
    except BaseException as error:  # noqa: BLE001  # ray ends its own process where it gives up
        _send(news, Refused(*_reason(error)))
        return
    Pool(requests, news).serve()


def _join(address: str | None) -> None:
    import ray

    ray.init(
        address=address or "local",
        log_to_driver=False,
        logging_level=logging.CRITICAL,
        **({} if address else {"include_dashboard": False}),
    )


def _reason(error: BaseException) -> tuple[str, str]:
    """Why a cluster cannot be joined: a word for what is known, and what was said."""
    name, said = type(error).__name__, " ".join(str(error).split())
    if name == "AuthenticationError":
        return "token", ""
    if "ersion mismatch" in said:
        return "version", said
    if "ray[client]" in said:
        return "client", ""
    if isinstance(error, ConnectionError | SystemExit | TimeoutError):
        return "unreached", ""
    return "other", f"{name}: {said}"[:300]


def _send(news: BinaryIO, one: News) -> None:
    news.write(pickle.dumps(one))
    news.flush()


@dataclass(slots=True)
class _Hand:
    """A worker: ray's handle of it, and the call that will answer next."""

    number: int
    actor: Any
    has_arrived: bool = False


@dataclass(slots=True)
class Pool:
    """The workers of one run."""

    requests: BinaryIO
    news: BinaryIO
    _asked: "queue.SimpleQueue[Request]" = field(default_factory=queue.SimpleQueue)
    _hands: dict[int, _Hand] = field(default_factory=dict)
    _calls: dict[Any, _Hand] = field(default_factory=dict)
    """What ray will answer → whose it is."""
    _told: Resources | None = None
    _looked: float = 0.0

    def serve(self) -> None:
        """Do what the run wants, and tell what workers say, until the run is gone."""
        threading.Thread(target=self._read, daemon=True, name="requests").start()
        while True:
            self._tell_resources()
            with suppress(queue.Empty):
                while True:
                    self._do(self._asked.get_nowait())
            self._hear()

    def _read(self) -> None:
        while True:
            try:
                self._asked.put(pickle.load(self.requests))
            except (EOFError, OSError, pickle.UnpicklingError):
                _leave()

    def _do(self, request: Request) -> None:
        match request:
            case Hire():
                self._hire(request)
            case Tell(number, order) if number in self._hands:
                actor = self._hands[number].actor
                actor.order.options(concurrency_group="orders").remote(order)
            case Dismiss(number) if number in self._hands:
                self._dismiss(self._hands[number])
            case _:
                return

    def _hire(self, wanted: Hire) -> None:
        import ray

        from sdgen.batch.hired import Hired

        kind = ray.remote(concurrency_groups={"orders": 1, "replies": 1})(Hired)
        actor = kind.options(
            num_cpus=wanted.cpus, num_gpus=wanted.gpus, max_restarts=0, max_task_retries=0
        ).remote(wanted.opening)
        hand = self._hands[wanted.number] = _Hand(wanted.number, actor)
        self._calls[actor.arrive.options(concurrency_group="replies").remote()] = hand

    def _dismiss(self, hand: _Hand) -> None:
        import ray

        del self._hands[hand.number]
        self._calls = {call: one for call, one in self._calls.items() if one is not hand}
        with suppress(Exception):
            ray.kill(hand.actor)

    def _hear(self) -> None:
        """Wait a little for answers; what has come is passed on, and asked for again."""
        import ray

        if not self._calls:
            time.sleep(LOOK_SECONDS)
            return
        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=LOOK_SECONDS)
        for call in done:
            hand = self._calls.pop(call)
            try:
                answer = ray.get(call)
            except Exception as error:  # noqa: BLE001  # whatever it was, this worker is no more
                how, fault = _death(error)
                _send(self.news, Gone(hand.number, how, fault))
                self._dismiss(hand)
                continue
            self._pass_on(hand, answer)

    def _pass_on(self, hand: _Hand, answer: Any) -> None:
        if hand.has_arrived:
            for reply in answer:
                _send(self.news, Said(hand.number, reply))
        else:
            hand.has_arrived = True
            _send(self.news, Arrived(hand.number, *answer))
        self._calls[hand.actor.replies.options(concurrency_group="replies").remote()] = hand

    def _tell_resources(self) -> None:
        """What the cluster has, when that is new."""
        import ray

        if time.monotonic() < self._looked:
            return
        self._looked = time.monotonic() + RESOURCE_SECONDS
        there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        kinds = {key.partition(":")[2] for one in there for key in one if _is_kind(key)}
        cpus = sorted(one["CPU"] for one in there if one.get("CPU"))
        gpus = int(sum(one.get("GPU", 0) for one in there))
        found = Resources(tuple(cpus), gpus, tuple(sorted(kinds)))
        if found != self._told:
            self._told = found
            _send(self.news, found)


def _is_kind(key: str) -> bool:
    return key.startswith("accelerator_type:")


def _death(error: Exception) -> tuple[str, str]:
    """How a worker died, and what would befall any other."""
    said = str(error)
    if "No module named" in said:
        module = said.partition("No module named ")[2].partition("\n")[0].strip("'\" ")
        return "could not begin", f"a machine of the cluster has no {module}"
    if "node" in type(error).__name__.lower() or "its node has died" in said:
        return "went with its machine", ""
    if "OutOfMemory" in type(error).__name__:
        return "was ended for want of memory", ""
    return "died", ""


def _leave() -> None:
    """Let go of the cluster, or end the one that was begun here, and be gone."""
    import ray

    with suppress(Exception):
        ray.shutdown()
    os._exit(ABANDONED)
