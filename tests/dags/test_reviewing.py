"""The DAG that mails the relationships to review: when it runs, and what it starts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.dags.conftest import StandIn

# A Friday in Shanghai, after seven.
FRIDAY = datetime(2026, 5, 29, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("setting", "runs"),
    [
        ("week", ["2026-06-01", "2026-06-08", "2026-06-15"]),
        ("", ["2026-06-01", "2026-06-08", "2026-06-15"]),
        (None, ["2026-06-01", "2026-06-08", "2026-06-15"]),
        ("day", ["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04", "2026-06-05", "2026-06-08"]),
        ("month", ["2026-06-01", "2026-07-06", "2026-08-03"]),
    ],
)
def test_it_runs_at_seven_as_often_as_the_setting_says(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, runs: list[str]
) -> None:
    from airflow.sdk import CronTriggerTimetable
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable
    from airflow.timetables.base import DataInterval, TimeRestriction

    from dags.dag_support.defaults import review_times

    if setting is None:
        monkeypatch.delenv("GUANXI_REVIEWS_EVERY", raising=False)
    else:
        monkeypatch.setenv("GUANXI_REVIEWS_EVERY", setting)
    timetable = decode_timetable(encode_timetable(CronTriggerTimetable(review_times(), timezone="Asia/Shanghai")))
    last, found = FRIDAY, []
    for _ in runs:
        info = timetable.next_dagrun_info(
            last_automated_data_interval=DataInterval.exact(last),
            restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
        )
        assert info is not None
        last = info.run_after
        found.append(f"{last.in_timezone('Asia/Shanghai'):%Y-%m-%d %H:%M}")
    assert found == [f"{day} 07:00" for day in runs]


def test_it_starts_the_command_that_mails_and_tries_for_hours(bag: Any, stand_in: StandIn) -> None:
    from airflow.sdk.bases.operator import ExecutorSafeguard

    (task,) = bag.dags["review_relationships"].tasks
    token = ExecutorSafeguard.tracker.set(task)
    try:
        task.execute({})
    finally:
        ExecutorSafeguard.tracker.reset(token)
    assert stand_in.calls() == [["review", "--mail"]]
    waits = [min(300 * 2**number, task.max_retry_delay.total_seconds()) for number in range(task.retries)]
    assert sum(waits) > 3 * 3600, "a mail server that is down at seven is usually up by noon"


def test_a_mail_server_that_is_down_is_tried_again(bag: Any, stand_in: StandIn) -> None:
    from airflow.sdk.bases.operator import ExecutorSafeguard
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    (task,) = bag.dags["review_relationships"].tasks
    stand_in.script(review={"status": 1, "words": "nothing listens there"})
    token = ExecutorSafeguard.tracker.set(task)
    try:
        with pytest.raises(AirflowException, match="nothing listens there") as caught:
            task.execute({})
    finally:
        ExecutorSafeguard.tracker.reset(token)
    assert not isinstance(caught.value, AirflowFailException)
