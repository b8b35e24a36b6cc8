"""Which business day a run answers for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def resolve_as_of(*, given: str | None, data_interval_end: datetime | None, run_after: datetime, zone: str) -> date:
    """Return the given day, or the last business day that had ended when the run was due.

    A run started by hand or through the API may have no data interval; every run has `run_after`. Whether the day
    lies in the future is for `guanxi open` to refuse, which knows the company's own zone. Raises ValueError when
    `given` is not a date such as 2026-01-31.
    """
    if given:
        return date.fromisoformat(given)
    due = data_interval_end or run_after
    return due.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
