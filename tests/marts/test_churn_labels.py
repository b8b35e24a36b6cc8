"""Labels of churn, by four definitions: companies by chance judged another way."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.marts.independent_churn import Verdict, contract_verdict, order_verdicts
from tests.marts.independent_satisfaction import category_days, rhythm
from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
SINCE = date(2023, 3, 1)
CATEGORIES = {"p1": "valves", "p2": "pumps", "p3": None}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_labels")]  # one worker builds for all

RHYTHMS = "select account_id, snapshot_date, days_since_last_order, typical_gap_days from int_account_rhythms_measured"
MONTHS = "select month_date, counted_date from int_category_months_listed where is_over"


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "UTC", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(
        server_url,
        template_database,
        "company_of_labels",
        target,
        variables,
        "fct_churn_labels",
        "int_churn_features_measured",
    ) as replay:
        yield replay


def _company(dice: random.Random) -> dict[str, list[Row]]:
    """Return customers who order at a pace of their own, some of whom slow down or stop, and some under contract."""
    names = [f"L{number}" for number in range(12)]
    records: dict[str, list[Row]] = defaultdict(list)

    def add(entity: str, known: date, **row: Any) -> None:
        key = "account_id" if entity == "accounts" else f"{entity.removesuffix('s')}_id"
        moment = datetime.combine(known, time(4), tzinfo=UTC)
        records[entity].append({"source": "crm", "gen": 1, "record_id": row[key], "known_at": moment, **row})

    for product, category in CATEGORIES.items():
        add("products", SINCE, product_id=product, category=category)
    for name in names:
        add("accounts", SINCE, account_id=name)
        day, pace = SINCE + timedelta(days=dice.randint(0, 500)), dice.choice([8, 20, 60, 150])
        until = AS_OF - timedelta(days=dice.choice([0, 0, 100, 200, 300]))
        number = 0
        while day < until:
            order, shrinks = f"{name}-{number}", 0.1 if number > 5 and dice.random() < 0.3 else 1
            add("orders", day, order_id=order, account_id=name, ordered_at=datetime.combine(day, time(4), tzinfo=UTC),
                status="cancelled" if dice.random() < 0.1 else None)  # fmt: skip
            amount = Decimal(dice.choice([100, 100, 300, -40 * bool(number)])) * Decimal(str(shrinks))
            add("order_lines", day, order_line_id=order, order_id=order, quantity=1, net_amount=amount,
                product_id=dice.choice(sorted(CATEGORIES)))  # fmt: skip
            day += timedelta(days=dice.randint(1, 2 * pace))
            number += 1
        if name == names[0]:
            _take_back(records, name)
        start = SINCE + timedelta(days=dice.randint(0, 300))
        for number in range(dice.choice([0, 0, 1, 2, 3])):
            end = start + timedelta(days=dice.choice([180, 364]))
            add("contracts", start, contract_id=f"{name}-{number}", account_id=name, monthly_amount=100,
                start_date=start, end_date=None if dice.random() < 0.1 else end)  # fmt: skip
            start = end + timedelta(days=dice.choice([-20, 1, 30, 31, 32, 90]))
    return records


def _take_back(records: dict[str, list[Row]], name: str) -> None:
    """Let all orders of a customer be cancelled on the last day, as far as was known before they were good."""
    taken_back = datetime.combine(AS_OF, time(4), tzinfo=UTC)
    good = [row for row in records["orders"] if row["account_id"] == name and row["status"] is None]
    records["orders"] += [row | {"status": "cancelled", "known_at": taken_back} for row in good]


def _newest(records: dict[str, list[Row]]) -> dict[str, list[Row]]:
    orders = {row["order_id"]: row for row in records["orders"]}  # a later version stands behind
    return {**records, "orders": list(orders.values())}


@pytest.mark.parametrize("seed", range(2))
def test_the_features_of_a_day_know_nothing_of_what_came_after(replay: Replay, seed: int) -> None:
    """The world after a day is cut off, then everything that came to be known after it is turned upside down."""
    records, cut = _company(random.Random(seed)), date(2025, 1, 31)
    moment = datetime.combine(cut, time(23), tzinfo=UTC)
    known = {entity: [row for row in rows if row["known_at"] <= moment] for entity, rows in records.items()}
    dice = random.Random(-seed - 1)
    late = {entity: [row for row in rows if row["known_at"] > moment] for entity, rows in records.items()}
    for row in late["order_lines"]:
        row["net_amount"] = Decimal(dice.choice([-500, 0, 7_000]))
    for row in late["orders"]:
        row["status"] = dice.choice([None, "cancelled"])
    turned = {entity: [*rows, *late.get(entity, [])] for entity, rows in known.items()}
    told = []
    for world in (records, known, turned):
        with replay.of(world) as cursor:
            rows = _all(cursor, f"select * from int_churn_features_measured where snapshot_date <= '{cut}'")
        told.append({(row["account_id"], row["snapshot_date"]): row for row in rows})
    assert len(told[0]) > 100
    assert told[1] == told[0]
    assert told[2] == told[0]


@pytest.mark.parametrize("seed", range(6))
def test_every_label_agrees_with_another_way_to_judge_it(replay: Replay, seed: int) -> None:
    records = _company(random.Random(seed))
    with replay.of(records) as cursor:
        found = {
            (row["account_id"], row["category"], row["churn_kind"], row["snapshot_date"]): Verdict(
                row["is_churned"], row["closes_on"]
            )
            for row in _all(cursor, "select * from fct_churn_labels")
        }
        rhythms = _all(cursor, RHYTHMS)
        days = [row["snapshot_date"] for row in _all(cursor, "select snapshot_date from int_snapshot_dates_listed")]
        months = [row["counted_date"] for row in _all(cursor, MONTHS)]
    newest = _newest(records)
    expected = _as_a_whole(newest, rhythms) | _by_category(newest, months) | _under_contract(records, days)
    assert found == expected
    assert any(
        account == "L0" and kind == "own_rhythm" and each.is_churned for (account, _, kind, _), each in found.items()
    )
    seen = Counter((kind, category is None, verdict.is_churned) for (_, category, kind, _), verdict in found.items())
    for kind in ("fixed_window", "own_rhythm", "partial"):
        assert min(seen[kind, True, True], seen[kind, True, False]) > 5, kind
    assert min(seen["partial", False, True], seen["own_rhythm", False, True]) > 0
    assert seen["contractual", True, False] > 0


@pytest.mark.parametrize("seed", range(2))
def test_order_days_alone_tell_what_labels_of_the_fixed_window_do(replay: Replay, seed: int) -> None:
    """So what came of the scores of any day can be told like that of a month end (ml/outcomes.py)."""
    with replay.of(_company(random.Random(seed))) as cursor:
        labels = _all(cursor, "select * from fct_churn_labels where churn_kind = 'fixed_window'")
        bought: dict[str, set[date]] = defaultdict(set)
        for row in _all(cursor, "select * from int_account_days_known where is_latest and is_order_day"):
            bought[row["account_id"]].add(row["order_date"])
    assert len({row["is_churned"] for row in labels}) == 2
    for row in labels:
        kept = any(row["snapshot_date"] < day <= row["closes_on"] for day in bought[row["account_id"]])
        assert row["is_churned"] is not kept, row


Labels = dict[tuple[str, str | None, str, date], Verdict]


def _as_a_whole(records: dict[str, list[Row]], rhythms: list[Row]) -> Labels:
    spend: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    orders = {row["order_id"]: row for row in records["orders"] if row["status"] is None}
    for line in records["order_lines"]:
        if order := orders.get(line["order_id"]):
            spend[order["account_id"]][order["ordered_at"].date()] += line["net_amount"]
    return {
        (row["account_id"], None, kind, row["snapshot_date"]): verdict
        for row in rhythms
        for kind, verdict in order_verdicts(
            spend[row["account_id"]], silent=row["days_since_last_order"], gap=float(row["typical_gap_days"]),
            day=row["snapshot_date"], as_of=AS_OF,
        ).items()
    }  # fmt: skip


def _by_category(records: dict[str, list[Row]], months: list[date]) -> Labels:
    spend = category_days(records)
    found: Labels = {}
    for (account, category), own in spend.items():
        for day in months:
            paced = rhythm(spend, account, category, end=day)
            if paced is not None:
                silent, gap = paced
                verdicts = order_verdicts(own, silent=silent, gap=gap, day=day, as_of=AS_OF)
                verdicts.pop("fixed_window", None)
                found |= {(account, category, kind, day): verdict for kind, verdict in verdicts.items()}
    return found


def _under_contract(records: dict[str, list[Row]], days: list[date]) -> Labels:
    contracts: dict[str, list[tuple[date, date | None]]] = defaultdict(list)
    for row in records["contracts"]:
        contracts[row["account_id"]].append((row["start_date"], row["end_date"]))
    return {
        (account, None, "contractual", day): verdict
        for account, held in contracts.items()
        for day in days
        if (verdict := contract_verdict(held, day=day, as_of=AS_OF)) is not None
    }


def _all(cursor: psycopg.Cursor[Row], query: str) -> list[Row]:
    return cursor.execute(query.encode()).fetchall()
