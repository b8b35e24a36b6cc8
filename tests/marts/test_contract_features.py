"""Features of who lives by contracts: companies by chance, each day of each customer computed another way."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.marts.independent_contracts import Standing, standing
from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
SINCE = date(2024, 1, 10)
NAMES = [f"C{number}" for number in range(10)]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_contracts")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {
        "as_of_date": AS_OF.isoformat(), "timezone": "UTC", "currency": "CNY", "scored_churn": "contractual",
    }  # fmt: skip
    target = tmp_path_factory.mktemp("dbt")
    marts = ("int_churn_features_joined", "fct_churn_labels")
    with replay_of_own(server_url, template_database, "company_of_contracts", target, variables, *marts) as replay:
        yield replay


def _at(day: date) -> datetime:
    return datetime.combine(day, time(4), tzinfo=UTC)


def _company(dice: random.Random) -> dict[str, list[Row]]:
    """Return customers under contracts that end, change their price, are told in hindsight, or bind nobody."""
    records: dict[str, list[Row]] = defaultdict(list)

    def add(entity: str, key: str, known: date, **row: Any) -> None:
        records[entity].append({"source": "crm", "gen": 1, "record_id": row[key], "known_at": _at(known), **row})

    for name in NAMES:
        add("accounts", "account_id", SINCE, account_id=name, is_internal=name == "C9")
        for number in range(dice.randint(1, 4)):
            start = SINCE + timedelta(days=dice.randint(0, 450))
            row: Row = {
                "contract_id": f"{name}-{number}", "account_id": name, "start_date": start, "end_date": None,
                "monthly_amount": dice.choice([10, 30, 70]), "kind": dice.choice([None, "licence", "framework"]),
                "billing_period": dice.choice([None, "month", "quarter", "year", "once"]), "status": None,
                "is_trial": dice.random() < 0.1, "notice_date": None,
            }  # fmt: skip
            end = start + timedelta(days=dice.randint(30, 300))
            fate = dice.choice(["term", "ended", "hindsight", "open", "notice", "nobody knows", "price"])
            at_first: dict[str, Row] = {
                "term": {"end_date": end},
                "hindsight": {"end_date": end, "status": "ended"},
            }
            add("contracts", "contract_id", start, **row | at_first.get(fate, {}))
            later: dict[str, Row] = {
                "ended": {"end_date": end, "status": "ended"},
                "notice": {"end_date": end + timedelta(days=60), "notice_date": end},
                "nobody knows": {"status": "ended"},
                "price": {"monthly_amount": 50},
            }
            if fate in later and end < AS_OF:
                add("contracts", "contract_id", end + timedelta(days=1), **row | later[fate])
            for visit in range(dice.randint(0, 12)):
                day = start + timedelta(days=dice.randint(0, 250))
                if day <= AS_OF and name != "C0":
                    add("web_visits", "web_visit_id", day, web_visit_id=f"{name}-{number}-{visit}",
                        contract_id=f"{name}-{number}", visited_at=_at(day))  # fmt: skip
    return records


@pytest.mark.parametrize("seed", range(5))
def test_every_day_of_every_customer_agrees_with_another_way_to_compute_it(replay: Replay, seed: int) -> None:
    records = _company(random.Random(seed))
    with replay.of(records) as cursor:
        found = cursor.execute("select * from int_churn_features_joined").fetchall()
        days = [row["snapshot_date"] for row in cursor.execute("select * from int_snapshot_dates_listed").fetchall()]
        kinds = {row["churn_kind"] for row in cursor.execute("select * from fct_churn_labels where is_scored")}
    assert len(days) > 12
    expected = {
        (name, day): told
        for name in NAMES
        if name != "C9"  # our own house
        for day in days
        if (told := standing(records["contracts"], records["web_visits"], name, day)) is not None
    }
    assert {(row["account_id"], row["snapshot_date"]) for row in found} == set(expected)
    assert len(expected) > 30
    for row in found:
        told = Standing(*(None if row[name] is None else float(row[name]) for name in Standing._fields))  # type: ignore[arg-type]
        wanted = expected[row["account_id"], row["snapshot_date"]]
        assert told._asdict() == pytest.approx(wanted._asdict(), abs=1e-6), row
        assert row["is_eligible"]
        assert row["days_since_last_order"] is row["order_days_total_count"] is row["net_revenue_365d_amount"] is None
    assert kinds <= {"contractual"}
