"""What dbt's results mean for the night."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from warehouse.database import Warehouse
from warehouse.dbt_run import dbt_environment
from warehouse.errors import GateClosedError
from warehouse.transform import MartsTestError, TransformError, _report


def _results(folder: Path, **statuses: str) -> Path:
    nodes = [
        {"status": status, "unique_id": f"{'test' if status in ('fail', 'pass', 'warn') else 'model'}.guanxi.{name}.ab"}
        for name, status in statuses.items()
    ]
    (folder / "run_results.json").write_text(json.dumps({"results": nodes}), encoding="utf-8")
    return folder


def test_a_build_that_went_well_is_counted(tmp_path: Path) -> None:
    folder = _results(tmp_path, dim_a="success", fct_b="success", unique_a="pass", rare_b="warn")
    report = _report("build_1_1", folder, 0)
    assert (report.schema, report.built_count, report.tests_passed_count) == ("build_1_1", 2, 1)
    assert report.warnings == ("rare_b",)


def test_a_failing_test_closes_the_gate(tmp_path: Path) -> None:
    folder = _results(tmp_path, dim_a="success", unique_a="fail", fct_b="skipped")
    with pytest.raises(MartsTestError) as failed:
        _report("build_1_1", folder, 1)
    assert isinstance(failed.value, GateClosedError)
    assert "1 of 3 nodes do not hold" in failed.value.thing
    assert "unique_a" in failed.value.seen


def test_a_model_that_breaks_is_an_error_and_no_gate(tmp_path: Path) -> None:
    folder = _results(tmp_path, dim_a="error", unique_a="skipped", other="fail")
    with pytest.raises(TransformError, match="dim_a") as failed:
        _report("build_1_1", folder, 1)
    assert not isinstance(failed.value, GateClosedError)
    assert "dbt.log" in failed.value.next_step


REFUSED = {
    "two rows": "create table t as select 1 as a union all select 1; alter table t add primary key (a)",
    "no key": "create table t as select null::int as a; alter table t add primary key (a)",
    "a null": "create table t (a int not null); insert into t values (null)",
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_the_database_refuses_close_the_gate(scratch_database: str, tmp_path: Path, case: str) -> None:
    with psycopg.connect(scratch_database) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(REFUSED[case].encode())
    folder = _results(tmp_path, dim_a="error", fct_b="success")
    results = json.loads((folder / "run_results.json").read_text(encoding="utf-8"))
    results["results"][0]["message"] = f"Database Error in model dim_a (models/dim_a.sql)\n  {refused.value}"
    (folder / "run_results.json").write_text(json.dumps(results), encoding="utf-8")
    with pytest.raises(MartsTestError, match="1 of 2 nodes do not hold") as failed:
        _report("build_1_1", folder, 1)
    assert "dim_a" in failed.value.seen


@pytest.mark.parametrize("statuses", [{}, {"unique_a": "pass"}], ids=["nothing", "tests only"])
def test_a_build_of_nothing_is_an_error(tmp_path: Path, statuses: dict[str, str]) -> None:
    with pytest.raises(TransformError, match="at least one model"):
        _report("build_1_1", _results(tmp_path, **statuses), 0)


def test_a_bad_end_with_good_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TransformError, match="status 2"):
        _report("build_1_1", _results(tmp_path, dim_a="success"), 2)


def test_a_dbt_without_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TransformError, match="left no results"):
        _report("build_1_1", tmp_path, 2)


def test_dbt_gets_its_own_password_and_no_other_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_SMTP_URL", "smtp://u:canary@h")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "canary")
    warehouse = Warehouse("postgresql://admin:canary@h:6543/d", "canary")
    environment = dbt_environment(warehouse, "build_1_1", threads=3)
    assert not [name for name, value in environment.items() if "canary" in value]
    assert environment["GUANXI_DBT_PASSWORD"] == warehouse.password("guanxi_transformer")
    assert (environment["GUANXI_DBT_PORT"], environment["GUANXI_DBT_SCHEMA"]) == ("6543", "build_1_1")
