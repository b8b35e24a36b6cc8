"""Numbers of three real companies' marts, against their publishers' files computed another way."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from tests.marts import independent
from tests.marts.building import ONLY_OF_WHAT_IS_BUILT, build
from tests.marts.independent_service import Agreement, category, monthly_revenue, movements, waited
from tests.sources.workshop import EXAMPLES, SHARED, Workshop
from warehouse.company import load_company
from warehouse.database import Role, Warehouse
from warehouse.embedded import binaries

SCHEMA = "build_of_an_example"

pytestmark = pytest.mark.slow


def _needs(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (SHARED / folder).exists(), reason=f"the real files are not at {SHARED / folder}")


@pytest.fixture
def workshop(warehouse: Warehouse, tmp_path: Path) -> Workshop:
    return Workshop(warehouse, tmp_path)


def _build(workshop: Workshop, example: str, as_of: date, *marts: str) -> None:
    company = load_company(str(EXAMPLES / example))
    variables = {"as_of_date": as_of.isoformat(), "timezone": company.timezone, "currency": company.currency}
    wanted = [f"+{mart}" for mart in marts]
    build(workshop.warehouse, SCHEMA, workshop.folder / "dbt", variables, *ONLY_OF_WHAT_IS_BUILT, "--select", *wanted)


def _query(workshop: Workshop, statement: str) -> list[tuple[Any, ...]]:
    with workshop.warehouse.connect(Role.TRANSFORMER) as connection:
        connection.execute(f"set search_path = {SCHEMA}".encode())
        return connection.execute(statement.encode()).fetchall()


def _lines(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Lines (account, product, day, amount) that were known on their day, in the independent form."""
    frame = pd.DataFrame(rows, columns=["account_id", "product_id", "order_date", "net_amount"])
    frame["order_date"] = pd.to_datetime(frame["order_date"])
    frame["known_date"] = frame["order_date"]
    frame["superseded_date"] = pd.NaT
    return frame


def _value_agrees(workshop: Workshop, lines: pd.DataFrame, *, accounts: set[str], as_of: date) -> None:
    """Customers, order days, revenue, RFM scores and ABC classes."""
    days = independent.order_days(lines)
    ((customers, order_days, revenue),) = _query(
        workshop,
        "select count(*) filter (where is_customer), sum(order_days_count), sum(net_revenue_amount) from dim_accounts",
    )
    assert (customers, order_days) == (len(days), sum(map(len, days.values())))
    assert revenue == sum(lines["net_amount"], Decimal(0)).quantize(revenue)
    expected = independent.rfm(lines, as_of=as_of).to_dict("index")
    scores = ["recency_score", "frequency_score", "monetary_score"]
    found = {
        account: own
        for account, *own in _query(workshop, f"select account_id, {', '.join(scores)} from fct_account_rfm")
    }
    assert found == {account: [int(own[score]) for score in scores] for account, own in expected.items()}
    classes = independent.abc(lines, accounts=accounts, as_of=as_of)["abc_class"].to_dict()
    assert dict(_query(workshop, "select account_id, abc_class from fct_account_abc")) == classes
    assert len(set(classes.values())) >= 3


@_needs("northwind")
def test_northwind_an_erp_database(workshop: Workshop, scratch_database: str) -> None:
    as_of, file = date(1998, 5, 6), SHARED / "northwind" / "northwind.sql"
    command = [str(binaries() / "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file), scratch_database]
    subprocess.run(command, check=True, capture_output=True)
    workshop.load("northwind", "erp", as_of.isoformat(), erp_url=scratch_database)
    _build(workshop, "northwind", as_of, "dim_accounts", "fct_account_rfm", "fct_account_abc")
    with psycopg.connect(scratch_database) as erp:
        rows = erp.execute(
            "select o.customer_id, d.product_id::text, o.order_date,"
            " d.quantity * d.unit_price::numeric * (1 - d.discount::numeric)"
            " from order_details as d, orders as o where d.order_id = o.order_id"
        ).fetchall()
        accounts = {name for (name,) in erp.execute("select customer_id from customers")}
    assert len(rows) == 2155
    _value_agrees(workshop, _lines(rows), accounts=accounts, as_of=as_of)


@_needs("maven_crm")
def test_maven_a_pipeline(workshop: Workshop) -> None:
    as_of, data = date(2017, 12, 31), SHARED / "maven_crm"
    for source in ("crm", "crm_again"):
        workshop.load("maven_crm", source, as_of.isoformat(), data=data)
    _build(workshop, "maven_crm", as_of, "dim_accounts", "fct_account_rfm", "fct_account_abc", "fct_opportunities")
    deals, accounts = (pd.read_csv(data / f"{name}.csv", dtype=str) for name in ("sales_pipeline", "accounts"))
    won = deals[deals["deal_stage"] == "Won"]
    sold = list(zip(won["account"], won["product"], won["close_date"], map(Decimal, won["close_value"]), strict=True))
    _value_agrees(workshop, _lines(sold), accounts=set(accounts["account"]), as_of=as_of)

    states = Counter(deals["deal_stage"].map({"Won": "won", "Lost": "lost"}).fillna("open"))
    found = _query(
        workshop,
        "select count(*) filter (where is_won), count(*) filter (where is_lost), count(*) filter (where is_open),"
        " sum(amount) filter (where is_won), count(*) filter (where is_open and account_id is null)"
        " from fct_opportunities",
    )
    nobodys = int((deals["close_date"].isna() & deals["account"].isna()).sum())
    assert found == [(states["won"], states["lost"], states["open"], sum(amount for *_, amount in sold), nobodys)]
    engaged = deals[deals["close_date"].notna()]
    ages = (pd.to_datetime(engaged["close_date"]) - pd.to_datetime(engaged["engage_date"])).dt.days
    assert _query(workshop, "select sum(age_days) from fct_opportunities where not is_open") == [(int(ages.sum()),)]


@_needs("ravenstack")
def test_ravenstack_contracts_and_tickets(workshop: Workshop) -> None:
    as_of, data = date(2024, 12, 31), SHARED / "ravenstack"
    workshop.load("ravenstack", "app", as_of.isoformat(), data=data)
    _build(workshop, "ravenstack", as_of, "fct_contract_months", "fct_tickets", "fct_feedback")
    contracts, tickets = (
        pd.read_csv(data / f"ravenstack_{name}.csv", dtype=str) for name in ("subscriptions", "support_tickets")
    )

    agreements: dict[str, list[Agreement]] = {}
    for row in _records(contracts):
        if row["is_trial"].lower() != "true":
            end = date.fromisoformat(row["end_date"]) if row["end_date"] else None
            one = Agreement(date.fromisoformat(row["start_date"]), end, Decimal(row["mrr_amount"]))
            agreements.setdefault(row["account_id"], []).append(one)
    months: Counter[date] = Counter()
    moved: Counter[str] = Counter()
    for own in agreements.values():
        revenue = monthly_revenue(own, as_of=as_of, gap=30)
        moved.update(movements(revenue.values()))
        months.update(revenue)
    found = dict(_query(workshop, "select month_date, sum(mrr_amount) from fct_contract_months group by 1"))
    assert found == dict(months)
    assert dict(_query(workshop, "select movement_type, count(*) from fct_contract_months group by 1")) == dict(moved)
    assert {"new", "expansion", "contraction"} <= set(moved)

    over = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), UTC)
    told = [
        waited(
            opened=_moment(row["submitted_at"]), answered=None,
            solved=_moment(row["closed_at"]) if row["closed_at"] else None,
            status="closed" if row["closed_at"] else "open",
            priority="normal" if row["priority"] == "medium" else row["priority"], over=over,
        )
        for row in _records(tickets)
    ]  # fmt: skip
    found_hours = _query(
        workshop,
        "select count(*), count(*) filter (where is_resolution_in_target), avg(resolution_hours)::double precision"
        " from fct_tickets",
    )
    hours = [each.solution for each in told if each.solution is not None]
    ((count, kept, average),) = found_hours
    assert (count, kept) == (len(tickets), sum(each.solution_kept is True for each in told))
    assert average == pytest.approx(sum(hours) / len(hours), rel=1e-6)

    given = tickets["satisfaction_score"].dropna().astype(float).astype(int)
    answers = Counter(category("csat", score, 5) for score in given)
    assert dict(_query(workshop, "select category, count(*) from fct_feedback group by 1")) == dict(answers)


def _records(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Its rows as text, empty where nothing stands."""
    return [{str(name): str(value) for name, value in row.items()} for row in frame.fillna("").to_dict("records")]


def _moment(text: str) -> datetime:
    moment: datetime = pd.Timestamp(text, tz="UTC").to_pydatetime()
    return moment
