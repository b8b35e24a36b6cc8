"""A company without a single order: one night, its list by a rule, against the subscriptions as their file has them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from tests.conftest import reachable_folder
from tests.night.house_for_nights import NightHouse

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "ravenstack"
AS_OF = date(2024, 12, 31)
HORIZON, GAP = timedelta(days=90), timedelta(days=30)
PERIODS = {"monthly": 365.25 / 12, "annual": 365.25}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.night,
    pytest.mark.xdist_group("ravenstack"),
    pytest.mark.skipif(not DATA.exists(), reason=f"the real files are not at {DATA}"),
]


class Subscription(NamedTuple):
    """One that is paid for, with its last day if it has one."""

    start: date
    end: date | None
    monthly: Decimal
    period: float

    def runs_on(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    def days_left(self, day: date) -> float:
        """Days to its end, if that is known by the day, else to its next billing."""
        if self.end is not None and self.end <= day:
            return (self.end - day).days
        return self.period - math.fmod((day - self.start).days, self.period)


@pytest.fixture(scope="module")
def house() -> Iterator[NightHouse]:
    with reachable_folder() as home:
        yield NightHouse(home, (("GUANXI_COMPANY", "examples/ravenstack"), ("GUANXI_DATA", str(DATA))))


@pytest.fixture(scope="module")
def night(house: NightHouse) -> str:
    return house.succeed("nightly")


@pytest.fixture(scope="module")
def subscriptions() -> dict[str, list[Subscription]]:
    """The paid subscriptions of each account, without looking at our mapping or SQL."""
    rows = pd.read_csv(DATA / "ravenstack_subscriptions.csv", dtype=str, keep_default_na=False)
    found: dict[str, list[Subscription]] = {}
    for row in rows[rows["is_trial"].str.lower() != "true"].to_dict("records"):
        end = date.fromisoformat(row["end_date"]) if row["end_date"] else None
        one = Subscription(
            date.fromisoformat(row["start_date"]), end, Decimal(row["mrr_amount"]), PERIODS[row["billing_frequency"]]
        )
        found.setdefault(row["account_id"], []).append(one)
    return found


def test_who_has_a_subscription_that_day_is_scored_by_how_soon_it_renews(
    house: NightHouse, night: str, subscriptions: dict[str, list[Subscription]]
) -> None:
    assert night
    running = {
        account: now
        for account, every in subscriptions.items()
        if (now := [one for one in every if one.runs_on(AS_OF)])
    }
    assert len(running) > 400
    scores = {row["account_id"]: row for row in house.rows("select * from fct_churn_scores")}
    assert set(scores) == set(running)
    assert {row["method_code"] for row in scores.values()} == {"renewal"}
    for account, now in running.items():
        odds = 3 / math.sqrt(1 + max(one.days_left(AS_OF) for one in now))
        assert float(scores[account]["churn_probability"]) == pytest.approx(odds / (1 + odds)), account
        yearly = 12 * sum((one.monthly for one in now), Decimal(0))
        assert Decimal(scores[account]["net_revenue_365d_amount"]) == yearly, account


def test_too_few_leave_for_a_test_and_the_night_says_so(
    night: str, subscriptions: dict[str, list[Subscription]]
) -> None:
    """A customer leaves with the last of its subscriptions, and has half a dozen: the labels hardly know any."""
    first = min(one.start for every in subscriptions.values() for one in every)
    closed = [day.date() for day in pd.date_range(first, AS_OF - HORIZON - GAP, freq="ME")]
    left = [
        _leaves(every, day)
        for every in subscriptions.values()
        for day in closed
        if any(one.runs_on(day) for one in every)
    ]
    assert len(left) > 3000
    learned = re.search(r"learned from ([\d,]+) account snapshots, ([\d,]+) of which churned", night)
    assert learned is not None
    assert [int(number.replace(",", "")) for number in learned.groups()] == [len(left), sum(left)]
    assert "the renewal rule makes the lists, untested: outcomes:" in night


def _leaves(every: list[Subscription], day: date) -> bool:
    """Say whether a first day without any comes within the horizon, and nothing begins within the gap after it."""
    for one in every:
        if one.end is not None and day < (gone := one.end + timedelta(days=1)) <= day + HORIZON:
            begins_again = any(gone < other.start <= gone + GAP for other in every)
            if not begins_again and not any(other.runs_on(gone) for other in every):
                return True
    return False


def test_the_list_is_published_and_mailed_and_says_who_made_it(house: NightHouse, night: str) -> None:
    assert "generation 1 is live" in night
    listed = house.rows("select * from fct_churn_lists")
    assert listed
    assert {row["method_code"] for row in listed} == {"renewal"}
    assert {row["reason_1_code"] for row in listed} == {"renewal_days_left"}
    (mail,) = house.home.glob("company/ravenstack/mail/*.eml")
    assert "Success Desk" in mail.read_text(encoding="utf-8")


def test_the_next_night_takes_the_past_over_and_scores_the_same_customers(house: NightHouse, night: str) -> None:
    assert night
    before = {row["account_id"] for row in house.rows("select account_id from fct_churn_scores")}
    said = house.succeed("nightly")
    assert "generation 2 is live" in said
    assert {row["account_id"] for row in house.rows("select account_id from fct_churn_scores")} == before
