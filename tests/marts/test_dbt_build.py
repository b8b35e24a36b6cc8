"""The models on a real PostgreSQL: their unit tests, and a company of which nothing is known yet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warehouse.database import Role, Warehouse
from warehouse.transform import PROJECT, dbt_environment

SCHEMA = "build_of_the_unit_tests"


@pytest.mark.slow
def test_every_unit_test_holds_and_an_empty_company_builds(warehouse: Warehouse, tmp_path: Path) -> None:
    variables = {"as_of_date": "2025-06-30", "timezone": "Asia/Shanghai", "currency": "CNY"}
    command = [
        str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--no-version-check", "build",
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(tmp_path),
        "--log-path", str(tmp_path), "--vars", json.dumps(variables),
    ]  # fmt: skip
    environment = dbt_environment(warehouse, SCHEMA, threads=2)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    results: list[dict[str, Any]] = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    broken = [result["unique_id"] for result in results if result["status"] not in {"success", "pass"}]
    assert broken == [], done.stdout[-4000:]
    assert sum(result["unique_id"].startswith("unit_test.") for result in results) >= 30
    with warehouse.connect(Role.TRANSFORMER) as connection:
        row = connection.execute(f"select count(*) from {SCHEMA}.fct_account_lifecycle_months").fetchone()
    assert row == (0,)
