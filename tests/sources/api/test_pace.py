"""So many calls in so many seconds, however fast and by however many threads they are wanted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from sources.api.pace import Pace


class Clock:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> float:
        return self.seconds


@given(st.integers(1, 6), st.integers(1, 30), st.lists(st.floats(0, 20), max_size=40))
def test_no_span_holds_more_calls_than_it_may(calls: int, seconds: int, pauses: list[float]) -> None:
    clock = Clock()
    pace = Pace(calls, seconds, sleep=clock.sleep, now=clock.now)
    taken = []
    for pause in pauses:
        clock.sleep(pause)
        pace.take()
        taken.append(clock.now())
    for early, late in zip(taken, taken[calls:], strict=False):
        assert late - early >= seconds - 1e-6


def test_calls_within_the_limit_do_not_wait() -> None:
    clock = Clock()
    pace = Pace(3, 60, sleep=clock.sleep, now=clock.now)
    for _ in range(3):
        pace.take()
    assert clock.now() == 1000
    pace.take()
    assert clock.now() == 1060


def test_threads_share_one_limit() -> None:
    clock = Clock()
    pace = Pace(5, 10, sleep=clock.sleep, now=clock.now)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pace.take(), range(20)))
    assert clock.now() == 1030
