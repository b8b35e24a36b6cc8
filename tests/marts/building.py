"""Builds models of dbt for a test, as a night does, and finds everything well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse.database import Warehouse
from warehouse.dbt_run import dbt_environment, run_dbt

NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
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
