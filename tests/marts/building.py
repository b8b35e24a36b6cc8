"""Loads raw rows for a test, builds models of dbt on them as a night does, and finds everything well."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.database import Warehouse
from warehouse.dbt_run import dbt_environment, run_dbt

NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure")
ONLY_OF_WHAT_IS_BUILT = (*NO_UNIT_TESTS, "--indirect-selection", "cautious")


def build(
    warehouse: Warehouse, schema: str, target: Path, variables: Mapping[str, Any], *words: str
) -> list[dict[str, Any]]:
    """Run dbt build with these words into a schema and return the results of its nodes, of which none may be broken."""
    run_dbt(
        ["build", *words],
        environment=dbt_environment(warehouse, schema, threads=2),
        variables=dict(variables),
        target=target,
        progress=lambda _: None,
    )
    results: list[dict[str, Any]] = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    broken = [result["unique_id"] for result in results if result["status"] not in {"success", "pass"}]
    assert broken == [], (target / "dbt.log").read_text(encoding="utf-8")[-4000:]
    return results


def load_raw(
    connection: psycopg.Connection,
    entity: str,
    key: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    known_at: str = "2025-06-01 00:00+00",
) -> None:
    """Insert versions of records of one source; `known_at` is for those that do not say when they were known."""
    for place, row in enumerate(rows):
        ours = {"source": "crm", "record_id": row[key], "content_hash": str(place), "gen": 1}
        insert_row(connection, "raw", entity, {"known_at": known_at, **row, **ours})


def insert_row(
    connection: psycopg.Connection | psycopg.Cursor[Any], schema: str, table: str, row: Mapping[str, Any]
) -> None:
    """Insert one row by the names of its columns."""
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(schema, table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        list(row.values()),
    )
