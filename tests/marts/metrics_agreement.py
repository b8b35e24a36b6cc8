"""Every metric of the semantic layer, added up from its table, is the figure that another mart has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql
from psycopg.rows import dict_row

from warehouse.database import Role, Warehouse

FILE = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "metrics" / "metrics.yml"
MARTS = ("fct_order_lines", "fct_contract_months", "fct_account_value", "dim_accounts")
AGGREGATES = {"sum": "sum", "average": "avg"}

Row = dict[str, Any]
Rows = Callable[[str], list[Row]]


def check(warehouse: Warehouse, schema: str, rows: Rows, *, as_of: date) -> None:
    """Find each metric's value on each of its days as fct_kpi_months or the mart itself has it."""
    described = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    figures = {
        (row["metric_code"], row["month_date"]): row["metric_value"]
        for row in rows("fct_kpi_months")
        if row["dimension"] == "company"
    }
    month = as_of.replace(day=1)
    accounts = rows("dim_accounts")
    expected: dict[str, dict[date, Decimal | int | None]] = {
        "net_revenue": {as_of: sum(row["net_revenue_amount"] for row in accounts)},
        "accounts_that_ordered": {as_of: sum(row["is_customer"] for row in accounts)},
        "revenue": {as_of: figures["revenue", month]},
        "clv": {as_of: figures["clv", month]},
        "mrr": {day: value for (code, day), value in figures.items() if code == "mrr"},
        "churned_mrr": {day: value for (code, day), value in figures.items() if code == "churned_mrr"},
    }
    assert {metric["name"] for metric in described["metrics"]} == expected.keys()
    for metric in described["metrics"]:
        name = metric["name"]
        found = _added_up(warehouse, schema, described["semantic_models"], metric["type_params"]["measure"])
        if name == "net_revenue":  # over all days of orders
            found = {as_of: sum(found.values(), Decimal(0))}
        known = {day: value for day, value in expected[name].items() if value is not None and day in found}
        assert known, name
        assert any(known.values()), f"{name} says nothing"
        assert {day: float(found[day]) for day in known} == {
            day: pytest.approx(float(value), abs=1e-3) for day, value in known.items()
        }, name


def _added_up(warehouse: Warehouse, schema: str, models: list[Row], measure: str) -> dict[date, Decimal]:
    """Return the measure by day, as a tool that reads the description adds it up; days without a value left out."""
    model, told = next((each, one) for each in models for one in each["measures"] if one["name"] == measure)
    table = model["model"].split("'")[1]
    query = sql.SQL("select {} as day, {}({}) as value from {} group by 1").format(
        sql.Identifier(model["defaults"]["agg_time_dimension"]),
        sql.SQL(AGGREGATES[told["agg"]]),
        sql.SQL(told["expr"]),
        sql.Identifier(schema, table),
    )
    with warehouse.connect(Role.TRANSFORMER) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return {row["day"]: row["value"] for row in cursor.execute(query) if row["value"] is not None}
