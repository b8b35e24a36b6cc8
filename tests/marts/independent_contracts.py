"""What contracts and visits said of a customer on a day, by looking at each version; without looking at SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]

PERIODS = {"month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
KINDS = {None, "subscription", "maintenance", "licence"}
WINDOW = timedelta(days=90)


class Standing(NamedTuple):
    """How a customer under contract stood; None is not known."""

    contracts_count: int
    contract_tenure_days: int
    renewal_days_left: float | None
    mrr_amount: float
    mrr_trend_rate: float | None
    visits_90d_count: int | None
    visits_trend_rate: float | None


def standing(contracts: Iterable[Row], visits: list[Row], account: str, day: date) -> Standing | None:
    """Return the standing of an account on a day by versions of contracts; None when no contract of it ran."""
    known: dict[str, Row] = {}
    for row in sorted(contracts, key=lambda each: each["known_at"]):
        if row["known_at"].date() <= day:
            known[row["contract_id"]] = row
    own = [row for row in known.values() if row["account_id"] == account and _counts(row, day)]
    running = [row for row in own if _runs(row, day, day)]
    if not running:
        return None
    now, before = (
        sum(float(row["monthly_amount"]) for row in own if _runs(row, at, day)) for at in (day, day - WINDOW)
    )
    left = [days for row in running if (days := _days_left(row, day)) is not None]
    seen = {
        name: sum(_is_seen(visit, known, account) for visit in visits if after < visit["visited_at"].date() <= until)
        for name, after, until in (("now", day - WINDOW, day), ("before", day - 2 * WINDOW, day - WINDOW))
    }
    has_visits = any(visit["visited_at"].date() <= day and visit["contract_id"] in known for visit in visits)
    return Standing(
        contracts_count=len(running),
        contract_tenure_days=(day - min(row["start_date"] for row in own)).days,
        renewal_days_left=max(left, default=None),
        mrr_amount=now,
        mrr_trend_rate=(now - before) / before if before else None,
        visits_90d_count=seen["now"] if has_visits else None,
        visits_trend_rate=(seen["now"] - seen["before"]) / seen["before"] if seen["before"] else None,
    )


def _counts(row: Row, day: date) -> bool:
    status = row.get("status") or "active"
    is_counted = row.get("kind") in KINDS and status in {"active", "ended"} and not row.get("is_trial")
    return bool(is_counted and row["start_date"] <= day)


def _known_end(row: Row, day: date) -> date | None:
    """The last day as one could know it: an end still to come cannot have happened."""
    end: date | None = row.get("end_date")
    if row.get("status") != "ended":
        return end
    if end is None:
        return row["known_at"].date() - timedelta(days=1)  # type: ignore[no-any-return]
    return end if end <= day else None


def _runs(row: Row, at: date, day: date) -> bool:
    end = _known_end(row, day)
    return bool(row["start_date"] <= at and (end is None or at <= end))


def _days_left(row: Row, day: date) -> float | None:
    notice = row.get("notice_date")
    if notice is not None and notice <= day:
        return 0.0
    end = _known_end(row, day)
    if end is not None:
        return float((end - day).days)
    period = PERIODS.get(row.get("billing_period") or "")
    return None if period is None else period - (day - row["start_date"]).days % period


def _is_seen(visit: Row, known: dict[str, Row], account: str) -> bool:
    contract = known.get(visit["contract_id"])
    return contract is not None and contract["account_id"] == account
