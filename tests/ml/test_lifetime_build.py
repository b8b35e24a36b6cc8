"""fct_account_lifetime_values in a build schema: read from marts, written as its contract says, within the fence."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from psycopg import sql

from ml.catalogue import CATEGORICAL_NAMES, TABLE_NAMES
from ml.lifetime.build import TABLE, LifetimeReport, build_lifetime_values
from ml.lifetime.days import Closed
from ml.policy import PolicyGapError
from tests.ml.conftest import Marts
from tests.ml.lifetime_world import AS_OF, Orders, closed_days, history, make_orders, rows_on
from warehouse.database import Role
from warehouse.frames import read_frame, write_frame
from warehouse.night import FencedError
from warehouse.published_tables import declared_marts

YEAR, TWO_YEARS = closed_days(12), closed_days(24)


@pytest.fixture(scope="module")
def orders() -> Orders:
    return make_orders()


def fill(marts: Marts, orders: Orders, *closed: Closed) -> None:
    """Put what dbt would have made of the company's orders into the build schema."""
    schema = sql.Identifier(marts.schema)
    rows, labels = history(orders, closed) if closed else (None, {})
    tonight = rows_on(orders, AS_OF)
    every = tonight if rows is None else pd.concat([rows, tonight], ignore_index=True)
    every = every.assign(is_current=every["snapshot_date"] == pd.Timestamp(AS_OF), as_of_date=AS_OF)
    keys = ["account_id", "snapshot_date", "is_eligible", "is_current", "as_of_date"]
    with marts.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(
            sql.SQL(
                "create table {0}.fct_value_features (account_id text, net_revenue_total_amount numeric,"
                " formula_month_amount numeric, snapshot_date date, as_of_date date);"
                "create table {0}.fct_value_labels (account_id text, months_count integer,"
                " net_revenue_amount numeric, order_days_count bigint, closes_on date, snapshot_date date);"
                "create table {0}.policy_lifetime_horizons as select * from (values (3, false), (6, false),"
                " (12, true), (24, true)) as horizons (months_count, is_told);"
                "insert into {0}.policy_parameters values ('clv_discount_rate', '0');"
                "grant select on all tables in schema {0} to guanxi_scorer, guanxi_checker"
            ).format(schema)
        )
        features = every[[*keys, *TABLE_NAMES]]
        features = features.assign(**{name: features[name].replace("", None) for name in CATEGORICAL_NAMES})
        write_frame(connection, marts.schema, "fct_churn_features", features)
        values = ["account_id", "net_revenue_total_amount", "formula_month_amount", "snapshot_date", "as_of_date"]
        write_frame(connection, marts.schema, "fct_value_features", every[values])
        for months, each in labels.items():
            counted = each.assign(months_count=months, order_days_count=each["order_days_count"].astype(int))
            write_frame(connection, marts.schema, "fct_value_labels", counted)


def build(marts: Marts) -> LifetimeReport:
    return build_lifetime_values(marts.scorer, claim=marts.claim, schema=marts.schema, as_of=AS_OF)


def written(marts: Marts) -> pd.DataFrame:
    with marts.warehouse.connect(Role.CHECKER) as connection:
        query = sql.SQL("select * from {} order by lifetime_value_key").format(sql.Identifier(marts.schema, TABLE))
        return read_frame(connection, query)


def test_every_account_that_ordered_has_each_horizon(marts: Marts, orders: Orders) -> None:
    assert marts.as_of == AS_OF
    fill(marts, orders, YEAR, TWO_YEARS)
    report = build(marts)
    (line,) = report.lines()
    assert line.startswith("lifetime value of 600 accounts: 12 months by two_part (recall of the top fifth: formula ")
    found = written(marts)
    told = {months: rows.set_index("account_id") for months, rows in found.groupby("months_count")}
    assert set(told) == {12, 24}
    assert set(told[12].index) == set(told[24].index) == set(rows_on(orders, AS_OF)["account_id"])
    assert (told[12]["method_code"] == "two_part").all()
    assert (told[24]["method_code"] != "two_part").all(), "no two years had closed before those that are graded"
    assert told[24]["two_part_amount"].notna().all() == (report.horizons[1].grading is not None)
    buying = [told[months]["buying_amount"].astype(float) for months in (12, 24)]
    assert (buying[0] <= buying[1]).all(), "more comes in two years than in one"
    contract = next(mart for mart in declared_marts() if mart.name == TABLE)
    assert tuple(found.columns) == tuple(name for name, _ in contract.columns)
    build(marts)
    assert written(marts).equals(found), "the same marts, the same rows"


def test_labels_that_close_after_the_night_are_not_read(marts: Marts, orders: Orders) -> None:
    fill(marts, orders, YEAR)
    build(marts)
    before = written(marts)
    with marts.warehouse.connect(Role.TRANSFORMER) as connection:
        table = sql.Identifier(marts.schema, "fct_value_labels")
        connection.execute(
            sql.SQL(
                "insert into {0} select account_id, months_count, 1000000, 9, date '2026-01-01', date '2025-01-01'"
                " from {0} where snapshot_date = (select max(snapshot_date) from {0})"
            ).format(table)
        )
    build(marts)
    assert written(marts).equals(before)


def test_a_company_without_a_past_is_told_by_the_formula(marts: Marts, orders: Orders) -> None:
    fill(marts, orders)
    (line,) = build(marts).lines()
    assert "12 months by formula, ungraded" in line
    found = written(marts)
    assert found["graded_months_count"].isna().all()
    assert (found["method_code"] == "formula").all()
    assert found["buying_amount"].notna().all()


def test_without_a_horizon_nothing_is_written(marts: Marts, orders: Orders) -> None:
    fill(marts, orders)
    with marts.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(sql.SQL("delete from {}.policy_lifetime_horizons").format(sql.Identifier(marts.schema)))
    with pytest.raises(PolicyGapError, match="no horizon that is told"):
        build(marts)


def test_a_stage_that_lost_its_claim_writes_nothing(marts: Marts, orders: Orders) -> None:
    fill(marts, orders)
    lost = dataclasses.replace(marts.claim, token="00000000-0000-0000-0000-000000000000")
    with pytest.raises(FencedError):
        build_lifetime_values(marts.scorer, claim=lost, schema=marts.schema, as_of=AS_OF)
    row = marts.scorer.execute("select to_regclass(%s)", (f"{marts.schema}.{TABLE}",)).fetchone()
    assert row == (None,)
