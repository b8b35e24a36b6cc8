"""Portfolios: each account in one of them, with what is known of it; computed a second time over accounts by chance."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import mean
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from delivery.portfolios import build_portfolios
from tests.delivery.conftest import AS_OF
from warehouse.company import Company
from warehouse.database import Role, Warehouse
from warehouse.ledger import open_night, stage
from warehouse.night import Claim, FencedError

# The columns that the portfolios read, of the tables that dbt, the scoring and the lists leave in a build schema.
_TABLES = """
create table dim_accounts (
    account_id text, account_manager_id text, merged_into_account_id text, is_internal boolean, is_customer boolean
);
create table dim_account_managers (account_manager_id text, account_manager_name text, is_active boolean);
create table fct_account_abc (account_id text, published_class text);
create table fct_key_accounts (account_id text, tier_code text);
create table fct_account_value (
    account_id text, net_revenue_365d_amount numeric(18, 4), mrr_amount numeric(18, 4),
    margin_365d_amount numeric(18, 4)
);
create table fct_account_loyalty (
    account_id text, nps_rate double precision, csat_rate double precision, complaints_365d_count bigint
);
create table fct_account_potential (account_id text, white_space_amount numeric(18, 4));
create table fct_account_lifecycle_months (
    account_id text, stage_code text, overdue_ratio double precision, is_current boolean
);
create table fct_churn_scores (
    account_id text, churn_probability double precision, band_code text, expected_loss_amount numeric
);
create table fct_churn_lists (account_id text, status_code text);
create table policy_parameters (parameter text, value numeric);
create table policy_churn_bands (band_code text, probability_from numeric);
insert into policy_parameters values ('declining_overdue_ratio', 1.5);
insert into policy_churn_bands values ('high', 0.5), ('medium', 0.2), ('low', 0);
grant select on all tables in schema build_test to guanxi_scorer;
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Build:
    """A build schema as the transform, the scoring and the lists leave it."""

    warehouse: Warehouse
    connection: psycopg.Connection
    claim: Claim

    def add(self, table: str, **values: Any) -> None:
        self.connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier("build_test", table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )

    def portfolios(self) -> dict[str, Row]:
        self.connection.commit()
        with self.warehouse.connect(Role.SCORER) as scorer:
            written = build_portfolios(scorer, claim=self.claim, schema="build_test", as_of=AS_OF)
        with self.warehouse.connect_admin() as connection, connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute("select * from build_test.fct_account_manager_portfolios").fetchall()
        assert len(rows) == written
        return {row["portfolio_key"]: row for row in rows}


@pytest.fixture
def build(warehouse: Warehouse, test_company: Company, tmp_path: Path) -> Iterator[Build]:
    night = open_night(
        warehouse, run_id="2026-03-31", as_of=AS_OF, timezone="Europe/Berlin", company_id=test_company.id,
        runs_folder=tmp_path,
    )  # fmt: skip
    with warehouse.connect(Role.TRANSFORMER) as connection, stage(warehouse, night, "score") as claim:
        connection.execute("create schema build_test")
        connection.execute("set search_path to build_test")
        connection.execute(_TABLES)
        connection.execute("grant usage, create on schema build_test to guanxi_scorer")
        connection.commit()
        yield Build(warehouse, connection, claim)


def test_portfolios_of_accounts_by_chance_agree_with_another_way_to_sum_them(build: Build) -> None:
    dice = random.Random(7)
    for manager in ("ann", "bob", "idle"):
        build.add(
            "dim_account_managers", account_manager_id=manager, account_manager_name=manager.title(), is_active=True
        )
    accounts = [_account(dice, number) for number in range(60)]
    for each in accounts:
        _store(build, each)
    found = build.portfolios()
    assert found.keys() == {"ann", "bob", "idle", "(none)"}
    by_manager: dict[str, list[Row]] = defaultdict(list)
    for each in accounts:
        by_manager[each["manager"] or "(none)"] += [each] if not each["internal"] else []
    for key, row in found.items():
        own = by_manager[key]
        for column, expected in _expected(own).items():
            value = row[column]
            assert (value is None) == (expected is None), (key, column)
            assert value is None or float(value) == pytest.approx(float(expected), abs=0.01), (key, column)
    assert sum(row["revenue_rate"] or 0 for row in found.values()) == pytest.approx(1)
    assert found["(none)"]["accounts_count"] > 3
    assert found["(none)"]["account_manager_id"] is None


def _account(dice: random.Random, number: int) -> Row:
    is_scored = dice.random() < 0.7
    return {
        "id": f"a{number}", "manager": dice.choice(["ann", "ann", "bob", None]), "internal": dice.random() < 0.1,
        "customer": dice.random() < 0.8, "abc": dice.choice("ABC"), "tier": dice.choice("SABCN"),
        "revenue": Decimal(dice.randint(-100, 1000)), "mrr": dice.choice([None, Decimal(50)]),
        "margin": dice.choice([None, Decimal(dice.randint(-50, 300))]),
        "nps": dice.choice([None, -1.0, 0.5, 1.0]), "csat": dice.choice([None, 0.25, 0.75]),
        "complaints": dice.randint(0, 3), "space": dice.choice([None, Decimal(dice.randint(0, 99))]),
        "stage": dice.choice(["declining", "dormant", "churned", "mature"]),
        "overdue": dice.choice([None, 1.49, 1.5, 3]),
        "risk": dice.choice([0.1, 0.3, 0.9]) if is_scored else None,
        "loss": Decimal(dice.randint(0, 500)) if is_scored else None, "listed": is_scored and dice.random() < 0.4,
    }  # fmt: skip


def _store(build: Build, each: Mapping[str, Any]) -> None:
    name = each["id"]
    build.add(
        "dim_accounts", account_id=name, account_manager_id=each["manager"], is_internal=each["internal"],
        is_customer=each["customer"],
    )  # fmt: skip
    build.add("fct_account_abc", account_id=name, published_class=each["abc"])
    build.add("fct_key_accounts", account_id=name, tier_code=each["tier"])
    build.add(
        "fct_account_value", account_id=name, net_revenue_365d_amount=each["revenue"], mrr_amount=each["mrr"],
        margin_365d_amount=each["margin"],
    )  # fmt: skip
    build.add(
        "fct_account_loyalty", account_id=name, nps_rate=each["nps"], csat_rate=each["csat"],
        complaints_365d_count=each["complaints"],
    )  # fmt: skip
    build.add("fct_account_potential", account_id=name, white_space_amount=each["space"])
    for is_current, stage_code in ((True, each["stage"]), (False, "declining")):
        build.add(
            "fct_account_lifecycle_months", account_id=name, stage_code=stage_code, overdue_ratio=each["overdue"],
            is_current=is_current,
        )  # fmt: skip
    if each["risk"] is not None:
        band = "high" if each["risk"] > 0.5 else "medium" if each["risk"] > 0.2 else "low"
        build.add(
            "fct_churn_scores", account_id=name, churn_probability=each["risk"], band_code=band,
            expected_loss_amount=each["loss"],
        )  # fmt: skip
    if each["listed"]:
        build.add("fct_churn_lists", account_id=name)


def _expected(own: list[Row]) -> Row:
    def total(name: str) -> Decimal | None:
        known = [each[name] for each in own if each[name] is not None]
        return sum(known, Decimal(0)) if known else None

    def average(name: str) -> float | None:
        known = [each[name] for each in own if each[name] is not None]
        return mean(known) if known else None

    at_risk = [
        each["risk"] * float(max(0, each["margin"]))
        for each in own
        if each["risk"] is not None and each["margin"] is not None
    ]
    return {
        "accounts_count": len(own),
        "customers_count": sum(each["customer"] for each in own),
        "a_class_count": sum(each["abc"] == "A" for each in own),
        "tier_s_count": sum(each["tier"] == "S" for each in own),
        "tier_a_count": sum(each["tier"] == "A" for each in own),
        "tier_b_count": sum(each["tier"] == "B" for each in own),
        "net_revenue_365d_amount": total("revenue"),
        "mrr_amount": total("mrr"),
        "margin_365d_amount": total("margin"),
        "declining_count": sum(each["stage"] == "declining" for each in own),
        "dormant_count": sum(each["stage"] == "dormant" for each in own),
        "churned_count": sum(each["stage"] == "churned" for each in own),
        "overdue_count": sum((each["overdue"] or 0) >= 1.5 for each in own),
        "scored_count": sum(each["risk"] is not None for each in own),
        "high_risk_count": sum((each["risk"] or 0) > 0.5 for each in own),
        "listed_count": sum(each["listed"] for each in own),
        "expected_loss_amount": total("loss"),
        "expected_margin_loss_amount": sum(at_risk) if at_risk else None,
        "nps_accounts_count": sum(each["nps"] is not None for each in own),
        "nps_rate": average("nps"),
        "csat_accounts_count": sum(each["csat"] is not None for each in own),
        "csat_rate": average("csat"),
        "complaints_365d_count": total("complaints"),
        "white_space_amount": total("space"),
    }


def test_what_nobody_tells_is_null_and_not_nought(build: Build) -> None:
    """A company without orders, contracts, surveys and scores has accounts all the same; a second run changes none."""
    build.add("dim_accounts", account_id="a", account_manager_id=None, is_internal=None, is_customer=False)
    build.add(
        "dim_accounts", account_id="crm|7", account_manager_id=None, merged_into_account_id="a", is_internal=False,
        is_customer=False,
    )  # fmt: skip
    row = build.portfolios()["(none)"]
    assert row["accounts_count"] == 1, "an account that was merged into another is nobody's any more"
    unknown = (
        "net_revenue_365d_amount", "revenue_rate", "mrr_amount", "expected_loss_amount", "nps_rate", "csat_rate",
        "expected_margin_loss_amount", "complaints_365d_count", "white_space_amount",
    )  # fmt: skip
    assert [row[column] for column in unknown] == [None] * len(unknown)
    assert build.portfolios() == {"(none)": row}


def test_an_attempt_that_lost_its_claim_writes_nothing(build: Build) -> None:
    with build.warehouse.connect_admin() as connection:
        connection.execute("delete from ops.claims")
    with pytest.raises(FencedError):
        build.portfolios()
