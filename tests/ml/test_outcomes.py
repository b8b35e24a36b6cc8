"""What came of the scores: whom it counts, and every figure computed another way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sklearn.metrics import brier_score_loss

from ml.evaluate import share_limits
from ml.outcomes import OutcomeReport, build_outcomes
from ml.policy import PolicyGapError
from tests.ml.conftest import Marts
from tests.ml.past_scores import HORIZON, MANAGERS, Past, account, by_chance
from warehouse.database import Role
from warehouse.night import FencedError
from warehouse.published_tables import declared_marts

MONTH_END, WITHIN = date(2025, 8, 31), date(2025, 9, 12)
"""The last published days of two months: of the first there are labels, of the second there are none."""
CALLED_BY_ALL = 5 + 20


@pytest.fixture
def past(marts: Marts) -> Past:
    past = Past(marts)
    past.begin()
    return past


def build(past: Past, **changes: Any) -> OutcomeReport:
    marts = past.marts
    arguments: dict[str, Any] = {"claim": marts.claim, "schema": marts.schema, "as_of": marts.as_of}
    return build_outcomes(marts.scorer, **(arguments | changes))


def rows(past: Past, **only: Any) -> list[dict[str, Any]]:
    with past.marts.warehouse.connect(Role.CHECKER) as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            f"select * from {past.marts.schema}.fct_churn_outcomes order by outcome_key".encode()
        ).fetchall()
    return [row for row in found if all(row[name] == value for name, value in only.items())]


def one(past: Past, **only: Any) -> dict[str, Any]:
    (row,) = rows(past, **only)
    return row


def add_accounts(past: Past, accounts: list[dict[str, Any]]) -> None:
    past.run("transformer", "insert into dim_accounts values (%s, null)", [(each["account_id"],) for each in accounts])
    past.run(
        "transformer",
        "insert into dim_account_history values (%s, %s, %s, %s, null, '1900-01-01', null)",
        [(each["account_id"], each["manager"], each["industry"], each["size"]) for each in accounts],
    )


def expected_top(group: list[dict[str, Any]], top: float) -> float:
    """The expected number of leavers among the `top` riskiest: each account by its chance to be among them."""
    hits = 0.0
    for each in group:
        above = sum(other["risk"] > each["risk"] for other in group)
        tied = sum(other["risk"] == each["risk"] for other in group)
        hits += min(1.0, max(0.0, (top - above) / tied)) * (each["wait"] is None)
    return hits


def by_the_formula(hits: int, cases: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's limits (Journal of the American Statistical Association 22(158), 1927), written out."""
    middle, half = hits + z * z / 2, z * (hits * (cases - hits) / cases + z * z / 4) ** 0.5
    return (middle - half) / (cases + z * z), (middle + half) / (cases + z * z)


def check_group(row: dict[str, Any], group: list[dict[str, Any]], capacity: int | None) -> None:
    gone = [each["wait"] is None for each in group]
    count, hits = len(group), sum(gone)
    risks = [each["risk"] for each in group]
    limits = by_the_formula(hits, count)
    assert (row["accounts_count"], row["churned_count"], row["is_enough"]) == (count, hits, count >= 30)
    assert row["predicted_rate"] == pytest.approx(sum(risks) / count)
    assert row["realised_rate"] == pytest.approx(hits / count)
    assert (row["realised_low_rate"], row["realised_high_rate"]) == pytest.approx(limits, abs=1e-4)
    assert row["calibration_error_rate"] == pytest.approx(sum(risks) / count - hits / count)
    assert row["brier_score"] == pytest.approx(brier_score_loss(gone, risks, labels=[False, True]))
    if hits:
        lift = expected_top(group, count / 10) / (count / 10) / (hits / count)
        assert row["top_decile_lift"] == pytest.approx(lift)
    else:
        assert row["top_decile_lift"] is None
    assert row["capacity_count"] == capacity
    if capacity is None:
        assert row["precision_at_capacity_rate"] is None
    else:
        top = min(capacity, count)
        assert row["precision_at_capacity_rate"] == pytest.approx(expected_top(group, top) / top)


@pytest.mark.parametrize("day", [MONTH_END, WITHIN])
def test_every_group_s_figures_are_those_of_another_computation(past: Past, day: date) -> None:
    accounts = by_chance()
    add_accounts(past, accounts)
    past.publish(day, accounts)
    for each in accounts:
        if each["wait"] is not None:
            past.order(each["account_id"], day + timedelta(days=each["wait"]))
    if day == MONTH_END:
        past.label(day, {each["account_id"]: each["wait"] is None for each in accounts})
    report = build(past)
    assert (report.days, report.left_out_count) == ((day,), 0)
    groups: dict[str, Callable[[dict[str, Any]], str | None]] = {
        "all": lambda _: None,
        "band": lambda each: each["band"],
        "account_manager": lambda each: each["manager"],
        "industry": lambda each: each["industry"] or None,
        "size_band": lambda each: each["size"],
        "region": lambda _: None,
        "play": lambda each: each["play"],
    }
    seen = 0
    for kind, code_of in groups.items():
        for code in {code_of(each) for each in accounts} - ({None} if kind == "play" else set()):
            group = [each for each in accounts if code_of(each) == code]
            capacity = None
            if kind == "all":
                capacity = CALLED_BY_ALL
            elif kind == "account_manager" and code is not None:
                capacity = MANAGERS[code]
            check_group(one(past, group_kind=kind, group_code=code), group, capacity)
            seen += 1
    assert seen == len(rows(past)) == report.rows_count
    assert seen >= 13
    assert {(row["scored_date"], row["month_date"], row["closes_on"]) for row in rows(past)} == {
        (day, day.replace(day=1), day + HORIZON)
    }
    assert {(row["method_code"], row["model_id"], row["as_of_date"]) for row in rows(past)} == {
        ("model", "churn-1", past.marts.as_of)
    }


def test_an_order_day_after_the_day_and_within_the_horizon_is_what_keeps_a_customer(past: Past) -> None:
    stays = {"next": WITHIN + timedelta(days=1), "last": WITHIN + HORIZON}
    leaves = {"same": WITHIN, "late": WITHIN + HORIZON + timedelta(days=1)}
    names = [*stays, *leaves, "silent", "returned", "taken back"]
    add_accounts(past, [account(name) for name in names])
    past.publish(WITHIN, [account(name) for name in names])
    for name, day in (stays | leaves).items():
        past.order(name, day)
    past.order("returned", WITHIN + timedelta(days=5), is_order_day=False)
    past.order("taken back", WITHIN + timedelta(days=5), is_latest=False)
    build(past)
    row = one(past, group_kind="all")
    assert (row["accounts_count"], row["churned_count"]) == (7, 5)
    past.label(WITHIN, {name: name not in stays for name in names})
    build(past)
    assert one(past, group_kind="all") == row, "labels of the day say the same"


def test_of_each_month_the_last_published_day_counts_as_it_was_published_last_and_only_once_it_has_closed(
    past: Past,
) -> None:
    add_accounts(past, [account("x")])
    past.publish(date(2025, 8, 15), [account("x", 0.9)])
    past.publish(MONTH_END, [account("x", 0.8)])
    past.publish(MONTH_END, [account("x", 0.7)], attempt=2)
    past.publish(MONTH_END, [account("x", 0.2)], model="overdue-1")
    past.publish(WITHIN, [account("x", 0.4)])
    closing = past.marts.as_of - HORIZON
    past.publish(closing, [account("x", 0.3)])
    report = build(past)
    assert report.days == (MONTH_END, WITHIN, closing)
    found = {row["scored_date"]: (row["method_code"], row["predicted_rate"]) for row in rows(past, group_kind="all")}
    assert found == {MONTH_END: ("overdue", 0.2), WITHIN: ("model", 0.4), closing: ("model", 0.3)}
    # once a later day of that month was published, the month waits for it
    past.publish(closing + timedelta(days=1), [account("x", 0.3)])
    assert build(past).days == (MONTH_END, WITHIN)


def test_who_is_one_with_another_by_now_is_left_out_and_told(past: Past) -> None:
    names = ["kept", "merged", "unknown"]
    past.run("transformer", "insert into dim_accounts values ('kept', null), ('merged', 'kept')")
    past.publish(WITHIN, [account(name) for name in names])
    past.publish(MONTH_END, [account(name) for name in names])
    past.label(MONTH_END, {"kept": False})
    report = build(past)
    assert {row["scored_date"]: row["accounts_count"] for row in rows(past, group_kind="all")} == {
        WITHIN: 1,
        MONTH_END: 1,
    }
    assert report.left_out_count == 4
    assert "4 scored accounts have no outcome: they are one with others by now" in report.lines()


def test_an_account_stands_in_the_groups_that_it_was_in_on_the_day(past: Past) -> None:
    past.run("transformer", "insert into dim_accounts values ('x', null)")
    past.run(
        "transformer",
        "insert into dim_account_history values ('x', %s, %s, 'small', null, %s, %s)",
        [
            ("before", "food", date(1900, 1, 1), WITHIN - timedelta(days=1)),
            ("then", "retail", WITHIN, WITHIN),
            ("now", "health", WITHIN + timedelta(days=1), None),
        ],
    )
    past.publish(WITHIN, [account("x")])
    build(past)
    assert one(past, group_kind="account_manager")["group_code"] == "then"
    assert one(past, group_kind="industry")["group_code"] == "retail"
    assert one(past, group_kind="account_manager")["capacity_count"] == 20, "as the policy says for who has no number"


def test_another_definition_of_churn_is_judged_by_its_labels_only(past: Past) -> None:
    add_accounts(past, [account("x")])
    past.run("transformer", "update int_churn_kinds_chosen set is_scored = not is_scored")
    past.publish(MONTH_END, [account("x")])
    past.publish(WITHIN, [account("x")])
    past.label(MONTH_END, {"x": True})
    report = build(past)
    assert report.days == (MONTH_END,)
    assert report.lines() == [
        f"outcomes of scores are known of 1 month, up to those of {MONTH_END}",
        "months of scores that have closed and are not judged, as no label tells of their day: 1",
    ]


def test_labels_of_another_definition_say_nothing(past: Past) -> None:
    add_accounts(past, [account("x")])
    past.publish(MONTH_END, [account("x")])
    past.label(MONTH_END, {"x": False})
    past.run("transformer", "update fct_churn_labels set is_scored = false")
    build(past)
    assert one(past, group_kind="all")["churned_count"] == 1, "by order days, of which it has none"


def test_before_the_first_horizon_has_closed_the_table_is_empty_and_the_night_says_why(past: Past) -> None:
    report = build(past)
    assert (rows(past), report.lines()) == ([], ["no score has an outcome yet: none has been published before"])
    day = past.marts.as_of - HORIZON + timedelta(days=1)
    past.publish(day, [account("x")])
    report = build(past)
    assert rows(past) == []
    assert report.lines() == [f"no score has an outcome yet: the first horizon closes on {day + HORIZON}"]


def test_the_table_is_what_its_contract_declares_and_the_same_twice(past: Past) -> None:
    add_accounts(past, [account("x")])
    past.publish(WITHIN, [account("x")])
    build(past)
    first = rows(past)
    build(past)
    assert rows(past) == first
    contract = next(mart for mart in declared_marts() if mart.name == "fct_churn_outcomes")
    with past.marts.warehouse.connect(Role.CHECKER) as connection:
        found = connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = %s and table_name = 'fct_churn_outcomes' order by ordinal_position",
            (past.marts.schema,),
        ).fetchall()
    assert found == list(contract.columns)


def test_a_fenced_attempt_and_a_policy_with_a_gap_write_nothing(past: Past) -> None:
    lost = dataclasses.replace(past.marts.claim, token="00000000-0000-0000-0000-000000000000")
    with pytest.raises(FencedError):
        build(past, claim=lost)
    past.run("transformer", "delete from policy_parameters where parameter = 'confidence_z'")
    with pytest.raises(PolicyGapError, match="confidence_z"):
        build(past)
    with pytest.raises(psycopg.errors.UndefinedTable):
        rows(past)


@pytest.mark.parametrize(("hits", "cases"), [(0, 1), (1, 1), (3, 40), (40, 40)])
def test_the_limits_of_a_share_are_those_of_wilson_s_formula(hits: int, cases: int) -> None:
    assert share_limits(hits, cases) == pytest.approx(by_the_formula(hits, cases), abs=1e-9)
    assert share_limits(hits, cases, 1.0) == pytest.approx(by_the_formula(hits, cases, 1.0), abs=1e-9)
