"""What a night takes over from the live one is what it would have measured itself, whatever came in between."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.marts import chance_value
from tests.marts.building import NO_UNIT_TESTS, build, load_raw
from warehouse.carrying import Carried, carried_variables, tell_carried
from warehouse.database import Role, Warehouse

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)
MARTS = (
    "fct_account_lifecycle_months", "fct_account_lifecycle_spells", "fct_stage_transitions", "fct_segment_months",
    "fct_account_segments", "fct_churn_features", "fct_churn_labels", "fct_account_abc", "fct_account_rfm",
    "fct_account_category_months", "int_account_states_dated",
)  # fmt: skip
PAST = (
    "int_account_stages_decided", "int_account_states_dated", "int_account_segments_listed", "fct_churn_features",
    "stg_raw__orders", "stg_raw__order_lines", "int_order_lines_versioned", "int_account_days_known",
)  # fmt: skip


@pytest.fixture
def company(warehouse: Warehouse) -> Warehouse:
    """A company by chance, with news of three days: late orders, corrections, and changes of what is long past."""
    chance = chance_value.company(random.Random(20250702), as_of=THIRD, count=60)
    never_ordered, ordered = "V058", chance.tables["orders"][0]["account_id"]
    customers = [row["account_id"] for row in chance.tables["orders"] if row["known_at"] < _noon(date(2025, 5, 1))]
    joins_house = next(each for each in reversed(customers) if each not in (ordered, "V059"))
    chance.tables["accounts"] += [
        # heard of in May by the CRM, read by us in July
        {"account_id": "late", "industry": "water", "created_at": _noon(date(2025, 5, 15)), "known_at": _noon(SECOND)},
        {"account_id": never_ordered, "industry": "chemistry", "region": "east", "known_at": _noon(SECOND)},
        {"account_id": joins_house, "industry": "water", "is_internal": True, "known_at": _noon(THIRD)},
    ]
    chance.tables["contracts"] = [
        {"contract_id": "c1", "account_id": ordered, "start_date": date(2025, 3, 1), "end_date": date(2026, 2, 28),
         "known_at": _noon(SECOND)}
    ]  # fmt: skip
    chance.tables["products"].append({"product_id": "p2", "category": "hoses", "known_at": _noon(THIRD)})
    with warehouse.connect_admin() as connection:
        for entity, rows in chance.tables.items():
            load_raw(connection, entity, chance_value.row_key(entity), rows, known_at="2022-09-01 00:00+00")
    return warehouse


def test_what_is_taken_over_is_what_would_have_been_measured(company: Warehouse, tmp_path: Path) -> None:
    _build(company, tmp_path, "first", FIRST)
    told = _build(company, tmp_path, "second", SECOND, carried=("first", FIRST))
    _build(company, tmp_path, "second_in_full", SECOND)
    past = _one(company, "select count(*) from first.int_snapshot_dates_listed where not is_current")
    assert past[0] > 30
    assert _taken_over(company, "second") == (*past, 12)
    assert "sales" not in told
    assert _one(company, "select count(*) from second.int_restatements_found where is_of_presence") == (1,)
    assert _one(company, "select count(*) from second.int_account_stages_decided where account_id = 'late'") == (3,)
    _assert_same(company, "second", "second_in_full")

    # a customer turns out to be our own, and a product is filed elsewhere: their past reads otherwise for everybody
    told = _build(company, tmp_path, "third", THIRD, carried=("second", SECOND))
    _build(company, tmp_path, "third_in_full", THIRD)
    snapshots, months = _taken_over(company, "third")
    assert snapshots == 0
    assert months < 6
    assert "accounts with sales whose past reads otherwise now: 1, V" in told
    _assert_same(company, "third", "third_in_full")


def _assert_same(warehouse: Warehouse, schema: str, other: str) -> None:
    for table in sorted({*MARTS, *PAST}):
        rows, others = (
            _one(warehouse, f"select count(*), sum(hashtextextended(t::text, 0)::numeric) from {each}.{table} as t")
            for each in (schema, other)
        )
        assert rows == others, table
        assert rows[0] > 0, table


def _taken_over(warehouse: Warehouse, schema: str) -> tuple[Any, ...]:
    return _one(
        warehouse,
        f"select (select count(*) from {schema}.int_snapshot_dates_listed where is_carried),"
        f" (select count(*) from {schema}.int_category_months_listed where is_carried)",
    )


def _build(
    warehouse: Warehouse, target: Path, schema: str, day: date, *, carried: tuple[str, date] | None = None
) -> str:
    build_of = carried and Carried(schema=carried[0], gen=1, as_of=carried[1])
    variables = {"as_of_date": day.isoformat(), "timezone": "Asia/Shanghai", "currency": "CNY"}
    wanted = [f"+{mart}" for mart in MARTS]
    build(
        warehouse, schema, target, variables | carried_variables(build_of),
        "--select", *wanted, *NO_UNIT_TESTS, "--exclude-resource-type", "test",
    )  # fmt: skip
    with warehouse.connect(Role.TRANSFORMER) as connection:
        return tell_carried(connection, schema, build_of)


def _one(warehouse: Warehouse, query: str) -> tuple[Any, ...]:
    with warehouse.connect(Role.TRANSFORMER) as connection:
        return connection.execute(query.encode()).fetchone() or ()


def _noon(day: date) -> Any:
    return chance_value.moment(day)
