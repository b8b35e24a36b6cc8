"""The query and the columns of a dataset: its own, and what charts are filtered by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from bi.description import BadDashboardError, Computed, Dataset
from warehouse.plain_yaml import read_models
from warehouse.published_tables import CONTRACT_GLOBS, VIEWS_GLOB
from warehouse.settings import ROOT

# Of each customer, whatever the table: by these every dashboard is filtered, and by the first each manager's rows.
_OF_CUSTOMERS = (
    Computed(name="account_id", sql="a.account_id", type="text", en="Customer ID", zh="客户编号"),
    Computed(name="account_name", sql="a.account_name", type="text", en="Customer", zh="客户"),
    Computed(name="account_manager_id", sql="a.account_manager_id", type="text", en="Manager ID", zh="客户经理编号"),
    Computed(
        name="account_manager",
        sql="coalesce(m.account_manager_name, 'nobody 无人')",
        type="text",
        en="Account manager",
        zh="客户经理",
    ),
    Computed(name="region", sql="coalesce(a.region, 'unknown 未知')", type="text", en="Region", zh="地区"),
    Computed(name="industry", sql="coalesce(a.industry, 'unknown 未知')", type="text", en="Industry", zh="行业"),
    Computed(
        name="segment",
        sql="coalesce(s.segment_name_en || ' ' || s.segment_name_zh, 'no orders 无订单')",
        type="text",
        en="Segment",
        zh="客户分群",
    ),
)
_OF_MANAGERS = tuple(each for each in _OF_CUSTOMERS if each.name in {"account_manager_id", "account_manager"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a dataset gives: where from, its type in PostgreSQL, its names, and what it means."""

    name: str
    sql: str
    type: str
    label: str
    meaning: str = ""


def columns_of(dataset: Dataset) -> list[Column]:
    """Return a dataset's columns in order. Raises BadDashboardError for one that no contract has."""
    declared = declared_columns().get(dataset.table, {})
    found = []
    for name in dataset.columns:
        if name not in declared:
            raise BadDashboardError(
                f"dataset {dataset.name}, column {name}",
                seen=f"the contract of {dataset.table} does not declare it",
                expected="one of: " + ", ".join(sorted(declared)),
                next_step="name one of these, or describe it under computed, with its SQL",
            )
        found.append(declared[name])
    computed = (*dataset.computed, *_shared(dataset))
    found += [Column(each.name, f"({each.sql})", each.type, _both(each.en, each.zh)) for each in computed]
    return found


def query_of(dataset: Dataset) -> str:
    """Return a dataset's query: the views of bi alone, each with its schema."""
    lines = ["select"]
    lines.append(",\n".join(f'    {column.sql} as "{column.name}"' for column in columns_of(dataset)))
    lines.append(f"from bi.{dataset.table} as t")
    if dataset.customers is not None:
        lines += [
            f"join bi.dim_accounts as a on t.{dataset.customers} = a.account_id",
            "left join bi.dim_account_managers as m on a.account_manager_id = m.account_manager_id",
            "left join bi.fct_account_rfm as s on a.account_id = s.account_id",
        ]
    elif dataset.managers is not None:
        lines += [
            f"join bi.dim_account_managers as a on t.{dataset.managers} = a.account_manager_id",
            "join bi.dim_account_managers as m on a.account_manager_id = m.account_manager_id",
        ]
    if dataset.joins:
        lines.append(dataset.joins)
    if dataset.where:
        lines.append(f"where {dataset.where}")
    return "\n".join(lines)


@cache
def declared_columns() -> dict[str, dict[str, Column]]:
    """Return the columns of every view by table, as their contracts declare them."""
    found: dict[str, dict[str, Column]] = {}
    for pattern in (*CONTRACT_GLOBS, VIEWS_GLOB):
        for file in sorted(ROOT.glob(pattern)):
            for model in read_models(file):
                found[model["name"]] = {column["name"]: _column(column) for column in model.get("columns", [])}
    return found


def _shared(dataset: Dataset) -> tuple[Computed, ...]:
    if dataset.customers is not None:
        return _OF_CUSTOMERS
    return _OF_MANAGERS if dataset.managers is not None else ()


def _column(column: dict[str, Any]) -> Column:
    meta: dict[str, Any] = (column.get("config") or {}).get("meta") or {}
    return Column(
        column["name"],
        f"t.{column['name']}",
        column["data_type"],
        _both(meta.get("label_en", column["name"]), meta.get("label_zh", "")),
        " ".join(str(column.get("description", "")).split()),
    )


def _both(english: str, chinese: str) -> str:
    return english if not chinese or english == chinese else f"{english} {chinese}"
