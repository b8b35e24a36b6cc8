"""The truth, and how hard it is to guess."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.simulator.simulated_company import Simulated

pytestmark = pytest.mark.xdist_group("simulated_company")

AS_OF = date(2026, 6, 30)
ORDER_DAYS = """
    select customer_no, (placed_at at time zone 'Asia/Shanghai')::date, sum(amount)::float
    from erp.sales_order join erp.sales_order_line using (order_no)
    where state <> 'cancel' and kind <> 'freight'
    group by 1, 2 having sum(amount) > 0 order by 1, 2
"""


@pytest.fixture(scope="module")
def truth(grown_company: Simulated) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(grown_company.truth).to_pylist()
    return rows


@pytest.fixture(scope="module")
def order_days(grown_company: Simulated) -> dict[str, list[date]]:
    days: dict[str, list[date]] = {}
    for account, day, _ in grown_company.rows(ORDER_DAYS):
        days.setdefault(account, []).append(day)
    return days


def test_the_truth_has_one_row_per_customer(truth: list[dict[str, Any]], grown_company: Simulated) -> None:
    customers = [code for (code,) in grown_company.rows("select customer_no from erp.customer order by 1")]
    assert sorted(row["account_id"] for row in truth) == customers


def test_nobody_orders_after_leaving_unless_won_back(
    truth: list[dict[str, Any]], order_days: dict[str, list[date]]
) -> None:
    left = [row for row in truth if row["left_on"] is not None]
    won_back = [row for row in left if row["won_back_on"] is not None and row["won_back_on"] > row["left_on"]]
    assert len(left) > 100
    assert won_back
    for row in left:
        until = row["won_back_on"] if row in won_back else date.max
        gone = [day for day in order_days.get(row["account_id"], []) if row["left_on"] <= day < until]
        assert gone == [], row["account_id"]


def test_the_mood_agrees_with_the_leaves(truth: list[dict[str, Any]]) -> None:
    for row in truth:
        is_gone = row["left_on"] is not None and (row["won_back_on"] is None or row["won_back_on"] < row["left_on"])
        assert (row["mood"] == "left") == is_gone, row["account_id"]


def test_nothing_in_the_truth_lies_in_the_future(truth: list[dict[str, Any]]) -> None:
    days = [row[name] for row in truth for name in ("started_on", "left_on", "won_back_on") if row[name] is not None]
    assert max(days) <= AS_OF


def test_only_buyers_buy_and_purchases_are_counted(
    truth: list[dict[str, Any]], order_days: dict[str, list[date]]
) -> None:
    never = [row for row in truth if not row["is_buyer"]]
    assert never
    assert all(row["account_id"] not in order_days and row["purchase_days_count"] == 0 for row in never)
    counted = sum(row["purchase_days_count"] for row in truth)
    # cancelled and not yet entered purchases have no order day
    assert 0.94 < sum(map(len, order_days.values())) / counted < 1.0


@pytest.mark.parametrize("day", [date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 31)])
def test_a_tenth_to_a_quarter_of_the_active_accounts_fall_silent(order_days: dict[str, list[date]], day: date) -> None:
    churned = _labels(order_days, day)
    assert len(churned) > 300
    assert 0.10 < np.mean(list(churned.values())) < 0.25


def test_silence_foretells_churn_but_far_from_always(order_days: dict[str, list[date]]) -> None:
    """The days since the last order rank accounts clearly better than chance, and clearly short of certainty."""
    ranks = []
    for day in (date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 3, 31)):
        labels = _labels(order_days, day)
        silence = {account: (day - max(each for each in order_days[account] if each <= day)).days for account in labels}
        gone = np.array([silence[account] for account, churned in labels.items() if churned])
        stayed = np.array([silence[account] for account, churned in labels.items() if not churned])
        wins = (gone[:, None] > stayed[None, :]).mean() + 0.5 * (gone[:, None] == stayed[None, :]).mean()
        ranks.append(float(wins))
    assert 0.66 < np.mean(ranks) < 0.86


def test_higher_hazards_leave_more_often(truth: list[dict[str, Any]]) -> None:
    ordered = sorted((row for row in truth if row["is_buyer"]), key=lambda row: row["annual_hazard"])
    half = len(ordered) // 2
    low, high = (np.mean([row["left_on"] is not None for row in part]) for part in (ordered[:half], ordered[half:]))
    assert high > 1.4 * low


def test_fading_accounts_order_less_before_they_leave(
    truth: list[dict[str, Any]], order_days: dict[str, list[date]]
) -> None:
    """Over those that left for good: the last 60 days were quieter than the same span half a year earlier."""
    last, before = 0, 0
    for row in truth:
        if row["mood"] == "left" and row["left_on"] > date(2025, 1, 1):
            days = order_days.get(row["account_id"], [])
            last += _between(days, row["left_on"] - timedelta(days=60), row["left_on"])
            before += _between(days, row["left_on"] - timedelta(days=300), row["left_on"] - timedelta(days=240))
    assert before > 50
    assert last < 0.9 * before


def _labels(order_days: dict[str, list[date]], day: date) -> dict[str, bool]:
    """Whether each account active in the 180 days up to `day` orders nothing in the 90 days after it."""
    return {
        account: _between(days, day + timedelta(days=1), day + timedelta(days=91)) == 0
        for account, days in order_days.items()
        if _between(days, day - timedelta(days=179), day + timedelta(days=1))
    }


def _between(days: list[date], first: date, end: date) -> int:
    return sum(first <= day < end for day in days)
