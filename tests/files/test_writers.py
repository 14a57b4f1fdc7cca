"""Work in threads: what may go beside other work, what must not, and what a failure leaves."""

import threading
import time

import pytest

from sdgen.errors import OutputError
from sdgen.files import writers
from sdgen.files.writers import WriterPool

SECONDS = 20
"""After so long, what should have happened will not."""


class Diary:
    """Who had a turn, and whose outcome came back, each in order."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.told: list[int] = []

    def work(self, number: int, *, seconds: float = 0.0, error: BaseException | None = None):
        def do(turn):
            time.sleep(seconds)
            turn()
            if error:
                raise error
            self.turns.append(number)
            return number

        return do


def test_turns_and_outcomes_keep_the_order_whatever_takes_longer():
    diary = Diary()
    with WriterPool() as pool:
        for number in range(24):
            pool.hand_in(diary.work(number, seconds=(number % 3) / 200), diary.told.append)
    assert diary.turns == diary.told == list(range(24))


def test_what_comes_before_the_turn_goes_beside_the_others():
    meeting = threading.Barrier(writers.THREADS)

    def meet(turn):
        meeting.wait(SECONDS)  # breaks if they come one after the other
        turn()

    with WriterPool() as pool:
        for _ in range(writers.THREADS):
            pool.hand_in(meet, lambda _: None)


def test_outcomes_come_back_in_the_thread_that_handed_in_and_without_waiting_for_it():
    gate, heard = threading.Event(), []
    with WriterPool() as pool:
        pool.hand_in(lambda _: gate.wait(SECONDS), heard.append)
        pool.poll()
        assert heard == []
        gate.set()
        until = time.monotonic() + SECONDS
        while not heard and time.monotonic() < until:
            pool.poll()
        assert heard == [True]


@pytest.mark.parametrize("first", [0, 1, 5])
def test_nothing_has_a_turn_after_a_failure(first: int):
    diary = Diary()

    def use() -> None:
        with WriterPool() as pool:
            for number in range(10):
                error = OutputError("the disk is full") if number == first else None
                pool.hand_in(diary.work(number, seconds=0.01, error=error), diary.told.append)

    with pytest.raises(OutputError, match="the disk is full"):
        use()
    assert diary.turns == diary.told == list(range(first))


def test_the_first_of_two_failures_is_told():
    def use() -> None:
        with WriterPool() as pool:
            pool.hand_in(Diary().work(0, seconds=0.1, error=OutputError("first")), print)
            pool.hand_in(Diary().work(1, error=OutputError("second")), print)

    with pytest.raises(OutputError, match="first"):
        use()


def test_work_in_hand_is_done_when_the_drawing_is_stopped():
    diary = Diary()

    def use() -> None:
        with WriterPool() as pool:
            for number in range(6):
                pool.hand_in(diary.work(number, seconds=0.01), diary.told.append)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert diary.turns == diary.told == list(range(6))


@pytest.mark.parametrize(("size", "most"), [(1, writers.MOST_WAITING), (2**24, 4), (2**30, 1)])
def test_so_much_is_held_and_then_the_drawing_waits(size: int, most: int):
    gate = threading.Event()
    settled: list[bool] = []
    with WriterPool() as pool:
        for _ in range(most):
            pool.hand_in(lambda _: gate.wait(SECONDS), settled.append, size=size)
        assert settled == []
        threading.Timer(0.1, gate.set).start()
        pool.hand_in(lambda _: True, settled.append, size=size)
        assert settled, "there was no room before one was done"
    assert settled == [True] * (most + 1)
