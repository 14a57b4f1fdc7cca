"""The executor of this machine's workers: processes that each draw on a device of their own.

A worker that dies gives its unit back: what it had written is kept, and the rest is drawn by
another, in the same slots. A unit that takes three workers with it is reported, and the run goes
on. A seat whose worker dies three times without a unit in its call is left empty.
"""

import queue
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sdgen.batch.executor import Executor, Outcome, Run
from sdgen.batch.messages import (
    Answer,
    Ask,
    Drawing,
    Drawn,
    Ended,
    Finished,
    Loading,
    Noticed,
    Ready,
    Reply,
    StopNow,
)
from sdgen.batch.process import Begin, Held, Seat, Worker, WorkerProcess
from sdgen.batch.recovery import MOST_DEATHS, left_of, lost, written
from sdgen.batch.units import Unit
from sdgen.errors import GenerationError, InterruptedRunError, SdgenError
from sdgen.models import LocalModel
from sdgen.recipe.settings import Settings
from sdgen.stop import Stop

LOOK_SECONDS = 0.1
"""How often a wish to stop is looked for while nobody says anything."""

_TERMINATED = 15
"""What workers are told where not a person but a failure stops the run."""


@contextmanager
def open_workers(seats: Sequence[Seat], stop: Stop) -> Iterator[Executor]:
    """An executor with a worker for each of `seats`, started as there is something for it to do.

    Raises:
        SdgenError: No worker can be had: there is no such device, say. Or `stop` was requested.
    """
    crew = WorkersExecutor(seats, stop)
    try:
        crew.open()
        yield crew
    finally:
        crew.end()


class WorkersExecutor:
    """Gives units to worker processes, and hears what becomes of them."""

    def __init__(self, seats: Sequence[Seat], stop: Stop, begin: Begin = WorkerProcess) -> None:
        self._stop, self._begin = stop, begin
        self._empty = deque(seats)
        self._workers: list[Worker] = []
        self._heard: queue.SimpleQueue[tuple[Worker, Reply | None]] = queue.SimpleQueue()
        self._returned: deque[Unit] = deque()
        self._deaths: Counter[str | int] = Counter()
        """By seat's name, and by unit's number."""
        self._loading: set[str] = set()
        self._answers: deque[Answer] = deque()
        self._run: Run | None = None
        self._untold: list[str] = []
        self._failure: SdgenError | None = None

    def open(self) -> None:
        """Wait until one worker has its device.

        Raises:
            SdgenError: None of them can.
        """
        self._ready_one()

    def check_dtype(self, dtype: str) -> None:
        """Whether the workers' device can do `dtype`."""
        self._ask("check_dtype", dtype)

    def check_rng(self, rng: str) -> None:
        """Whether they can have noise from there."""
        self._ask("check_rng", rng)

    def micro_batch(self, settings: Settings, model: LocalModel) -> int:
        """How many pictures the device draws well together."""
        return self._ask("micro_batch", settings, model) or 1

    def chunks(self, settings: Settings, model: LocalModel) -> int:
        """How many chunks the longer prompt takes; a worker loads the model for it."""
        return self._ask("chunks", settings, model) or 1

    def draw(self, units: Iterator[Unit], run: Run, stop: Stop) -> None:
        """Give out units until all are noted."""
        self._run = run
        while self._untold:
            run.observer.warned(self._untold.pop(0))
        while not self._failure:
            if stop.requested is not None:
                self._wind_up(stop.requested)
                stop.check()
            try:
                self._give_out(units)
            except InterruptedRunError as error:  # while a worker was asked something
                self._wind_up(error.signal_number)
                raise
            if not any(worker.held for worker in self._workers) and not self._returned:
                return
            self._hear()
        self._wind_up(_TERMINATED)
        raise self._failure

    def end(self) -> None:
        """Let no worker be left; what they have in hand is dropped."""
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _give_out(self, units: Iterator[Unit]) -> None:
        """Let nobody be idle, and take a seat more for what nobody could begin."""
        while idle := [worker for worker in self._workers if worker.is_idle]:
            if not self._is_waiting(1, units):
                return
            if idle[0].is_idle:  # it may have died while a unit was cut
                idle[0].take(self._returned.popleft())
        coming = sum(not worker.is_ready for worker in self._workers)
        while self._empty and self._is_waiting(coming + 1, units):
            self._start()
            coming += 1

    def _is_waiting(self, count: int, units: Iterator[Unit]) -> bool:
        """Whether there are so many units to give out."""
        while len(self._returned) < count:
            unit = next(units, None)
            if unit is None:
                return False
            self._returned.append(unit)
        return True

    def _start(self) -> None:
        self._workers.append(self._begin(self._empty.popleft(), self._heard))

    def _ask(self, method: str, *words: str | Settings | LocalModel) -> int | None:
        """Have one worker answer, idle or not.

        Raises:
            SdgenError: As it answered, or because none lives.
        """
        while True:
            asked = self._ready_one()
            asked.send(Ask(method, words))
            while asked in self._workers and not self._answers:
                self._stop.check()
                self._hear()
            if not self._answers:
                continue
            answer = self._answers.popleft()
            if answer.error is not None:
                raise answer.error
            return answer.value

    def _ready_one(self) -> Worker:
        """A worker that has its device, the idle ones first."""
        while True:
            if self._failure:
                raise self._failure
            ready = [one for one in self._workers if one.is_ready and not one.has_ended]
            if ready:
                return next((one for one in ready if one.is_idle), ready[0])
            self._stop.check()
            if not self._workers:
                self._start()
            self._hear()

    def _hear(self) -> None:
        """Wait a little for what a worker says, and hear all that was said by then."""
        with suppress(queue.Empty):
            worker, reply = self._heard.get(timeout=LOOK_SECONDS)
            while True:
                self._handle(worker, reply)
                worker, reply = self._heard.get_nowait()

    def _handle(self, worker: Worker, reply: Reply | None) -> None:
        match reply:
            case Ready():
                worker.is_ready = True
            case Answer():
                self._answers.append(reply)
            case Ended():
                self._part(worker, reply)
            case None:
                self._bury(worker)
            case Finished():
                self._finish(worker, reply)
            case _:
                self._tell(worker, reply)

    def _tell(self, worker: Worker, reply: Reply) -> None:
        """Pass on what happens to whom it interests."""
        observer = self._running.observer
        match reply:
            case Loading(model) if str(model.folder) not in self._loading:
                self._loading.add(str(model.folder))
                observer.loading(model)
            case Drawing(number):
                observer.drawing(worker.held[number].unit.jobs)
            case Drawn(number):
                worker.drawing = None
                observer.drawn(worker.held[number].unit.jobs)
            case Noticed(number, job_id, notice):
                jobs = {job.id: job for job in worker.held[number].unit.jobs}
                observer.noticed(jobs[job_id], notice)

    @property
    def _running(self) -> Run:
        assert self._run is not None
        return self._run

    def _finish(self, worker: Worker, reply: Finished) -> None:
        held = worker.held[reply.number]
        self._note(held, reply.outcomes)
        self._deaths[worker.seat.name] = 0
        if held.is_complete:
            del worker.held[reply.number]
            if worker.drawing == reply.number:  # it could not even be begun
                worker.drawing = None

    def _note(self, held: Held, outcomes: Sequence[Outcome]) -> None:
        self._running.note(held.unit, outcomes)
        self._running.tell(held.unit, outcomes)
        held.noted |= {one.id for one in outcomes}

    def _part(self, worker: Worker, reply: Ended) -> None:
        """Hear a worker's last word: the run is stopped, or cannot go on."""
        worker.has_ended = True
        if reply.bug:
            raise RuntimeError(f"{worker.seat.name} failed:\n{reply.bug}")
        if reply.error is None or isinstance(reply.error, InterruptedRunError):
            return
        others = [one for one in self._workers if one is not worker]
        if worker.is_ready or not (others or self._empty):
            self._failure = self._failure or reply.error
        else:
            self._warn(f"{worker.seat.name} is not used: {reply.error}")

    def _warn(self, line: str) -> None:
        if self._run:
            self._run.observer.warned(line)
        else:
            self._untold.append(line)

    def _bury(self, worker: Worker) -> None:
        """See to what a worker leaves behind."""
        how = worker.end()
        self._workers.remove(worker)
        if worker.has_ended:
            return
        drawing = worker.drawing
        for number, held in worker.held.items():
            self._give_back(held, how, is_blamed=number == drawing)
        if drawing is None:
            self._deaths[worker.seat.name] += 1
        else:
            place = worker.held[drawing].unit.jobs[0].source
            self._warn(f"{worker.seat.name} {how} while it drew {place}")
        if self._deaths[worker.seat.name] < MOST_DEATHS:
            self._empty.append(worker.seat)
        elif not (self._workers or self._empty):
            hint = "see whether memory is short; the same command goes on from here"
            self._failure = GenerationError(f"{worker.seat.name} {how} again and again", hint=hint)

    def _give_back(self, held: Held, how: str, *, is_blamed: bool) -> None:
        """Note what was written of a unit, and let another worker draw the rest."""
        found = [one for one in written(held.unit) if one.id not in held.noted]
        self._note(held, found)
        left = left_of(held.unit, held.noted)
        if left is None:
            return
        self._deaths[left.number] += is_blamed
        if self._deaths[left.number] < MOST_DEATHS:
            self._returned.append(left)
            return
        self._note(held, lost(left, how))

    def _wind_up(self, signal_number: int) -> None:
        """Stop all after their step, and hear what they still have to say."""
        for worker in list(self._workers):
            worker.send(StopNow(signal_number))
            if not worker.is_ready:
                worker.has_ended = True
                worker.end()
        while any(not worker.has_ended for worker in self._workers):
            self._hear()
