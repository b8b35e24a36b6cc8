"""Which day a run answers for, at the edges of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from dags.dag_support.as_of import resolve_as_of

BERLIN = "Europe/Berlin"


def test_a_given_day_wins() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert resolve_as_of(given="2026-01-31", data_interval_end=now, run_after=now, zone=BERLIN) == date(2026, 1, 31)


@pytest.mark.parametrize("given", ["31.01.2026", "yesterday", "2026-02-30"])
def test_a_day_that_is_none_is_refused(given: str) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match=r"(?i)isoformat|out of range"):
        resolve_as_of(given=given, data_interval_end=None, run_after=now, zone=BERLIN)


def test_without_an_interval_the_moment_of_the_trigger_decides() -> None:
    # 23:30 UTC is already the next day in Shanghai, and so the day that ended there is the UTC one
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert resolve_as_of(given=None, data_interval_end=None, run_after=moment, zone="Asia/Shanghai") == date(2026, 3, 1)
    assert resolve_as_of(given=None, data_interval_end=None, run_after=moment, zone=BERLIN) == date(2026, 3, 1)
    assert resolve_as_of(given=None, data_interval_end=None, run_after=moment, zone="America/New_York") == date(
        2026, 2, 28
    )


def test_an_interval_beats_a_late_start() -> None:
    # the night of 1 May, started two days late
    due, late = datetime(2026, 5, 1, 23, 30, tzinfo=UTC), datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert resolve_as_of(given=None, data_interval_end=due, run_after=late, zone=BERLIN) == date(2026, 5, 1)


@pytest.mark.parametrize(
    "zone", [BERLIN, "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Shanghai", "Australia/Lord_Howe"]
)
def test_a_year_of_nights_answers_for_every_day_once(zone: str) -> None:
    days = [
        resolve_as_of(given=None, data_interval_end=info.data_interval.end, run_after=info.run_after, zone=zone)
        for info in _nights(zone, datetime(2026, 1, 1, tzinfo=UTC), count=365)
    ]
    assert days == [days[0] + timedelta(days=number) for number in range(365)]


@pytest.mark.parametrize(
    ("day", "hours"),
    # 01:30 to 01:30 across the change of the clocks at 02:00 and 03:00
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)],
)
def test_berlin_nights_have_no_gap_where_the_clocks_change(day: date, hours: int) -> None:
    nights = _nights(BERLIN, datetime(2026, 1, 1, tzinfo=UTC), count=364)
    found = [
        night.data_interval
        for night in nights
        if resolve_as_of(given=None, data_interval_end=night.data_interval.end, run_after=night.run_after, zone=BERLIN)
        == day
    ]
    assert [(each.end - each.start).total_seconds() / 3600 for each in found] == [hours]
    for before, after in pairwise(nights):
        assert before.data_interval.end == after.data_interval.start


def test_a_stack_started_today_waits_for_the_coming_night() -> None:
    import pendulum
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.interval import CronDataIntervalTimetable

    now = pendulum.now("UTC")
    timetable = CronDataIntervalTimetable("30 1 * * *", timezone=BERLIN)
    earliest = now.subtract(days=1)
    info = timetable.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=earliest, latest=None, catchup=False),
    )
    assert info is not None
    assert now <= info.run_after <= now.add(hours=25)


def _nights(zone: str, start: datetime, *, count: int) -> list[Any]:
    import pendulum
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.interval import CronDataIntervalTimetable

    timetable = CronDataIntervalTimetable("30 1 * * *", timezone=zone)
    restriction = TimeRestriction(earliest=pendulum.instance(start), latest=None, catchup=True)
    found: list[Any] = []
    last = None
    for _ in range(count):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None:
            break
        found.append(info)
        last = info.data_interval
    return found
