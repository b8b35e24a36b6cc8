"""Settings that every DAG has in common."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

TIMEZONE_VARIABLE = "GUANXI_TIMEZONE"
START_VARIABLE = "NIGHTS_FROM"
REVIEWS_VARIABLE = "GUANXI_REVIEWS_EVERY"
DEFAULT_TIMEZONE = "Asia/Shanghai"
DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)
# In the morning, when the night is done: on workdays, on Mondays, on the first Monday of the month.
REVIEW_TIMES = {"day": "0 7 * * 1-5", "week": "0 7 * * 1", "month": "0 7 * * 1#1"}


def business_timezone() -> str:
    """Return the name of the zone in which the business counts its days."""
    return os.environ.get(TIMEZONE_VARIABLE) or DEFAULT_TIMEZONE


def review_times() -> str:
    """Return when the relationships to review are mailed, as a cron expression; weekly unless the setting says else."""
    return REVIEW_TIMES.get(os.environ.get(REVIEWS_VARIABLE) or "week", REVIEW_TIMES["week"])


def start_of_schedule() -> datetime:
    """Return the moment before which nothing is scheduled.

    The local stack sets it to the day it was first started, so that starting the house starts no night at once.
    """
    given = os.environ.get(START_VARIABLE)
    return datetime.fromisoformat(given) if given else DEFAULT_START


def tell_failure(context: Context) -> None:
    """Write one line that says which task failed for good and where to look. Holds no data and no secret."""
    instance: Any = context["task_instance"]
    logging.getLogger("airflow.task").error(
        "%s of %s, run %s, failed after try %s. What to do: docs/runbooks/%s.md",
        instance.task_id,
        instance.dag_id,
        instance.run_id,
        instance.try_number,
        instance.dag_id,
    )


DEFAULT_ARGS: dict[str, Any] = {
    "owner": "guanxi",
    "retries": 1,
    "retry_delay": timedelta(seconds=10),
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": tell_failure,
}
