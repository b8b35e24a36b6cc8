"""Health of customers: companies by chance computed another way, and the proof against who left."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from tests.marts.chance_health import company
from tests.marts.independent_health import GROUPS, Given, Health
from tests.marts.replaying import Replay, Row, replay_of_own

AS_OF = date(2025, 7, 15)
DAYS = (AS_OF, date(2025, 6, 30), date(2025, 1, 31))
MARTS = ("fct_account_health", "fct_health_backtests")
SAME = (
    "contract_mode", "tenure_days", "overdue_days", "notices_count", "opposing_decision_makers_count", "profile_code",
    "cap_code", "contract_days_left",
)  # fmt: skip
NUMBERS = {
    "spend_trend_rate": 1e-6, "reply_in_target_rate": 1e-6, "resolution_in_target_rate": 1e-6, "complaint_rate": 1e-6,
    "days_late": 1e-6, "nps_rate": 1e-6, "csat_rate": 1e-6, **{f"{group}_index": 0.0051 for group in GROUPS},
}  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("company_of_health")]  # one worker builds for all


@pytest.fixture(scope="module")
def replay(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    variables = {"as_of_date": AS_OF.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    target = tmp_path_factory.mktemp("dbt")
    with replay_of_own(server_url, template_database, "company_of_health", target, variables, *MARTS) as replay:
        yield replay


def _all(cursor: psycopg.Cursor[Row], query: str) -> list[Row]:
    return cursor.execute(query.encode()).fetchall()


GIVEN = """
    select
        accounts.account_id, accounts.snapshot_date, accounts.size_band, rhythms.overdue_ratio,
        rhythms.typical_gap_days, compared.relationship_index as relationship,
        compared.coverage_rate as relationship_coverage,
        cast(renewals.contracts_renewed_count as numeric) / nullif(renewals.contracts_due_count, 0) as renewal_rate
    from int_relationship_accounts_listed as accounts
    inner join int_relationship_months_listed as days using (snapshot_date)
    left join int_account_rhythms_measured as rhythms using (account_id, snapshot_date)
    left join int_account_relationships_compared as compared using (account_id, snapshot_date)
    left join int_account_renewals_counted as renewals using (account_id, snapshot_date)
"""


def test_health_of_every_customer_agrees_with_another_way_to_compute_it(replay: Replay) -> None:
    everybody = [row for seed in range(6) for row in _agreed(replay, seed)]
    for name, values in (
        ("profile_code", {"new", "contractual", "mixed", "large", "standard", None}),
        ("cap_code", {"notice_given", "opposing_decision_maker", "overdue_invoice", None}),
        ("health_unknown_reason", {"too_little_known", "not_yet_customer", None}),
        ("band_code", {"healthy", "stable", "weak", "critical", None}),
    ):
        assert {row[name] for row in everybody} >= values, name
    assert {row["coverage_rate"] for row in everybody if row["health_score_high_is_good"] is not None} > {1.0}


def _agreed(replay: Replay, seed: int) -> list[Row]:
    """Find a company agreed on, and return its rows of the days looked at."""
    records = company(random.Random(seed), as_of=AS_OF, accounts=14)
    with replay.of(records) as cursor:
        found = {
            (row["account_id"], row["snapshot_date"]): row for row in _all(cursor, "select * from fct_account_health")
        }
        given = {(row["account_id"], row["snapshot_date"]): row for row in _all(cursor, GIVEN)}
    assert found.keys() == given.keys()
    assert "A1" not in {account for account, _ in found}, "our own company is no customer"
    checked = []
    for day in DAYS:
        health = Health(records, day)
        for (account, then), row in given.items():
            if then == day:
                told = {name: _exact(row[name]) for name in Given.__dataclass_fields__}
                expected = health.account(account, row["size_band"], Given(**told))
                _same(found[account, day], expected)
                checked.append(found[account, day])
    return checked


def _exact(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def _same(row: Row, expected: Row) -> None:
    for name in SAME:
        assert row[name] == expected[name], (name, row, expected)
    for name, tolerance in NUMBERS.items():
        _close(row, name, expected[name], tolerance)
    _close(row, "health_score_high_is_good", expected["score"], 0.011)
    _close(row, "coverage_rate", expected["coverage"], 1e-6)
    assert row["health_unknown_reason"] == expected["reason"], (row, expected)
    if expected["score"] is not None:
        points = sum(float(row[f"{group}_share_rate"] or 0) * float(row[f"{group}_index"] or 0) for group in GROUPS)
        assert points == pytest.approx(float(row["uncapped_score"]), abs=0.02), "the groups make the score"


def _close(row: Row, name: str, value: Fraction | None, tolerance: float) -> None:
    assert (row[name] is None) == (value is None), (name, value, row)
    if value is not None:
        assert float(row[name]) == pytest.approx(float(value), abs=tolerance), (name, value, row)


def test_a_company_with_nothing_but_names_has_no_health(replay: Replay) -> None:
    records = {"accounts": company(random.Random(0), as_of=AS_OF, accounts=3)["accounts"]}
    with replay.of(records) as cursor:
        rows = _all(cursor, "select * from fct_account_health")
        tested = _all(cursor, "select * from fct_health_backtests")
    assert rows
    assert {row["health_unknown_reason"] for row in rows} == {"not_yet_customer"}
    assert {row[f"{group}_unknown_reason"] for row in rows for group in GROUPS if group != "relationship"} == {
        "no_source"
    }
    assert tested == []


def test_tenths_of_health_hold_everybody_who_can_be_judged(replay: Replay) -> None:
    records = company(random.Random(7), as_of=AS_OF, accounts=60)
    with replay.of(records) as cursor:
        health = _all(cursor, "select * from fct_account_health where not is_current")
        labels = {
            (row["account_id"], row["snapshot_date"]): row
            for row in _all(cursor, "select * from fct_churn_labels where is_scored")
        }
        tested = _all(cursor, "select * from fct_health_backtests")
    judged = [
        (row["snapshot_date"], labels[row["account_id"], row["snapshot_date"]]["is_churned"])
        for row in health
        if row["health_score_high_is_good"] is not None and (row["account_id"], row["snapshot_date"]) in labels
    ]
    assert len(judged) > 50
    for day in {day for day, _ in judged}:
        rows = sorted((row for row in tested if row["snapshot_date"] == day), key=lambda row: row["health_decile"])
        assert sum(row["accounts_count"] for row in rows) == sum(then == day for then, _ in judged)
        assert sum(row["churned_count"] for row in rows) == sum(left for then, left in judged if then == day)
        assert [row["mean_score"] for row in rows] == sorted(row["mean_score"] for row in rows)
        rates = [Fraction(row["churned_count"], row["accounts_count"]) for row in rows]
        wrong = sum(later > earlier for earlier, later in pairwise(rates))
        assert {row["month_steps_wrong_count"] for row in rows} == {wrong}
        assert {row["is_monotone"] for row in rows} == {None if len(rows) == 1 else wrong == 0}
        assert all(0 <= row["churn_low_rate"] <= row["churn_rate"] <= row["churn_high_rate"] <= 1 for row in rows)
