"""What customers brought after each day, and what the formula foresaw: companies by chance judged another way."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
SINCE = date(2022, 6, 1)
DAYS = {12: 365, 24: 730}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_values")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "UTC", "currency": "CNY"}
    marts = ("fct_value_labels", "fct_value_features", "int_account_trade_rated")
    with replay_of_own(
        server_url, template_database, "company_of_values", tmp_path_factory.mktemp("dbt"), variables, *marts
    ) as replay:
        yield replay


def _company(dice: random.Random) -> dict[str, list[Row]]:
    """Return customers with a pace of their own, of whom some begin late, stop, buy once or give back."""
    records: dict[str, list[Row]] = defaultdict(list)

    def add(entity: str, known: date, **row: Any) -> None:
        key = f"{entity.removesuffix('s')}_id"
        moment = datetime.combine(known, time(4), tzinfo=UTC)
        records[entity].append({"source": "crm", "gen": 1, "record_id": row[key], "known_at": moment, **row})

    for name in (f"L{number}" for number in range(14)):
        add("accounts", SINCE, account_id=name)
        day, pace = SINCE + timedelta(days=dice.randint(0, 700)), dice.choice([9, 30, 90, 2000])
        until = AS_OF - timedelta(days=dice.choice([0, 0, 0, 250, 500]))
        number = 0
        while day < until:
            order = f"{name}-{number}"
            add("orders", day, order_id=order, account_id=name, ordered_at=datetime.combine(day, time(4), tzinfo=UTC),
                status="cancelled" if dice.random() < 0.1 else None)  # fmt: skip
            amount = Decimal(dice.choice([100, 250, 700, -40 * bool(number)]))
            add("order_lines", day, order_line_id=order, order_id=order, quantity=1, net_amount=amount)
            day += timedelta(days=dice.randint(1, 2 * pace))
            number += 1
    return records


def _days_of(records: dict[str, list[Row]]) -> dict[str, dict[date, Decimal]]:
    days: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    orders = {row["order_id"]: row for row in records["orders"] if row["status"] is None}
    for line in records["order_lines"]:
        if order := orders.get(line["order_id"]):
            days[order["account_id"]][order["ordered_at"].date()] += line["net_amount"]
    return days


@pytest.mark.parametrize("seed", range(3))
def test_labels_and_the_formula_agree_with_another_way_to_make_them(replay: Replay, seed: int) -> None:
    records = _company(random.Random(seed))
    with replay.of(records) as cursor:
        labels = _all(cursor, "select * from fct_value_labels")
        features = _all(cursor, "select * from fct_value_features")
        dates = [row["snapshot_date"] for row in _all(cursor, "select snapshot_date from int_snapshot_dates_listed")]
        baseline = {
            row["account_id"]: row["clv_amount"]
            for row in _all(cursor, "select * from int_account_trade_rated where is_current")
        }
    days = _days_of(records)
    found = {
        (row["account_id"], row["snapshot_date"], row["months_count"]): (
            row["net_revenue_amount"], row["order_days_count"], row["closes_on"]
        )
        for row in labels
    }  # fmt: skip
    expected = {}
    for account, amounts in days.items():
        for day in dates:
            if not any(bought <= day and amount > 0 for bought, amount in amounts.items()):
                continue
            for months, length in DAYS.items():
                last = day + timedelta(days=length)
                after = [amount for bought, amount in amounts.items() if day < bought <= last]
                if last <= AS_OF:
                    expected[account, day, months] = (sum(after), sum(amount > 0 for amount in after), last)
    assert found == expected
    assert {months for _, _, months in found} == {12, 24}
    assert min(amount for amount, _, _ in found.values()) <= 0 < max(count for _, count, _ in found.values())

    told = [row for row in features if row["formula_month_amount"] is not None]
    assert len(told) > 100
    for row in told:
        assert float(row["formula_month_amount"]) == pytest.approx(
            _formula(days, row["account_id"], row["snapshot_date"]), abs=0.001
        )
    tonight = [row for row in told if row["snapshot_date"] == AS_OF]
    assert len(tonight) > 5
    for row in tonight:  # the one that fct_account_value publishes
        assert float(row["formula_month_amount"]) * 12 == pytest.approx(
            float(baseline[row["account_id"]]), rel=1e-5, abs=0.01
        )


def _formula(days: dict[str, dict[date, Decimal]], account: str, day: date) -> float:
    def within(amounts: dict[date, Decimal], newest: int, oldest: int) -> list[Decimal]:
        return [amount for bought, amount in amounts.items() if newest <= (day - bought).days <= oldest]

    before = [each for each in days.values() if any(amount > 0 for amount in within(each, 180, 359))]
    again = [each for each in before if any(amount > 0 for amount in within(each, 0, 179))]
    window = float(sum(within(days[account], 0, 179)))
    return max(0.0, window) / 180 * 365 / 12 * len(again) / len(before)


def _all(cursor: psycopg.Cursor[Row], query: str) -> list[Row]:
    return cursor.execute(query.encode()).fetchall()
